"""What a cell of consent or withholding answers: yes, no, nothing, or the same as above; in the words of clerks, not only in those of a profile.

All cells are given as ``remarks.key`` makes them.
"""

from __future__ import annotations

from collections.abc import Mapping

from publisher.patterns import pattern
from publisher.review.headers import narrow

_AGREES = pattern(
    r"(?:(?:電話|口頭|書面|メール|本人|家族|窓口)(?:[でにがの]|より|から)?)?(?:(?:公[開表]|掲載)[にをの]?)?(?:同意|承諾|了承|了解|承知)(?:する|します|した|済み?|あり|有り?|得た|取得済み?|いたします)?"
    r"(?:\((?:電話|口頭|書面|メール|本人|家族|窓口)[^()]{0,2}\))?[。.]?"
    r"|(?:公[開表]|掲載)(?:可能?|して(?:も)?[よ良]い|する|(?:を)?希望(?:する|します)?|ok)?|希望(?:する|します)|[○◯〇◎●✓✔☑レ]|はい|可|よい|良い|有り?|あり|yes|true|ok|y|1"
)
_REFUSES = pattern(
    r"(?:無し?|なし|[×✕✖✗✘❌☓]|バツ|不可|否|いいえ|no|ng|n|false|反対|嫌|いや|だめ|ダメ|0)[。.]?"
    r"|.*(?:不同意|非同意|同意(?:し|でき|いたし|致し)?(?:ない|ません|かねる|かねます|なし|無し?|せず)|拒否|拒絶|望(?:まない|みません)|希望(?:しない|しません)|非公[開表]|公[開表](?:しない|不可|ng|[×✕✖]))(?!.*(?:確認|未定|検討)).*"
    r"|しない|しません|できない|できません"
)
_CROSS = pattern(r"[×✕✖✗✘☓x]")
_DENIES = pattern(r"(?:(?:閲覧)?制限|支援措置|該当|措置|対象)?(?:無し?|なし|ありません|せず)|該当しない|非該当|対象外|いいえ|不要|no|none|n|n/?a|false|off|[-ー―‐–—−]+|0")
_DITTO = pattern(r"[〃々″\"]|''|同上|同じ|上に同じ|同")
_MAY_AGREE = pattern(r"同意|承諾|了承|了解|承知|公[開表](?:して)?(?:も)?(?:可|良|よ)|ok")
_MAY_NOT = pattern(r"[未不非否無待拒?？]|な[いし]|ません|せず|確認|保留|検討|撤回|取り?[消下]|代理|なら|場合|条件|次第|予定")
_FORBIDS = pattern(r"不可|しない|禁止|制限|非公[開表]|秘")
_PUBLIC = pattern(r"公[開表]|掲載|提供")


def agrees(cell: str) -> bool:
    """Whether the cell says yes, and nothing but yes: no name can be in it."""
    return _AGREES.fullmatch(cell) is not None


def may_agree(cell: str) -> bool:
    """Whether the cell may say yes in words of its own (娘が承諾), among which may be a name."""
    return _MAY_AGREE.search(cell) is not None and _MAY_NOT.search(cell) is None


def refuses(cell: str) -> bool:
    """Whether the cell of a column of consent says no."""
    return _REFUSES.fullmatch(cell) is not None


def denies(cell: str) -> bool:
    """Whether the cell of a column of marks says that there is none. A cross may be the mark itself and denies nothing."""
    return _DENIES.fullmatch(cell) is not None


def clears(cell: str) -> bool:
    """The same, or a cross, of which only staff know what it means. No name can be in it."""
    return denies(cell) or is_cross(cell)


def is_ditto(cell: str) -> bool:
    """Whether the cell stands for the one above it, which a list that is sorted anew has lost."""
    return _DITTO.fullmatch(cell) is not None


def asks_consent(column: str) -> bool:
    """Whether the column asks if somebody may be public (公表希望, HP掲載), not if they must not be (支援措置, 掲載不可)."""
    name = narrow(column)
    return _PUBLIC.search(name) is not None and _FORBIDS.search(name) is None


def marks_nobody(column: str, cells: Mapping[str, int]) -> bool:
    """Whether such a column, of which no profile says anything, has no mark of anybody who is not to be shown. ``cells``: how often each is said.

    Where it asks for consent, all have to say yes in words: who left it blank beside others may not have been asked, and 1 may stand for anything.
    Elsewhere none may say anything but no; a cross says so where most have one and nothing is forbidden by the name (掲載不可 ×), since a mark is the exception.
    """
    said = [cell for cell in cells if cell]
    if asks_consent(column):
        return not said or (len(said) == len(cells) and all(agrees(cell) and not cell.isdigit() for cell in said))
    crossed = sum(cells[cell] for cell in said if is_cross(cell))
    if crossed and (_PUBLIC.search(narrow(column)) is not None or 2 * crossed <= sum(cells.values())):
        return False
    return all(denies(cell) or is_cross(cell) for cell in said)


def is_cross(cell: str) -> bool:
    return _CROSS.fullmatch(cell) is not None
