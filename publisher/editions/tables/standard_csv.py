"""Lists of shelters in the columns of the municipal standard data set, for all who read that: 指定緊急避難場所一覧."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence

from publisher.layouts import Found, Kind, marks, recognise
from publisher.layouts.fields import narrow
from publisher.model import PublicTable
from publisher.patterns import pattern
from publisher.review.address import split
from publisher.values import frozen, replace

# 自治体標準オープンデータセット（正式版）03 指定緊急避難場所一覧, デジタル庁.
COLUMNS = (
    "全国地方公共団体コード", "ID", "名称", "名称_カナ", "名称_英字", "所在地_全国地方公共団体コード", "町字ID", "所在地_連結表記", "所在地_都道府県",
    "所在地_市区町村", "所在地_町字", "所在地_番地以下", "建物名等(方書)", "緯度", "経度", "標高", "電話番号", "内線番号", "連絡先メールアドレス", "連絡先FormURL",
    "連絡先備考（その他、SNSなど）", "郵便番号", "市区町村コード", "地方公共団体名", "災害種別_洪水", "災害種別_崖崩れ、土石流及び地滑り", "災害種別_高潮",
    "災害種別_地震", "災害種別_津波", "災害種別_大規模な火事", "災害種別_内水氾濫", "災害種別_火山現象", "指定避難所との重複", "想定収容人数",
    "対象となる町会・自治会", "URL", "画像", "画像_ライセンス", "備考",
)  # fmt: skip

_FIELDS: Mapping[str, str] = {
    "名称": "name", "名称_カナ": "kana", "所在地_連結表記": "address", "所在地_市区町村": "city", "所在地_町字": "town", "建物名等(方書)": "building",
    "緯度": "latitude", "経度": "longitude", "電話番号": "phone", "内線番号": "extension", "連絡先メールアドレス": "email", "連絡先FormURL": "form",
    "連絡先備考（その他、SNSなど）": "contact", "想定収容人数": "capacity", "対象となる町会・自治会": "residents", "URL": "url", "備考": "note",
}  # fmt: skip
_OTHERS: Mapping[str, tuple[str, ...]] = {
    "全国地方公共団体コード": ("全国地方公共団体コード", "地方公共団体コード", "都道府県コード又は市区町村コード", "市区町村コード"),
    "ID": ("ID", "共通ID", "全国共通避難所・避難場所ID", "NO", "No.", "番号"),
    "名称_英字": ("名称_英字", "施設名_英字"),
    "所在地_全国地方公共団体コード": ("所在地_全国地方公共団体コード",),
    "町字ID": ("町字ID",),
    "所在地_都道府県": ("所在地_都道府県", "都道府県名", "都道府県"),
    "所在地_番地以下": ("所在地_番地以下", "番地以下"),
    "標高": ("標高", "elevation", "海抜"),
    "郵便番号": ("郵便番号",),
    "市区町村コード": ("市区町村コード",),
    "地方公共団体名": ("地方公共団体名",),
    "画像": ("画像", "画像URL"),
    "画像_ライセンス": ("画像_ライセンス",),
}
_DANGERS: Mapping[str, tuple[str, ...]] = {
    "災害種別_洪水": ("洪水", "洪水（計画規模）", "洪水（想定最大規模）"),
    "災害種別_崖崩れ、土石流及び地滑り": ("土砂災害",),
    "災害種別_高潮": ("高潮",),
    "災害種別_地震": ("地震", "地震・津波"),
    "災害種別_津波": ("津波", "地震・津波"),
    "災害種別_大規模な火事": ("大規模な火事",),
    "災害種別_内水氾濫": ("内水氾濫",),
    "災害種別_火山現象": ("火山",),
}
_KNOWN_DANGERS = {danger for dangers in _DANGERS.values() for danger in dangers}
_PREFECTURE = pattern(r"^(?:東京都|北海道|(?:大阪|京都)府|..県|(?:神奈川|和歌山|鹿児島)県)")
_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}

Cells = Sequence[str]
Cell = Callable[[Cells], str]


@frozen
class Town:
    """Whose list it is, for cells that the source leaves out: the municipality's code and name."""

    code: str
    name: str


def standard(table: PublicTable, town: Town) -> PublicTable | None:
    """The list in the standard's columns; None when it is no list of shelters, or stands in them already."""
    if table.personal or not table.rows:
        return None
    found = recognise(table.columns)
    if found is None or found.kind is not Kind.SHELTERS or not found.has("name"):
        return None
    headers = {narrow(column): place for place, column in reversed(list(enumerate(table.columns)))}
    if all(narrow(column) in headers for column in COLUMNS):
        return None
    cells = [_cell(column, found, headers, town) for column in COLUMNS]
    rest = list(_remarks(found))
    notes = COLUMNS.index("備考")

    def row(source: Cells) -> tuple[str, ...]:
        made = [cell(source) for cell in cells]
        if rest:
            made[notes] = "。".join(filter(None, (made[notes], *(remark(source) for remark in rest))))
        return tuple(made)

    rows = [row(source) for source in table.rows]
    title = f"{table.title}（指定緊急避難場所一覧の並び）"
    return replace(table, slug=f"{table.slug}-standard", title=title, columns=COLUMNS, rows=rows, reading=None, group=None, notes=())


def _cell(column: str, found: Found, headers: Mapping[str, int], town: Town) -> Cell:
    """How a cell of the standard is made of a row of the source."""
    if column in _DANGERS:
        return _danger([place for place, danger in found.hazards.items() if danger in _DANGERS[column]])
    if column == "指定避難所との重複":
        place = found.fields.get("refuge")
        return (lambda row: "1" if marks.yes(row[place]) else "") if place is not None else _nothing
    place = found.fields.get(_FIELDS.get(column, "")) if column in _FIELDS else None
    if place is None:
        place = next((headers[key] for name in _OTHERS.get(column, ()) if (key := narrow(name)) in headers), None)
    if place is not None:
        tidy = _TIDY.get(column, str.strip)
        made: Cell = lambda row: tidy(row[place])  # noqa: E731
        return made
    return _derived(column, found, town)


def _danger(places: Sequence[int]) -> Cell:
    """1 only where every column that speaks of this danger says yes: half a yes sends nobody there."""
    if not places:
        return _nothing
    return lambda row: "1" if all(marks.yes(row[place]) for place in places) else ""


def _nothing(row: Cells) -> str:
    return ""


def _derived(column: str, found: Found, town: Town) -> Cell:
    """What the source does not say, from the address or from the settings of the site."""
    if column in ("全国地方公共団体コード", "市区町村コード"):
        return lambda row: town.code if town.code.strip("0") else ""
    if column == "地方公共団体名":
        return lambda row: town.name
    both = found.fields.get("location")
    if column in ("緯度", "経度") and both is not None:
        return _half(both, 0 if column == "緯度" else 1)
    address = found.fields.get("address")
    if address is None or column not in ("所在地_都道府県", "所在地_市区町村", "所在地_町字"):
        return _nothing

    def part(row: Cells) -> str:
        municipality, place = split(row[address])
        state = match[0] if (match := _PREFECTURE.match(municipality)) else ""
        return {"所在地_都道府県": state, "所在地_市区町村": municipality.removeprefix(state), "所在地_町字": place}[column]

    return part


def _half(place: int, which: int) -> Cell:
    def half(row: Cells) -> str:
        pair = re.split(r"\s*[,，、]\s*", row[place].strip().strip("()（）"))
        return pair[which] if len(pair) == 2 else ""

    return half


def _remarks(found: Found) -> Iterator[Cell]:
    """Dangers that the standard has no column for go to the notes."""
    for place, danger in found.hazards.items():
        if danger not in _KNOWN_DANGERS:
            yield _remark(place, f"{danger}に対応")


def _remark(place: int, words: str) -> Cell:
    return lambda row: words if marks.yes(row[place]) else ""


def _kana(cell: str) -> str:
    """Full-width katakana, as the standard wants it."""
    return unicodedata.normalize("NFKC", cell.strip()).translate(_KATAKANA)


def _number(cell: str) -> str:
    """A number without separators (機械可読性に関するルール); words stay."""
    plain = unicodedata.normalize("NFKC", cell).replace(",", "").strip()
    return plain if re.fullmatch(r"\d+", plain) else cell.strip()


_TIDY: Mapping[str, Callable[[str], str]] = {"名称_カナ": _kana, "想定収容人数": _number}
