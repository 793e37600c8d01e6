"""Cuts a Japanese address down to its town, for lists of people."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from publisher.patterns import pattern
from publisher.review.hamlets import hamlet, is_somebodys

_NUMERALS = "〇零一二三四五六七八九十百千壱弐参"
_PREFECTURE = pattern(r"(?:東京都|北海道|(?:大阪|京都)府|..県|(?:神奈川|和歌山|鹿児島)県)")
# Municipalities whose names hold 市, 町 or 村 before their last character.
_ODD_NAMES = pattern(
    r"(?:四日市|廿日市|野々市|市川|市原|八日市場|八日市|余市|上市|高市|五日市|大町|町田|十日町|小町|東村山|"
    r"武蔵村山|村山|村上"
    r"|大村|羽村|田村|玉村|中村|木村|下村|稲村|岩村|奈良市町|長岡京)"
)
_COUNTY = pattern(r"[^\d市区町村]{1,5}?郡")
_WARD = pattern(r"[^\d市区町村]{1,5}区")
_POSTAL = pattern(r"〒?\s*\d{3}\s*-\s*\d{4}|〒")
_HYPHENS = pattern(r"[‐‑‒–—―−－ｰ~〜～]|(?<=[\d" + _NUMERALS + r"])ー")
_COUNTED = pattern(
    rf"(?<![{_NUMERALS}])[{_NUMERALS}]+(?:丁目|番地|番(?![町丁])|号|の[\d{_NUMERALS}]|ノ[\d{_NUMERALS}]|之[\d{_NUMERALS}]"
    rf"|-|地割|線|区画|軒)"
)
_BLOCK = pattern(rf"[\d{_NUMERALS}]+丁目")
_AVENUE = pattern(
    rf"(?:[東西南北]*[\d{_NUMERALS}]+条(?:[東西南北\d]|通|$)|[東西南北][\d{_NUMERALS}]+(?:線|号|丁目|$))"
)
_KYOTO = pattern(r".*(?:上る|下る|上ル|下ル|東入る|西入る|東入ル|西入ル|東入|西入)")
_BUILDING = pattern(
    r"ハイツ|マンション|アパート|コーポ|ハイム|メゾン|レジデンス|ヴィラ|ビラ|パーク|ガーデン|タワー|団地|住"
    r"宅|寮|社宅|ビル"
    r"|荘|号室|号棟|棟|階|方$|様$|宅$|気付|内$|苑$|館$"
)
_PARCEL = pattern(
    r"(?<=[町村字区丁])(?:[イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメ"
    r"ミシヱヒモセス甲乙丙丁戊己庚辛壬癸])部?$"
)
_LOOKED_AT = 200
"""Characters in which a town stands; longer cells are no addresses."""
_TAIL = pattern(rf"[\s第字番地号のノ之A-Za-z.,、，・()（）「」\[\]#＃/-]+$|[{_NUMERALS}]+$")


def town(address: str) -> str:
    """The address down to 大字 or 町, without 丁目, house number and building: ``汐見市本町3丁目4番5号``
    → ``汐見市本町``.

    When it is not sure where the town ends, the municipality is left; when there is none, nothing. No
    digit survives, and nothing that may be a house, a shop or somebody: ``汐見市本町籠鳥花子`` → ``汐見市本町``.
    """
    place, rest = _places(address[:_LOOKED_AT])
    if is_somebodys(place):
        return ""
    part = _town_part(rest, bool(place))
    return place + hamlet(part, *_numbers_behind(rest, part)) if part else place


def towns(addresses: Iterable[str]) -> dict[str, str]:
    """``town`` of each: addresses that differ in their digits only are looked at once.

    The rules above ask whether a character is a digit, never which; where one is left nevertheless, the
    address itself is asked.
    """
    several = list(addresses)
    shapes = _shapes(several)
    known = {shape: town(shape) for shape in set(shapes)}
    return {address: town(address) if "0" in known[shape] else known[shape] for address, shape in zip(several, shapes, strict=True)}


def _shapes(addresses: Sequence[str]) -> list[str]:
    """Each with 0 for every digit; all of them in one go, unless one goes over several lines."""
    text = "\n".join(addresses)
    for digit in "123456789":
        text = text.replace(digit, "0")
    shapes = text.split("\n")
    return shapes if len(shapes) == len(addresses) else [re.sub("[1-9]", "0", address) for address in addresses]


def split(address: str) -> tuple[str, str]:
    """The municipality (with prefecture, county and ward where they are written) and the town within it."""
    place, rest = _places(address)
    return place, _town_part(rest, bool(place))


def within(address: str) -> str:
    """What is said of a place within its municipality: ``青森県汐見市本町3丁目4番5号`` → ``本町3丁目4番5号``."""
    return _places(address)[1]


def _places(address: str) -> tuple[str, str]:
    text = unicodedata.normalize("NFKC", address)
    return _municipality(_POSTAL.sub("", _HYPHENS.sub("-", text)).strip())


def _municipality(text: str) -> tuple[str, str]:
    """Prefecture, county, city and ward in front, and what follows them."""
    bare = text
    taken = ""

    def take(match: re.Match[str] | None) -> None:
        nonlocal bare, taken
        if match:
            taken += match[0]
            bare = bare[match.end() :].lstrip()

    take(_PREFECTURE.match(bare))
    take(_COUNTY.match(bare))
    odd = _ODD_NAMES.match(bare)
    start = odd.end() if odd else 0
    found = re.compile(r"[^\d\s市区町村]{0,7}?[市区町村]").match(bare, start)
    if odd and not (found and found.end() - start <= 4):
        found = None if bare[start - 1] not in "市町村" else odd
    if found:
        name, after = bare[: found.end()], bare[found.end() :]
        # 「本町3-4」 without a municipality: 町 in front of a number is a town, not a municipality
        if (
            name[-1] in "町村"
            and not taken.endswith("郡")
            and not re.match(r"\s*(?:大字|字)?[^\d\s-]{2}", after)
        ):
            return taken, bare
        taken, bare = taken + name, after.lstrip()
        if name[-1] == "市":
            take(_WARD.match(bare))
    return taken, bare


def _numbers_behind(rest: str, part: str) -> tuple[bool, bool]:
    """Whether a number follows the town, and whether it is that of a 丁目."""
    after = rest[rest.rfind(part) + len(part) :].lstrip(" 字第甲乙丙丁")
    return after[:1].isdigit() or _COUNTED.match(after) is not None, _BLOCK.match(after) is not None


def _town_part(rest: str, known: bool) -> str:
    if _AVENUE.match(rest):
        return ""
    if kyoto := _KYOTO.match(rest):
        rest = rest[kyoto.end() :]
    rest = rest.strip()
    cut = re.search(rf"\d|{_COUNTED.pattern}|[\s(（「,、，/]", rest)
    numbered = cut is not None and (cut[0].isdigit() or _COUNTED.match(cut[0]) is not None)
    part = rest[: cut.start()] if cut else rest
    part = _under_large_area(part)
    if part and (_BUILDING.search(part) or (not numbered and len(part) > 8)):
        # No number tells where the town ends: up to 町, or nothing
        head = re.match(r".{1,6}?町(?!.*[町])", part)
        part = head[0] if head and not _BUILDING.search(head[0]) else ""
    if not known and not numbered and len(part) > 12:
        return ""
    part = _PARCEL.sub("", part)
    if numbered:
        part = part.rstrip("甲乙丙丁戊己庚辛壬癸")
    while (shorter := _TAIL.sub("", part)) != part:
        part = shorter
    return "" if any(c.isnumeric() and not "\u3007" <= c <= "\u9fff" for c in part) else part


def _under_large_area(part: str) -> str:
    """``大字山田字川端`` → ``大字山田``; a 字 that stands alone is a handful of houses, so it goes."""
    if match := re.match(r"(.*?大字[^字]+)字", part):
        return match[1]
    if "大字" not in part and (match := re.match(r"(.*?)字(?!.*町)", part)):
        return match[1]
    return part
