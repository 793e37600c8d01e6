"""Word documents: rarer ways of hiding, and links that lead elsewhere than they say."""

from __future__ import annotations

from datetime import datetime

import docx
import pytest
from docx.oxml import parse_xml

from publisher.model import Link
from publisher.readers.word import read_docx
from tests.test_word import CANARY, W, add, codes, field, inlines, new, paragraph, run, saved, words

HIDE = "<w:vanish/>"
NUMBERED = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="77"/></w:numPr>'


def formula(inner: str) -> str:
    return paragraph(f"<m:oMath>{inner}<m:r><m:t>x+1</m:t></m:r></m:oMath>")


HIDDEN = {
    "always hidden": (paragraph(run(CANARY, "<w:specVanish/>")), "hidden-text"),
    "without any filling": (
        paragraph(
            run(
                CANARY,
                '<w14:textFill xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"><w14:noFill/></w14:textFill>',
            )
        ),
        "hidden-text",
    ),
    "part of a formula": (
        formula(f"<m:r><w:rPr>{HIDE}</w:rPr><m:t>{CANARY}</m:t></m:r>"),
        "hidden-text",
    ),
    "deleted from a formula": (
        formula(f'<m:r><w:rPr><w:del w:id="1" w:author="x"/></w:rPr><m:t>{CANARY}</m:t></m:r>'),
        "deleted",
    ),
    "paragraph hidden, character not": (
        paragraph(run(CANARY, '<w:rStyle w:val="Shown"/>'), properties='<w:pStyle w:val="Gone"/>'),
        "hidden-text",
    ),
    "first row of a table style": (
        f'<w:tbl><w:tblPr><w:tblStyle w:val="Half"/></w:tblPr><w:tr><w:tc>{paragraph(run(CANARY))}</w:tc></w:tr></w:tbl>',
        "hidden-text",
    ),
}
STYLES = (
    f'<w:style w:type="paragraph" w:styleId="Gone"><w:name w:val="Gone"/><w:rPr>{HIDE}</w:rPr></w:style>',
    '<w:style w:type="character" w:styleId="Shown"><w:name w:val="Shown"/><w:rPr><w:vanish w:val="0"/></w:rPr></w:style>',
    '<w:style w:type="table" w:styleId="Half"><w:name w:val="Half"/><w:tblStylePr w:type="firstRow">'
    f"<w:rPr>{HIDE}</w:rPr></w:tblStylePr></w:style>",
)


def styled() -> docx.document.Document:
    document = new()
    for style in STYLES:
        document.styles.element.append(parse_xml(style.replace("<w:style ", f"<w:style {W} ", 1)))
    return document


@pytest.mark.parametrize("name", HIDDEN)
def test_rarer_ways_of_hiding(name: str, noon: datetime) -> None:
    xml, code = HIDDEN[name]
    document = styled()
    add(document, xml)
    notice = read_docx("給水.docx", saved(document), noon)
    assert CANARY not in repr(notice)
    assert codes(notice) == [code]
    assert ("x+1" in words(notice)) == ("formula" in name)


@pytest.mark.parametrize(("level", "mark"), [(HIDE, ""), ("", HIDE)])
def test_a_hidden_number_is_not_written_out(level: str, mark: str, noon: datetime) -> None:
    """Hidden by its level or by the mark of its paragraph; the words behind it stay."""
    document = new()
    numbering = document.part.numbering_part.element
    numbering.insert(
        0,
        parse_xml(
            f'<w:abstractNum {W} w:abstractNumId="77"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
            f'<w:lvlText w:val="{CANARY}%1"/><w:rPr>{level}</w:rPr></w:lvl></w:abstractNum>'
        ),
    )
    numbering.append(parse_xml(f'<w:num {W} w:numId="77"><w:abstractNumId w:val="77"/></w:num>'))
    add(document, paragraph(run("本田地区"), properties=f"{NUMBERED}<w:rPr>{mark}</w:rPr>"))
    notice = read_docx("a.docx", saved(document), noon)
    assert CANARY not in repr(notice)
    assert words(notice).splitlines()[-1] == "本田地区"


@pytest.mark.parametrize(
    ("code", "href"),
    [
        (f'HYPERLINK "https://example.jp/a" \\o "{CANARY}" \\t "_blank"', "https://example.jp/a"),
        ('HYPERLINK "https://example.jp/a" \\l "part"', "https://example.jp/a#part"),
        ("hyperlink https://example.jp/b", "https://example.jp/b"),
        ('HYPERLINK "mailto:kyusui@example.jp"', "mailto:kyusui@example.jp"),
    ],
)
def test_a_link_in_a_field_leads_to_its_address(code: str, href: str, noon: datetime) -> None:
    document = new()
    add(document, paragraph(field(code, "くわしくは")))
    notice = read_docx("a.docx", saved(document), noon)
    assert [inline.href for inline in inlines(notice) if isinstance(inline, Link)] == [href]
    assert CANARY not in repr(notice)
    assert codes(notice) == []


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "file:///C:/bousai.docx", "https://example.jp@bad.example/", "data:text/html,x"],
)
def test_a_link_elsewhere_is_taken_off_and_told(address: str, noon: datetime) -> None:
    document = new()
    add(document, paragraph(field(f'HYPERLINK "{address}"', "くわしくは")))
    notice = read_docx("a.docx", saved(document), noon)
    assert not [inline for inline in inlines(notice) if isinstance(inline, Link)]
    assert "くわしくは" in words(notice)
    assert codes(notice) == ["link-left-out"]
    assert address not in str(notice.warnings[0])


def test_a_link_within_the_document_is_text(noon: datetime) -> None:
    document = new()
    add(document, paragraph(field('HYPERLINK \\l "_Ref1"', "下の表")))
    notice = read_docx("a.docx", saved(document), noon)
    assert "下の表" in words(notice)
    assert not [inline for inline in inlines(notice) if isinstance(inline, Link)]
    assert codes(notice) == []
