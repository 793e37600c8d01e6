"""Data for others: the standard shelter CSV, descriptions that real validators accept, and cells that LibreOffice leaves as they are."""

from __future__ import annotations

import csv
import io
import json
import warnings
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.editions import data
from publisher.editions.tables.standard_csv import COLUMNS, Town, standard
from publisher.layouts import Kind, recognise
from publisher.model import PublicTable, TableKind, Workbook
from publisher.readers import read
from tests import office as libreoffice
from tests.town import make_town

AS_OF = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
SHIOMI = Town("040001", "汐見市")


def table(columns: str, *rows: str, title: str = "表", kind: TableKind = TableKind.OPEN, personal: bool = False) -> PublicTable:
    cells = [tuple(row.split("|")) for row in rows]
    return PublicTable("hyo", title, kind, tuple(columns.split("|")), cells, len(cells), personal=personal)


def rows_of(made: PublicTable | None) -> list[dict[str, str]]:
    assert made is not None
    return [{c: v for c, v in zip(made.columns, row, strict=True) if v} for row in made.rows]


# --- the standard shelter list ------------------------------------------------------------------------------------


def test_an_older_list_in_the_columns_of_the_standard() -> None:
    made = standard(
        table(
            "NO|名称|名称_カナ|住所|方書|緯度|経度|標高|電話番号|市区町村コード|都道府県名|市区町村名|災害種別_洪水|災害種別_津波|災害種別_火山現象|指定避難所との重複|想定収容人数|備考",
            "7|東小|ひがししょう|汐見市本町1-2|体育館|35.1|136.2|3|0000-00-0001|040001|宮城県|汐見市|○|×||1|1,200|鍵は隣",
        ),
        SHIOMI,
    )
    assert made is not None
    assert made.columns == COLUMNS
    assert made.slug == "hyo-standard"
    assert rows_of(made) == [
        {
            "全国地方公共団体コード": "040001", "ID": "7", "名称": "東小", "名称_カナ": "ヒガシショウ", "所在地_連結表記": "汐見市本町1-2", "所在地_都道府県": "宮城県",
            "所在地_市区町村": "汐見市", "所在地_町字": "本町", "建物名等(方書)": "体育館", "緯度": "35.1", "経度": "136.2", "標高": "3", "電話番号": "0000-00-0001",
            "市区町村コード": "040001", "地方公共団体名": "汐見市", "災害種別_洪水": "1", "指定避難所との重複": "1", "想定収容人数": "1200", "備考": "鍵は隣",
        }
    ]  # fmt: skip


def test_half_a_yes_sends_nobody_there_and_other_dangers_go_to_the_notes() -> None:
    made = standard(
        table(
            "name|address|location|flood_L1|flood_L2|tunami|開設される災害の種類（風水害）|capacity",
            "甲|宮城県汐見市浜町1|34.3475, 134.0300|○|△|△|○|238",
            "乙|宮城県汐見市浜町2|34.3,134.0|○|○|○||",
        ),
        SHIOMI,
    )
    one, two = rows_of(made)
    assert "災害種別_洪水" not in one
    assert "災害種別_津波" not in one
    assert one["備考"] == "風水害に対応"
    assert (one["緯度"], one["経度"]) == ("34.3475", "134.0300")
    assert (one["所在地_都道府県"], one["所在地_市区町村"], one["所在地_町字"]) == ("宮城県", "汐見市", "浜町")
    assert (two["災害種別_洪水"], two["災害種別_津波"]) == ("1", "1")
    assert "備考" not in two


def test_no_second_copy_of_what_is_standard_already_and_none_of_other_tables() -> None:
    assert standard(table("|".join(reversed(COLUMNS)), "|".join("x" for _ in COLUMNS)), SHIOMI) is None
    assert standard(table("病院名|住所|電話番号", "甲|乙|丙"), SHIOMI) is None
    assert standard(table("避難所名|住所|災害種別_洪水|災害種別_地震", "甲|乙|1|1", personal=True), SHIOMI) is None
    assert rows_of(standard(table("避難所名|住所|災害種別_洪水|災害種別_地震", "甲|乙|1|1"), Town("000000", "汐見市")))[0].get("市区町村コード") is None


def test_the_standard_list_is_recognised_as_one() -> None:
    found = recognise(COLUMNS)
    assert found is not None
    assert found.kind is Kind.SHELTERS
    assert len(found.hazards) == 8


def test_a_town_offers_it_beside_its_own_csv(tmp_path: Path, real: Path) -> None:
    town = make_town(tmp_path)
    (file,) = real.rglob("nanao_open_shelter_2024-01-09-1800.csv")
    town.drop("避難所/開設.csv", file.read_bytes())
    town.build()
    files = town.files()
    (name,) = (path for path in files if path.endswith("-standard.csv"))
    found = list(csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"))))
    assert len(found) == 29
    assert found[0]["名称"] == "山王小学校"
    assert found[0]["災害種別_洪水"] == "1"
    assert found[0]["災害種別_火山現象"] == ""
    folder = name.rpartition("/")[0]
    assert f"{name}-metadata.json" in files
    assert [r["path"] for r in json.loads(files[f"{folder}/datapackage.json"])["resources"]] == [f"{folder[2:]}.csv", f"{folder[2:]}-standard.csv"]
    assert f'href="{name.rpartition("/")[2]}"' in town.page(f"{folder}/index.html")


# --- real validators --------------------------------------------------------------------------------------------------

NASTY = table(
    "コード|名前|日付|電話|式|長い番号|全角|人数|割合|メモ",
    "0012|𠮷髙﨑|2011-03-11|054-626-1118|=1+1|12345678901234567890|１２３|5|1.10|引用\"符",
    "00000|森鷗外|3/11|0120-000-000|-5|4210000000000123|０９０|-3|0.5|改行\nあり",
    "1-2|ー|平成23年3月11日|+81-3-0000-0000|@SUM(1)|1E5|1.10|0||  前後  ",
    "007||2011/03/11 14:46|(054)626-1118|＝HYPERLINK(1)|TRUE|50%|12|2|12:30",
    "1e3|①Ⅳ㌔|R5.3.11|119|\t=A1|0x1F|1,000|7|3|,;'\"",
)  # fmt: skip


def written(folder: Path, *tables: PublicTable) -> None:
    """The files of a table as they stand on the site."""
    first = tables[0]
    made = [(one, data.csv_bytes(one)[0]) for one in tables]
    for one, csv_ in made:
        (folder / f"{one.slug}.csv").write_bytes(csv_)
        (folder / f"{one.slug}.csv-metadata.json").write_bytes(data.csvw(one, publisher="汐見市", modified=AS_OF))
    package = data.datapackage(first, made[0][1], publisher="汐見市", modified=AS_OF, homepage="https://saigai.example.jp/", more=made[1:])
    (folder / "datapackage.json").write_bytes(package)


def csvw_valid(file: Path) -> bool:
    csvw = pytest.importorskip("csvw")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        return bool(csvw.CSVW(str(file), validate=True).is_valid) and not told


def frictionless_report(folder: Path) -> object:
    frictionless = pytest.importorskip("frictionless")
    with frictionless.system.use_context(trusted=True):
        return frictionless.validate(str(folder / "datapackage.json"))


def test_csvw_and_frictionless_accept_what_we_write(tmp_path: Path) -> None:
    shelters = table("名称|住所|災害種別_洪水|災害種別_地震|想定収容人数", "甲|汐見市本町1|1||300", "乙|汐見市浜町2|1|1|20")
    other = standard(shelters, SHIOMI)
    assert other is not None
    for number, tables in enumerate(((NASTY,), (shelters, other))):
        folder = tmp_path / str(number)
        folder.mkdir()
        written(folder, *tables)
        for one in tables:
            assert csvw_valid(folder / f"{one.slug}.csv-metadata.json")
        report = frictionless_report(folder)
        assert report.valid, report.flatten(["title", "message"])  # type: ignore[attr-defined]


def test_the_validators_would_have_told(tmp_path: Path) -> None:
    written(tmp_path, NASTY)
    file = tmp_path / "hyo.csv"
    file.write_bytes(file.read_bytes().replace(b",5,1.10,", b",many,1.10,"))
    assert not csvw_valid(tmp_path / "hyo.csv-metadata.json")
    assert not frictionless_report(tmp_path).valid  # type: ignore[attr-defined]


REAL = ("yaizu_evacuation_space.csv", "nanao_open_shelter_2024-01-09-1800.csv", "yaizu_sandbag_station_multiline.csv", "takamatsu_evac_2023-06.xlsx")


@pytest.mark.parametrize("name", REAL)
def test_real_tables_validate(real: Path, tmp_path: Path, name: str) -> None:
    (file,) = real.rglob(name)
    book = read(name, file.read_bytes(), AS_OF)
    assert isinstance(book, Workbook)
    source = book.tables[0]
    made = PublicTable("hyo", "表", TableKind.OPEN, source.columns, source.rows, len(source.rows))
    other = standard(made, SHIOMI)
    written(tmp_path, made, *([other] if other else []))
    assert csvw_valid(tmp_path / "hyo.csv-metadata.json")
    assert frictionless_report(tmp_path).valid  # type: ignore[attr-defined]
    if other:
        assert csvw_valid(tmp_path / "hyo-standard.csv-metadata.json")


# --- cells --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["=1+1", "＝1+1", "+cmd|'/c calc'!A1", "＋A1", "-A1+2", "－A1", "@SUM(1)", "＠SUM(1)", "\t=1", "\r=1", "\n=1", "=", "@", "＝"])
def test_formulas_are_neutralised_in_every_width(cell: str) -> None:
    assert data.neutral(cell) == "'" + cell


@pytest.mark.parametrize(
    "cell", ["-5", "−5", "+81-3-0000-0000", "＋８１−３−００００−００００", "-0.5", "-1,000", "0012", "2011-03-11", "", "ー", "－", "-", "--", "- 5", "+5%", "1=1"]
)
def test_numbers_and_telephones_stay(cell: str) -> None:
    assert data.neutral(cell) == cell


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=8), min_size=3, max_size=3), min_size=1, max_size=6))
def test_every_cell_comes_back_from_the_csv(rows: list[list[str]]) -> None:
    made = PublicTable("hyo", "表", TableKind.OPEN, ("a", "b", "c"), [tuple(row) for row in rows], len(rows))
    found = list(csv.reader(io.StringIO(data.csv_bytes(made)[0].decode("utf-8-sig"), newline="")))[1:]
    assert found == [[data.neutral(cell) for cell in row] for row in rows]


def test_numbers_stand_bare_and_words_in_quotes() -> None:
    lines = data.csv_bytes(NASTY)[0].decode("utf-8-sig").split("\r\n")
    assert lines[1].startswith('"0012","𠮷髙﨑","2011-03-11","054-626-1118","\'=1+1","12345678901234567890","１２３",5,1.10,')


@pytest.fixture
def office() -> str:
    return libreoffice.found()


def converted(office: str, file: Path, folder: Path) -> list[list[str]]:
    """The cells as LibreOffice shows them: UTF-8, commas, quoted fields as text (docs/exchange.md says how to tick that)."""
    libreoffice.convert(office, file, "ods", folder, "--infilter=CSV:44,34,76,1,,0,true,false")
    from odf import teletype
    from odf.opendocument import load
    from odf.table import TableCell, TableRow
    from odf.text import P

    rows = []
    for row in load(str(folder / f"{file.stem}.ods")).spreadsheet.getElementsByType(TableRow):
        cells: list[str] = []
        for cell in row.getElementsByType(TableCell):
            said = "\n".join(teletype.extractText(p) for p in cell.getElementsByType(P))
            value = cell.getAttribute("value") if cell.getAttribute("valuetype") == "float" else None
            cells += [said if value is None else value] * int(cell.getAttribute("numbercolumnsrepeated") or 1)
        rows.append(cells)
    return rows


def test_libreoffice_shows_every_cell_as_it_was(office: str, tmp_path: Path) -> None:
    file = tmp_path / "hyo.csv"
    file.write_bytes(data.csv_bytes(NASTY)[0])
    found = converted(office, file, tmp_path)
    assert found[0][:10] == list(NASTY.columns)
    numbers = {"人数", "割合"}
    for row, source in zip(found[1:], NASTY.rows, strict=False):
        for column, was, cell in zip(NASTY.columns, source, row, strict=False):
            if column in numbers:
                assert (float(cell) if cell else None) == (float(was) if was else None), column
            else:
                assert cell == data.neutral(was), (column, was)
