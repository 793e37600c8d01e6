"""Words beside a person, and around a list of them, that say that somebody must not be found or does not want to be named."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from operator import itemgetter

from publisher.model import Table
from publisher.patterns import pattern
from publisher.review.headers import Meaning, meaning

_WORD = r"(?:(?<![a-z])d[・.]?v(?![a-z])|支援措置|閲覧(?:の)?制限|非公[開表]|秘匿|匿名|加害者|ストーカー|つきまとい|接近禁止|保護命令|暴力|ドメスティック(?:・?バイオレンス)?)"
_REMARK = pattern(
    rf"{_WORD}|(?:公[開表]|掲載|名前|氏名|名簿)[をはにへもが]?(?:の)?(?:不可|拒否|しない|しません|禁止|出さない|載せない|載せません|(?:を)?希望(?:しない|しません|せず)|望(?:まない|みません|まず)|を?(?:控え|辞退|遠慮)|され?たくない|(?:して|出して)ほしくない|を?伏せ|ng|[×✕✖])"
    r"|(?:公[開表]|掲載|名簿|hp|ホームページ|ネット|web)(?:は|の|に|を|には|へ|[:：→(])*(?:不可|拒|お?断[らりっ]|ご?遠慮|差し?控え|見合わ?せ|見送|でき(?:ない|ません)|せず|したくない|しては(?:いけ|なら|困)|希望(?:なし|無し?|してい?(?:ない|ません)|されない)|望んで(?:い|お)|嫌が|不同意|載せない|出さない|(?:から)?(?:削除|消して|除いて))"
    r"|不同意|未同意|同意(?:の|を|は)?(?:撤回|取り?消|取り?下げ|なし|無し(?![\u3400-\u9fff])|し(?:ない|ません|てい?(?:ない|ません))|せず|しかねる|得られ(?:ず|ない))"
    r"|載せない|載せません|載せるな|削除(?:依頼|希望|要望)|本人(?:が|より|の)?拒否|(?:照会|問い?合わ?せ)[^、。]{0,4}(?:拒否|不可|お?断[らりっ]|(?:回答|応答)しない|答えない)|(?:外部|公)に(?:は)?(?:出さ|し)ないで"
    r"|(?:誰|だれ|夫|妻|父|母|親|親族|親戚|家族|彼|元夫|元妻)(?:に|へ)(?:は|も)?(?:教え|知らせ|言わ|伝え|話さ)ない|元[夫妻](?:が|に|から|と)?(?:注意|警戒|探|捜|追|来|接触|怖|恐)|(?:夫|妻|父|母|息子|元彼|彼氏|交際相手)(?:の(?:もと|元|所|ところ))?(?:から|を)(?:身を隠|隠れ|逃|避難)|一時保護|身を隠"
    r"|(?:居所|居場所|所在|行方)を?[^、。]{0,4}(?:秘|教え|言わ|知ら|明か)|マル秘|極秘|部外秘|秘密(?:に|で|扱|厳守)|(?<![^\n])秘(?![^\n])|[(\[【]秘[)\]】]|仮名|偽名|ストーカ|ストーキング|つきまと|(?:ディー|デー|ディ)ブイ"
    r"|虐待|追われ|内緒|(?<!津波)(?<!波)(?<!火事)(?<!火災)(?<!洪水)(?<!水)(?<!土砂)(?<!地震)(?<!余震)から逃げ|(?:知られ|見つから)ない(?:よう|で)|非掲載|名簿[かに]ら?(?:除外|外)|(?:名前|氏名|名簿|ネット)[^、。]{0,6}(?:載せ|出さ)ないで|載せないで|(?:知られ|知らせ|教え)たくない|(?:居場所|住所|連絡先|名前)を?[^、。]{0,8}(?:知られ|教えない|隠|言わない)"
)
"""Words beside a person that say why nobody may find them."""
_HINTS = tuple(
    ["dv", "d.v", "d・v", "支援措置", "閲覧", "非公", "秘匿", "匿名", "加害者", "ストーカー", "つきまとい", "接近禁止", "保護命令", "暴力", "ドメスティック", "公開", "公表", "掲載", "名前", "氏名", "名簿", "虐待", "追われ", "内緒", "から逃げ", "ない", "居場所", "住所", "連絡先", "hp", "ホームページ", "ネット", "web", "同意", "載せ", "削除", "本人", "照会", "問い", "問合", "公に", "外部に", "元夫", "元妻", "から", "を", "保護", "身を隠", "居所", "所在", "行方", "秘", "仮名", "偽名", "ストーカ", "ストーキング", "つきまと", "ブイ"]
)
"""One of these is in whatever has such words: a look for them is many times faster than a search for the pattern."""
_NOT = pattern(
    rf"{_WORD}(?:等|被害|相談|希望|避難|対象(?:者)?|・|、|や|{_WORD})*(?:の?(?:有無|該当|申し?出|事実|心配|おそれ|希望|必要))?[はがをの:：(（\[・-]*(?:なし|無し?(?![\u3400-\u9fff])|ない(?!し)|ません|ありません|受けていない|受けていません|(?:解除|終了)(?!日|予定|期限|まで|し?ない|しません|せず|不可|しては|未定)|□|×|✕|0(?!\d)|非該当|該当(?:なし|無し?|しない|せず)|でない|ではない)"
    r"|公[開表][・/]非公[開表](?!.)|(?<![・、,/と及び話帯現])(?:勤務先|勤め先|学校名|家族構成|家族|病名|病状|避難所名|連絡手段|電話(?:番号)?|携帯(?:番号)?|番号|写真|住所|番地|年齢|生年月日|メール(?:アドレス)?|連絡先)[はのをも]{0,2}(?:非公[開表]|(?:公[開表]|掲載)(?:しない|不可|を?希望(?:しない|しません)|[×✕]|ng))"
)
"""The same words where they are denied, or about something else than the person."""
_UNSEEN = pattern(r"[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
"""Characters without a width: a copy from a web page or a mail carries them into a word."""
_BLANKS = pattern(r"[^\S\n]+")
_OTHER_THINGS = pattern(r"写真|画像|電話|携帯|メール|ペット|車両|ナンバー")
_REMARKS = (None, Meaning.RECORD, Meaning.HEALTH, Meaning.HOUSEHOLD, Meaning.NAME, Meaning.READING)
"""Columns in which such words may stand. Beside them, 非公開 under 電話番号 is about the number; of these, DV and the like are not."""
_ALWAYS = pattern(r"(?<![a-z])d[・.]?v(?![a-z])|支援措置|加害者|ストーカー|つきまとい|接近禁止|保護命令")
_SIGNS = ("DV", "dv", "Dv", "D.V", "Ｄ", "ｄ", "D・V", "支援措置", "加害者", "ストーカー", "ｽﾄｰｶｰ", "つきまと", "接近禁止", "保護命令")
"""One of these is in every cell with such a word, before it is made one form."""
_UNNAMED = pattern(r"(?:列\d+(?:_\d+)?)?")
"""What the reader calls a column without a header; a comment has no header either."""
_NO = pattern(
    r"^[^\w\n]*(?:[×✕✖✗✘❌☓🙅🚫]|(?:公[開表]|掲載|配信|hp|ホームページ|web|ネット|名前|氏名|名簿|本人|家族|同意)?[はをの:・(]*"
    r"(?:[×✕✖✗✘❌☓🙅🚫]|x|ng|no(?!\W*\d)|バツ|不可|否|だめ|ダメ|駄目|いいえ|反対|拒否?|拒絶|嫌|いや|しない|しません|出さない|出せない|出すな|外す|外して|除く|除外|削除|消す|消して|保留|不同意|非同意|希望しない|望まない))"
    r"(?:です|とのこと|のこと|で|と|(?:(?:ご?本人|ご?家族)の?)?(?:希望|申し?出|意向|願い?)|[^\w\n]+[^\n]*)?$",
    re.MULTILINE,
)
"""A refusal and nothing else: what such a cell is about, only a header could say."""
_TELLS_HOW = pattern(r"記入|入力|選択|選んで|プルダウン")
"""In a comment on a header: how the column is to be filled, which is said of nobody."""


def key(text: str) -> str:
    """A column name or a cell for comparing: NFKC, no white space around or within, lower case."""
    return _UNSEEN.sub("", "".join(unicodedata.normalize("NFKC", text).split())).lower()


def rows_with(table: Table, place: int, test: Callable[[str], bool]) -> list[int]:
    """The rows whose cell, as ``key`` makes it, says so."""
    return _with(list(map(itemgetter(place), table.rows)), test)


def _with(cells: Sequence[str], test: Callable[[str], bool]) -> list[int]:
    told = {cell for cell in set(cells) if test(key(cell))}
    return [i for i, cell in enumerate(cells) if cell in told] if told else []


def remarked(table: Table, ruled: Collection[int]) -> list[int]:
    """The rows that say in a remark, in a column without name, in the place of a shelter, that the person must not be found. ``ruled``: the places of
    the columns whose cells a rule reads already."""
    found: set[int] = set()
    for place, name in enumerate(table.columns):
        if place not in ruled and meaning(name) is not Meaning.ROLE:
            found.update(rows_saying(name, list(map(itemgetter(place), table.rows))))
    return sorted(found)


def rows_saying(name: str, cells: Sequence[str]) -> list[int]:
    """The places of those cells of a column of this name that say so."""
    about = meaning(name)
    if about is Meaning.ROLE:
        return []
    if about not in _REMARKS or _OTHER_THINGS.search(name):
        written = "\n".join(set(cells))
        return _with(cells, says_always) if any(sign in written for sign in _SIGNS) else []
    said = key_lines(set(cells))
    if _UNNAMED.fullmatch(name) and _NO.search(said):
        return _with(cells, lambda cell: _NO.search(cell) is not None or _says(cell))
    return _with(cells, _says) if any(hint in said for hint in _HINTS) and _REMARK.search(said) else []


def says_of_people(text: str) -> bool:
    """Whether a text speaks of people who must not be found or do not want to be named."""
    return _says(key(text))


def _says(text: str) -> bool:
    return _REMARK.search(_NOT.sub("", text)) is not None


def says_always(text: str) -> bool:
    """Whether a cell, as ``key`` makes it, says in whatever column that the person must not be found (DV, 支援措置)."""
    return _ALWAYS.search(_NOT.sub("", text)) is not None


def says_of_others(path: str, table: Table) -> list[str]:
    """Where words of who must not be found stand around the rows of a list, or in one that is nothing but a heading: whom they are about, nobody can tell."""
    alone = len(table.columns) - 1
    headings = ["".join(row) for row in table.rows if row.count("") == alone]
    texts = {"ファイルの名前": [path], "シートの名前": [table.name], "表の題や注記": [table.title, *table.notes], "表の途中の見出し": headings}
    texts["表のまわりのコメントか非表示の列"] = [text for one in table.beside for text in one.around if not _TELLS_HOW.search(text)]
    return [where for where, several in texts.items() if any(map(says_of_people, several))]


def key_lines(texts: Collection[str]) -> str:
    """Many cells as ``key`` makes them, one a line, for one search over all of them."""
    lines = "\n".join(texts)
    if lines.count("\n") >= len(texts):
        lines = "\n".join(["".join(text.split()) for text in texts])
    # most names have a wide space; once it is gone, there is nothing to be done for the other two steps
    bare = _BLANKS.sub("", lines.replace("\u3000", "").replace(" ", ""))
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", bare).replace(" ", "")).lower()
