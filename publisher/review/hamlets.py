"""Tells the name of a town from a house, a shop or a person that is written right behind it, with nothing between them.

Nobody has a list of all towns: what is not written like one is left out.
"""

from __future__ import annotations

from publisher.patterns import pattern
from publisher.review.persons import SURNAMES, could_be_name, is_name, may_end_a_name

_FOREIGN = pattern(r"(?<![ァ-ヴー])[ァ-ヴー]{3,}+(?!町)|[A-Za-z]|[^\w]")
"""Where the name of a building begins, or something other than a name: towns have ヶ, ノ and ツ, and are seldom called マキノ町."""
_SOMEBODYS = pattern(r"[A-Za-z]|様(?!似)|(?<=..)(?<!三)宅|(?<=..)方(?![市町村区郡上])")
_MACHI = pattern(r".{1,9}?町")
_BEHIND = pattern(r"(?:[東西南北中上下本新元]町?|[東西南北]?通り?|[台丘田屋谷堀橋]|新田)?")
"""What belongs to the name of a town behind its 町: 本町東, 元町通, 町田市本町田."""
_SHOP = pattern(r"(?:店|商会|[医病]院|薬局|旅館|会社|工場|保育園|幼稚園)$")
_ENDING = pattern(r"(?:[町村台丘島浜原沢谷崎浦田野山川津岡坂橋通]|通り|新田|学校|高校|[小中])$")
_KIN = pattern(r".*[家先]|[妻夫父母兄姉弟妹娘子孫]|(?:次|三|長)?[男女]")
_MIXED = pattern(r"[\u3400-\u9fff々]+[ぁ-ゔ]{2,}")
_SHORT, _LONG = 4, 12


def is_somebodys(text: str) -> bool:
    """Whether what was taken for a place says in whose house it is, or has letters that no place has: 籠鳥花子方汐見市 (but 枚方市, 様似町)."""
    return _SOMEBODYS.search(text) is not None


def hamlet(part: str, is_numbered: bool, is_block: bool = False) -> str:
    """What is surely a town of the text between a municipality and the first number or blank; a beginning of it. ``is_numbered``: a number
    follows, which tells where the town ends; ``is_block``: that of a 丁目, which only towns have."""
    if cut := _FOREIGN.search(part):
        part, is_numbered, is_block = part[: cut.start()], False, False
    if is_somebodys(part):
        return ""
    if found := _MACHI.match(part):
        if not is_numbered and found.end() == len(part) - 1 and could_be_name(part):
            return ""  # 佐藤町子
        return part if _BEHIND.fullmatch(part, found.end()) else found[0]
    name = part.removeprefix("大字")
    if not name or len(name) > _LONG or _SHOP.search(name):
        return ""
    if is_numbered:  # 中新田3-4 is a town, but nobody lives in 赤坂籠鳥花子12
        may_be_somebody = may_end_a_name(name) if len(name) > _SHORT else len(name) == _SHORT and could_be_name(name)
        return "" if may_be_somebody and not is_block else part
    return part if _is_town(name) else ""


def _is_town(name: str) -> bool:
    """Whether a name without a number behind it is short, or ends like that of a place, and reads like nobody's."""
    if could_be_name(name) or is_name(name) or _KIN.fullmatch(name) or _MIXED.fullmatch(name):
        return False
    if len(name) == 2 and name[0] in SURNAMES and may_end_a_name(name):
        return False
    return len(name) <= _SHORT or _ENDING.search(name) is not None
