"""One door for every file: whatever it is, it is read or refused in words."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from publisher.errors import Unreadable
from publisher.model import Notice, Scan, Workbook
from publisher.readers import ADVICE, READERS, ending, read, split_language

NOW = datetime(2024, 1, 9, 12, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
SAMPLES = {
    "docx": "6_docx_pdf/mammoth_tables.docx", "pdf": "6_docx_pdf/yaizu_kiyaku.pdf", "jpg": "7_images/orient_Landscape_6.jpg", "heif": "7_images/heif_RGB_8__128x128.heif",
    "xlsx": "1_shelters_facilities/takamatsu_water_facility.xlsx", "xls": "3_messy_spreadsheets/poi_50779_1_sst.xls", "csv": "1_shelters_facilities/yaizu_aed.csv",
}  # fmt: skip
KINDS = {
    "docx": Notice,
    "pdf": Notice,
    "jpg": Scan,
    "heif": Scan,
    "xlsx": Workbook,
    "xls": Workbook,
    "csv": Workbook,
}


def refused(name: str, data: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        read(name, data, NOW)
    problem = caught.value.problem
    assert name in problem.where
    assert problem.what and problem.shown and problem.todo
    return problem.code


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        ("jpg", "a.png"), ("jpg", "a.docx"), ("jpg", "a.txt"), ("heif", "a.jpg"), ("docx", "a.xlsx"), ("docx", "a.txt"), ("docx", "a.pdf"), ("xlsx", "a.docx"), ("xlsx", "a.csv"),
        ("xlsx", "a.xls"), ("xls", "a.xlsx"), ("xls", "a.csv"), ("pdf", "a.docx"), ("pdf", "a.md"), ("pdf", "a.jpg"), ("csv", "a.xlsx"), ("csv", "a.xls"),
    ],
)  # fmt: skip
def test_a_wrong_ending_is_no_hindrance(real: Path, sample: str, name: str) -> None:
    content = read(name, (real / SAMPLES[sample]).read_bytes(), NOW)
    assert isinstance(content, KINDS[sample])
    told = "disguised" in [warning.code for warning in content.warnings]
    assert told == (READERS["." + SAMPLES[sample].rpartition(".")[2]] != READERS[ending(name)])


@pytest.mark.parametrize("name", ["a.xls", "a.xlsx", "a.csv", "a.txt", "a.md", "a.docx", "a.pdf", "a.jpg"])
@pytest.mark.parametrize("start", ["<html>", "<!DOCTYPE html>\n", "\ufeff\r\n <HTML lang='ja'>"])
def test_web_pages(name: str, start: str) -> None:
    page = start + "<body><table><tr><td>氏名</td></tr></table></body></html>"
    assert refused(name, page.encode()) == "web-page"


@pytest.mark.parametrize("name", ["a.docx", "a.txt", "a.md"])
def test_rich_text(name: str) -> None:
    assert refused(name, rb"{\rtf1\ansi\ansicpg932 a}") == "rich-text"


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.xls", "a.txt", "a.csv"])
def test_passwords(real: Path, name: str) -> None:
    assert refused(name, (real / "6_docx_pdf/poi_password_pass.docx").read_bytes()) == "password"


@pytest.mark.parametrize("name", [*(f"a{suffix}" for suffix in ADVICE), "a", ".md", "a.", "a.exe", "a.b/c"])
def test_kinds_that_are_not_published(name: str) -> None:
    assert refused(name, b"x") == "unknown-kind"


@pytest.mark.parametrize("suffix", sorted(READERS))
def test_nothing_in_it(suffix: str) -> None:
    assert refused(f"お知らせ/a{suffix}", b"") == "empty-file"


@pytest.mark.parametrize(
    "text",
    [
        "BMWの車が道をふさいでいます\n移動しました",
        "GIF8 is\na picture",
        "II*は2です\nと書く",
        "PKは\n続きます",
        "    ftyp\nは箱",
    ],
)
def test_texts_that_begin_like_something_else(text: str) -> None:
    assert isinstance(read("a.txt", text.encode(), NOW), Notice)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("給水.en.md", ("給水.md", "en")), ("給水.easy.md", ("給水.md", "easy")), ("a/給水.ZH-hans.md", ("a/給水.md", "zh-Hans")), ("給水.md", ("給水.md", "ja")),
        ("給水.v2.md", ("給水.v2.md", "ja")), ("給水.com.md", ("給水.com.md", "ja")), ("1.pt-BR.docx", ("1.docx", "pt-BR")), ("en.md", ("en.md", "ja")), (".en.md", (".en.md", "ja")),
    ],
)  # fmt: skip
def test_languages(path: str, parts: tuple[str, str]) -> None:
    assert split_language(path) == parts


MAGIC = [
    b"",
    b"%PDF-1.7\n",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"\xff\xd8\xff\xe0",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"BM",
    b"II*\0",
    b"RIFF    WEBP",
    b"\0\0\0 ftypheic",
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(READERS)), st.sampled_from(MAGIC), st.binary(max_size=200))
@example(".md", b"", b"\x1b$B")
@example(".csv", b"", b'"')
def test_bytes_raise_unreadable_and_nothing_else(suffix: str, magic: bytes, data: bytes) -> None:
    name = f"お知らせ/a{suffix}"
    try:
        content = read(name, magic + data, NOW)
    except Unreadable as error:
        assert name in str(error)
        assert error.problem.todo
    else:
        assert content.head.title


@pytest.mark.parametrize("sample", sorted(SAMPLES))
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_copies_that_ended_early(real: Path, sample: str, part: float) -> None:
    data = (real / SAMPLES[sample]).read_bytes()
    name = "a." + SAMPLES[sample].rpartition(".")[2]
    try:
        read(name, data[: int(len(data) * part)], NOW)
    except Unreadable as error:
        assert name in str(error)
