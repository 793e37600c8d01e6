"""Word documents: what is on their paper gets out, what is hidden in them does not."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

import docx
import pytest
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Inches, Pt, RGBColor
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from publisher.errors import Unreadable
from publisher.model import (
    Block,
    Figure,
    Grid,
    Heading,
    Inline,
    Link,
    Listing,
    Notice,
    Paragraph,
    Ruby,
    Severity,
    Strong,
    Text,
)
from publisher.readers.html_blocks import convert
from publisher.readers.html_runs import flat
from publisher.readers.word import read_docx

CANARY = "カナリア4242"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def saved(document: docx.document.Document) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def new() -> docx.document.Document:
    document = docx.Document()
    document.add_paragraph("給水のお知らせ")
    document.add_paragraph("中央公園で水を配ります。")
    return document


def add(document: docx.document.Document, xml: str) -> None:
    """Put raw XML of the main namespace at the end of the body."""
    section = document.element.body[-1]
    for element in parse_xml(f"<w:body {nsdecls('w', 'r', 'wp', 'a', 'pic')} {OTHERS}>{xml}</w:body>"):
        section.addprevious(element)


OTHERS = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*runs: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{''.join(runs)}</w:p>"


def field(code: str, result: str) -> str:
    def sign(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    return f"{sign('begin')}<w:r><w:instrText>{code}</w:instrText></w:r>{sign('separate')}{run(result)}{sign('end')}"


def words(found: Notice | Iterable[Block]) -> str:
    """All text that a notice would publish, a line a block."""
    blocks = found.blocks if isinstance(found, Notice) else found
    lines = [found.head.title] if isinstance(found, Notice) else []
    for block in blocks:
        if isinstance(block, (Paragraph, Heading)):
            lines.append(flat(block.inlines))
        elif isinstance(block, Listing):
            lines += [words(item) for item in block.items]
        elif isinstance(block, Grid):
            lines += ["|".join(flat(cell) for cell in row) for row in (block.header, *block.rows)]
        elif isinstance(block, Figure):
            lines.append(block.alt)
    return "\n".join(lines)


def inlines(notice: Notice) -> list[Inline]:
    return [i for block in notice.blocks if isinstance(block, (Paragraph, Heading)) for i in block.inlines]


def codes(notice: Notice) -> list[str]:
    return [problem.code for problem in (*notice.warnings, *notice.doubts)]


# --- what is hidden ---------------------------------------------------------------------------------------


HIDDEN: dict[str, tuple[str, str]] = {
    "deleted": (
        paragraph(
            run("前"),
            f'<w:del w:id="1" w:author="{CANARY}"><w:r><w:delText>{CANARY}</w:delText></w:r></w:del>',
        ),
        "deleted",
    ),
    "moved away": (paragraph(f'<w:moveFrom w:id="1" w:author="x">{run(CANARY)}</w:moveFrom>'), "deleted"),
    "deleted row": (
        f'<w:tbl><w:tr><w:trPr><w:del w:id="1" w:author="x"/></w:trPr><w:tc>{paragraph(run(CANARY))}</w:tc></w:tr></w:tbl>',
        "deleted",
    ),
    "deleted cell": (
        f'<w:tbl><w:tr><w:tc><w:tcPr><w:cellDel w:id="1" w:author="x"/></w:tcPr>{paragraph(run(CANARY))}</w:tc></w:tr></w:tbl>',
        "deleted",
    ),
    "vanished": (paragraph(run("見える"), run(CANARY, "<w:vanish/>")), "hidden-text"),
    "vanished by true": (paragraph(run(CANARY, '<w:vanish w:val="true"/>')), "hidden-text"),
    "white": (paragraph(run(CANARY, '<w:color w:val="FFFFFF"/>')), "hidden-text"),
    "nearly white": (paragraph(run(CANARY, '<w:color w:val="FEFEFC"/>')), "hidden-text"),
    "one point": (paragraph(run(CANARY, '<w:sz w:val="2"/>')), "hidden-text"),
    "hidden row": (
        f"<w:tbl><w:tr><w:trPr><w:hidden/></w:trPr><w:tc>{paragraph(run(CANARY))}</w:tc></w:tr></w:tbl>",
        "hidden-text",
    ),
    "hidden within a link": (
        paragraph(f'<w:hyperlink w:anchor="x">{run(CANARY, "<w:vanish/>")}</w:hyperlink>'),
        "hidden-text",
    ),
    "hidden within a box": (
        paragraph(
            f'<w:r><w:pict><v:shape style="x"><v:textbox><w:txbxContent>{paragraph(run(CANARY, "<w:vanish/>"))}'
            "</w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
        ),
        "hidden-text",
    ),
    "black on black": (paragraph(run(CANARY, '<w:highlight w:val="black"/>')), "blacked-out"),
    "dark shading": (
        paragraph(run(CANARY, '<w:color w:val="000000"/><w:shd w:val="clear" w:fill="000000"/>')),
        "blacked-out",
    ),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_hidden_stays_hidden_and_is_told(name: str, noon: datetime) -> None:
    xml, code = HIDDEN[name]
    document = new()
    add(document, xml)
    notice = read_docx("給水.docx", saved(document), noon)
    assert CANARY not in words(notice)
    assert code in codes(notice)
    assert "中央公園で水を配ります。" in words(notice)
    for problem in (*notice.warnings, *notice.doubts):
        assert problem.where == "給水.docx"
        assert CANARY not in str(problem)


SILENT = {
    "code of a field": paragraph(field(f"MERGEFIELD {CANARY}", "本田地区")),
    "condition of a field": paragraph(
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>IF </w:instrText></w:r>'
        + field("MERGEFIELD x", CANARY)
        + '<w:r><w:instrText> = 1 "a" "b"</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        + run("本田地区")
        + '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    ),
    "simple field": paragraph(f'<w:fldSimple w:instr="DOCPROPERTY {CANARY}">{run("本田地区")}</w:fldSimple>'),
    "prompt": (
        f"<w:sdt><w:sdtPr><w:alias w:val='{CANARY}'/><w:showingPlcHdr/></w:sdtPr><w:sdtContent>"
        f"{paragraph(run(CANARY))}</w:sdtContent></w:sdt>{paragraph(run('本田地区'))}"
    ),
    "former look": paragraph(
        f'<w:r><w:rPr><w:rPrChange w:author="{CANARY}" w:id="1"><w:rPr><w:b/></w:rPr></w:rPrChange></w:rPr>'
        "<w:t>本田地区</w:t></w:r>"
    ),
    "hidden for the web": paragraph(run("本田地区"), run(CANARY, "<w:webHidden/>")),
    "hidden drawing": paragraph(
        '<w:r><w:drawing><wp:anchor behindDoc="0"><wp:docPr id="1" name="x" hidden="1"/><a:graphic><a:graphicData>'
        f"<wps:wsp><wps:txbx><w:txbxContent>{paragraph(run(CANARY))}</w:txbxContent></wps:txbx></wps:wsp>"
        "</a:graphicData></a:graphic></wp:anchor></w:drawing></w:r>",
        run("本田地区"),
    ),
}


@pytest.mark.parametrize("name", SILENT)
def test_what_word_keeps_to_itself_is_not_published(name: str, noon: datetime) -> None:
    document = new()
    add(document, SILENT[name])
    found = words(read_docx("給水.docx", saved(document), noon))
    assert CANARY not in found
    assert "本田地区" in found


def test_text_hidden_by_styles(noon: datetime) -> None:
    """By a character style, by what it is based on, by a paragraph style; and shown again by the run itself."""
    document = new()
    base = document.styles.add_style("Geheim", 2)
    base.font.hidden = True
    heir = document.styles.add_style("Erbe", 2)
    heir.base_style = base
    whole = document.styles.add_style("Absatz", 1)
    whole.font.hidden = True
    line = document.add_paragraph("水は")
    line.add_run(CANARY, style=base)
    line.add_run(CANARY, style=heir)
    document.add_paragraph(CANARY, style=whole)
    again = document.add_paragraph("", style=whole).add_run("午後も配ります。")
    again.font.hidden = False
    notice = read_docx("a.docx", saved(document), noon)
    assert CANARY not in words(notice)
    assert "午後も配ります。" in words(notice)
    assert codes(notice) == ["hidden-text"]
    assert f"{3 * len(CANARY)}字" in notice.warnings[0].what


def test_white_text_in_a_coloured_cell_is_meant_to_be_read(noon: datetime) -> None:
    document = new()
    white = '<w:color w:val="FFFFFF"/>'
    shading = '<w:tcPr><w:shd w:val="clear" w:fill="1F3864"/></w:tcPr>'
    cells = "".join(f"<w:tc>{shading}{paragraph(run(text, white))}</w:tc>" for text in ("避難所", "人数"))
    plain = "".join(f"<w:tc>{paragraph(run(text))}</w:tc>" for text in ("本田小", "120"))
    add(document, f"<w:tbl><w:tr>{cells}</w:tr><w:tr>{plain}</w:tr></w:tbl>")
    notice = read_docx("a.docx", saved(document), noon)
    grid = next(block for block in notice.blocks if isinstance(block, Grid))
    assert [flat(cell) for cell in grid.header] == ["避難所", "人数"]
    assert codes(notice) == []


def test_comments_properties_headers_and_names_are_not_read(noon: datetime) -> None:
    document = new()
    for name in ("author", "comments", "keywords", "last_modified_by", "subject", "title", "category"):
        setattr(document.core_properties, name, CANARY)
    document.sections[0].header.paragraphs[0].text = CANARY
    document.sections[0].footer.paragraphs[0].text = CANARY
    document.add_comment(document.paragraphs[1].runs, text=CANARY, author=CANARY, initials="C")
    notice = read_docx("給水.docx", saved(document), noon)
    assert CANARY not in repr(notice)
    assert codes(notice) == ["comments"]
    assert "1件" in notice.warnings[0].what


def test_insertions_are_shown_as_final_and_told(noon: datetime) -> None:
    document = new()
    add(
        document,
        paragraph(
            run("配るのは"),
            f'<w:ins w:id="1" w:author="{CANARY}">{run("午後3時")}</w:ins>',
            run("までです。"),
        ),
    )
    notice = read_docx("a.docx", saved(document), noon)
    assert "配るのは午後3時までです。" in words(notice)
    assert CANARY not in repr(notice)
    assert codes(notice) == ["inserted"]


def test_a_black_box_over_the_text_is_a_doubt(noon: datetime) -> None:
    document = new()
    add(
        document,
        paragraph(
            '<w:r><w:drawing><wp:anchor behindDoc="0"><wp:extent cx="900000" cy="200000"/><wp:docPr id="1" name="x"/>'
            "<a:graphic><a:graphicData><wps:wsp><wps:spPr><a:solidFill><a:srgbClr val='000000'/></a:solidFill></wps:spPr>"
            "</wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing></w:r>",
            run("この行は図形の下です。"),
        ),
    )
    notice = read_docx("a.docx", saved(document), noon)
    assert [problem.code for problem in notice.doubts] == ["black-box"]


def test_the_cropped_part_of_a_picture_is_not_published(noon: datetime) -> None:
    """The left half is red and cropped away; the right half is blue and shown."""
    image = Image.new("RGB", (400, 200), (0, 0, 200))
    image.paste((220, 0, 0), (0, 0, 200, 200))
    document = new()
    shape = document.add_picture(bytes_of(image, "PNG"), width=Inches(2))
    shape._inline.graphic.graphicData.pic.blipFill.insert(
        1, parse_xml(f'<a:srcRect {nsdecls("a")} l="50000" r="0"/>')
    )
    figure = next(b for b in read_docx("a.docx", saved(document), noon).blocks if isinstance(b, Figure))
    shown = Image.open(io.BytesIO(figure.picture.large.data)).convert("RGB")
    assert shown.size == (200, 200)
    assert max(pixel[0] for _, pixel in shown.getcolors(1 << 16)) < 120


def bytes_of(image: Image.Image, kind: str, **options: object) -> io.BytesIO:
    out = io.BytesIO()
    image.save(out, kind, **options)
    out.seek(0)
    return out


def test_pictures_are_upright_clean_and_described(noon: datetime) -> None:
    exif = Image.Exif()
    exif[0x010E] = CANARY.encode().hex()
    document = new()
    picture = document.add_picture(
        bytes_of(Image.new("RGB", (300, 200), "navy"), "JPEG", exif=exif), width=Inches(2)
    )
    picture._inline.docPr.set("descr", "給水所の地図")
    again = document.add_picture(bytes_of(Image.new("RGB", (300, 200), "red"), "PNG"), width=Inches(2))
    again._inline.docPr.set("descr", f"C:\\Users\\{CANARY}\\Desktop\\map.png")
    notice = read_docx("a.docx", saved(document), noon)
    figures = [block for block in notice.blocks if isinstance(block, Figure)]
    assert [figure.alt for figure in figures] == ["給水所の地図", "図2"]
    assert all(CANARY.encode().hex().encode() not in figure.picture.large.data for figure in figures)


def test_a_picture_outside_the_file_is_never_loaded(noon: datetime) -> None:
    document = new()
    part = document.part.relate_to("http://127.0.0.1:9/x.png", IMAGE, is_external=True)
    add(
        document,
        paragraph(
            '<w:r><w:drawing><wp:inline><wp:docPr id="1" name="x"/><a:graphic><a:graphicData><pic:pic><pic:blipFill>'
            f'<a:blip r:link="{part}"/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>'
        ),
    )
    notice = read_docx("a.docx", saved(document), noon)
    assert codes(notice) == ["outside-pictures"]
    assert not any(isinstance(block, Figure) for block in notice.blocks)


IMAGE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"

# --- what is shown ----------------------------------------------------------------------------------------


def test_a_letter_of_an_office(noon: datetime) -> None:
    """Number, date, addressee and sender stand above the title, which is in the middle."""
    document = docx.Document()
    document.add_paragraph("汐防第123号").alignment = WD_ALIGN_PARAGRAPH.RIGHT
    document.add_paragraph("平成23年3月12日").alignment = WD_ALIGN_PARAGRAPH.RIGHT
    document.add_paragraph("市民の皆様")
    document.add_paragraph("汐見市長").alignment = WD_ALIGN_PARAGRAPH.RIGHT
    title = document.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.add_run("【緊急】断水のお知らせ").font.size = Pt(18)
    document.add_paragraph("市内全域で断水しています。")
    notice = read_docx("x.docx", saved(document), noon)
    assert notice.head.title == "【緊急】断水のお知らせ"
    assert notice.head.severity is Severity.URGENT
    assert notice.head.date == noon.replace(hour=0)
    assert words(notice.blocks).split("\n") == [
        "汐防第123号",
        "平成23年3月12日",
        "市民の皆様",
        "汐見市長",
        "市内全域で断水しています。",
    ]


def test_a_title_in_a_frame(noon: datetime) -> None:
    """In a table of one cell, and in a text box."""
    framed = docx.Document()
    framed.add_table(1, 1).cell(0, 0).text = "【緊急】避難指示"
    boxed = docx.Document()
    add(boxed, paragraph(BOX.format(paragraph(run("【緊急】避難指示")))))
    for document in (framed, boxed):
        document.add_paragraph("3月12日 10時00分 発表")
        document.add_paragraph("ただちに避難してください。")
        notice = read_docx("避難.docx", saved(document), noon)
        assert (notice.head.title, notice.head.severity) == ("【緊急】避難指示", Severity.URGENT)
        assert notice.head.date == noon.replace(hour=10)
        assert words(notice.blocks).split("\n")[0] == "3月12日 10時00分 発表"


def test_title_and_headings_by_style(noon: datetime) -> None:
    document = docx.Document()
    document.add_heading("避難所の開設状況", 0)
    document.add_heading("北地区", 1)
    document.add_paragraph("3か所です。")
    document.add_heading("本田小学校", 3)
    notice = read_docx("x.docx", saved(document), noon)
    assert notice.head.title == "避難所の開設状況"
    assert [(b.level, flat(b.inlines)) for b in notice.blocks if isinstance(b, Heading)] == [
        (2, "北地区"),
        (3, "本田小学校"),
    ]


def test_without_a_line_for_a_title_the_name_of_the_file_is_it(noon: datetime) -> None:
    document = docx.Document()
    document.add_paragraph("本日、市内全域で断水しています。給水所は広報車でお知らせします。")
    assert read_docx("水道/断水について.docx", saved(document), noon).head.title == "断水について"


def test_links_are_safe_and_numbers_can_be_called(noon: datetime) -> None:
    document = new()
    for target in ("https://example.jp/a?b=1", "javascript:alert(1)", "file:///etc/passwd"):
        name = document.part.relate_to(target, IMAGE.replace("image", "hyperlink"), is_external=True)
        add(document, paragraph(f'<w:hyperlink r:id="{name}">{run("詳しく見る")}</w:hyperlink>'))
    add(document, paragraph(field('HYPERLINK "https://example.jp/field"', "様式")))
    add(document, paragraph(run("電話 0000-00-2111")))
    found = [i.href for i in inlines(read_docx("a.docx", saved(document), noon)) if isinstance(i, Link)]
    assert found == ["https://example.jp/a?b=1", "https://example.jp/field", "tel:0000002111"]


def ruby(base: str, reading: str) -> str:
    return f"<w:r><w:ruby><w:rubyPr/><w:rt>{run(reading)}</w:rt><w:rubyBase>{run(base)}</w:rubyBase></w:ruby></w:r>"


def test_readings_stand_beside_their_words(noon: datetime) -> None:
    document = new()
    code = 'EQ \\* jc2 \\* "Font:MS Mincho" \\* hps10 \\o\\ad(\\s\\up 9(きゅうすい),給水)'
    old = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f"<w:r><w:instrText>{code}</w:instrText></w:r>"
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    add(document, paragraph(run("次の"), ruby("避難所", "ひなんじょ"), run("で"), old, run("します。")))
    notice = read_docx("a.docx", saved(document), noon)
    assert [i for i in inlines(notice) if isinstance(i, Ruby)] == [
        Ruby("避難所", "ひなんじょ"),
        Ruby("給水", "きゅうすい"),
    ]
    assert "次の避難所で給水します。" in words(notice)


def test_lists_bold_breaks_and_struck_words(noon: datetime) -> None:
    document = new()
    for text in ("水", "毛布"):
        document.add_paragraph(text, style="List Bullet")
    line = document.add_paragraph("開始は")
    line.add_run("10時").font.strike = True
    line.add_run("11時").bold = True
    line.add_run().add_break()
    line.add_run("です。")
    notice = read_docx("a.docx", saved(document), noon)
    listing = next(block for block in notice.blocks if isinstance(block, Listing))
    assert (listing.start, [words(item) for item in listing.items]) == (None, ["水", "毛布"])
    assert "開始は［取消線：10時］11時\nです。" in words(notice)
    assert Strong((Text("11時"),)) in inlines(notice)
    assert codes(notice) == ["struck"]


NUMBERING = """<w:abstractNum {w} w:abstractNumId="77"><w:multiLevelType w:val="multilevel"/>
<w:lvl w:ilvl="0"><w:start w:val="{start}"/><w:numFmt w:val="{format}"/><w:lvlText w:val="{text}"/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="aiueoFullWidth"/><w:lvlText w:val="%1－%2"/></w:lvl>
</w:abstractNum>"""


def numbered(format: str, text: str, start: int = 1) -> docx.document.Document:
    document = new()
    root = document.part.numbering_part.element
    root.insert(0, parse_xml(NUMBERING.format(w=W, format=format, text=text, start=start)))
    root.append(parse_xml(f'<w:num {W} w:numId="77"><w:abstractNumId w:val="77"/></w:num>'))
    return document


def item(text: str, depth: int = 0) -> str:
    return paragraph(
        run(text), properties=f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="77"/></w:numPr>'
    )


@pytest.mark.parametrize(
    ("format", "text", "start", "expected"),
    [
        ("decimalFullWidth", "第%1条", 9, ["第９条", "第１０条"]),
        ("decimal", "(%1)", 1, ["(1)", "(2)"]),
        ("decimalEnclosedCircle", "%1", 3, ["③", "④"]),
        ("japaneseCounting", "%1、", 10, ["十、", "十一、"]),
        ("aiueoFullWidth", "%1", 1, ["ア", "イ"]),
        ("irohaFullWidth", "%1", 2, ["ロ", "ハ"]),
        ("upperRoman", "%1.", 4, ["IV.", "V."]),
        ("lowerLetter", "%1)", 26, ["z)", "aa)"]),
    ],
)
def test_numbers_that_word_counts_are_written_out(
    format: str, text: str, start: int, expected: list[str], noon: datetime
) -> None:
    document = numbered(format, text, start)
    add(document, item("給水") + item("受付"))
    lines = words(read_docx("a.docx", saved(document), noon)).split("\n")[-2:]
    assert [re.sub(r"\s*(給水|受付)$", "", line) for line in lines] == expected


def test_a_list_that_goes_on_after_a_paragraph_counts_on(noon: datetime) -> None:
    document = numbered("decimal", "%1.")
    add(document, item("水") + item("毛布") + paragraph(run("次も要ります。")) + item("灯油") + item("薬"))
    lists = [
        block for block in read_docx("a.docx", saved(document), noon).blocks if isinstance(block, Listing)
    ]
    assert [(listing.start, [words(i) for i in listing.items]) for listing in lists] == [
        (1, ["水", "毛布"]),
        (3, ["灯油", "薬"]),
    ]


def test_numbers_of_two_levels(noon: datetime) -> None:
    document = numbered("decimalFullWidth", "%1")
    add(document, item("水") + item("飲む", 1) + item("洗う", 1) + item("薬") + item("飲む", 1))
    assert words(read_docx("a.docx", saved(document), noon)).split("\n")[-5:] == [
        "１　水",
        "１－ア　飲む",
        "１－イ　洗う",
        "２　薬",
        "２－ア　飲む",
    ]


def test_merged_cells_become_rows_of_equal_length(noon: datetime) -> None:
    document = new()
    table = document.add_table(4, 3)
    texts = [["地区", "避難所", "人数"], ["北", "本田小", "120"], ["", "北中", "80"], ["合計", "", "200"]]
    for row, line in zip(table.rows, texts, strict=True):
        for cell, text in zip(row.cells, line, strict=True):
            cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    table.cell(3, 0).merge(table.cell(3, 1))
    grid = next(b for b in read_docx("a.docx", saved(document), noon).blocks if isinstance(b, Grid))
    assert [flat(cell) for cell in grid.header] == ["地区", "避難所", "人数"]
    assert [[flat(cell) for cell in row] for row in grid.rows] == [
        ["北", "本田小", "120"],
        ["北", "北中", "80"],
        ["合計", "合計", "200"],
    ]


def test_tables_for_layout_are_no_tables(noon: datetime) -> None:
    document = new()
    document.add_table(1, 1).cell(0, 0).text = "枠の中の文章です。"
    outer = document.add_table(1, 2)
    outer.cell(0, 0).text = "問合せ"
    inner = outer.cell(0, 1).add_table(2, 2)
    for cell, text in zip([c for row in inner.rows for c in row.cells], "電話住所番地", strict=False):
        cell.text = text
    notice = read_docx("a.docx", saved(document), noon)
    assert Paragraph((Text("枠の中の文章です。"),)) in notice.blocks
    grid = next(block for block in notice.blocks if isinstance(block, Grid))
    assert [[flat(cell) for cell in row] for row in grid.rows] == [["問合せ", "電　話\n住　所"]]


BOX = """<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor behindDoc="0">
<wp:docPr id="1" name="x"/><a:graphic><a:graphicData><wps:wsp><wps:txbx><w:txbxContent>{0}</w:txbxContent></wps:txbx>
</wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox>
<w:txbxContent>{0}</w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r>"""


def test_a_text_box_is_told_once(noon: datetime) -> None:
    document = new()
    add(document, paragraph(run("本文です。"), BOX.format(paragraph(run("箱の中の文字")))))
    assert words(read_docx("a.docx", saved(document), noon)).count("箱の中の文字") == 1


def test_boxes_of_forms_keep_their_ticks(noon: datetime) -> None:
    document = new()
    box = (
        '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="0"/>{}</w:checkBox></w:ffData>'
        '</w:fldChar></w:r><w:r><w:instrText>FORMCHECKBOX</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    add(document, paragraph(box.format("<w:checked/>"), run("要"), box.format(""), run("不要")))
    assert "☑要☐不要" in words(read_docx("a.docx", saved(document), noon))


def test_the_end_of_a_page_is_the_end_of_a_line(noon: datetime) -> None:
    document = new()
    add(document, paragraph(run("前"), '<w:r><w:br w:type="page"/></w:r>', run("後")))
    assert words(read_docx("a.docx", saved(document), noon)).endswith("前\n後")


def test_the_mark_of_a_deleted_paragraph_joins_it_to_the_next(noon: datetime) -> None:
    document = new()
    mark = '<w:rPr><w:del w:id="1" w:author="x"/></w:rPr>'
    add(document, paragraph(run("断水は"), properties=mark) + paragraph(run("明日までです。")))
    assert "断水は明日までです。" in words(read_docx("a.docx", saved(document), noon))


def test_raised_figures_and_formulas(noon: datetime) -> None:
    document = new()
    add(document, paragraph(run("面積は50m"), run("2", '<w:vertAlign w:val="superscript"/>'), run("です。")))
    add(document, paragraph("<m:oMath><m:r><m:t>x+1</m:t></m:r></m:oMath>"))
    found = words(read_docx("a.docx", saved(document), noon))
    assert "面積は50m²です。" in found
    assert "x+1" in found


# --- files that are not as they should be -----------------------------------------------------------------


def rewritten(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in old.namelist():
            if (body := change(name, old.read(name))) is not None:
                made.writestr(name, body)
    return out.getvalue()


def refused(data: bytes, moment: datetime) -> str:
    with pytest.raises(Unreadable) as raised:
        read_docx("断水.docx", data, moment)
    problem = raised.value.problem
    assert problem.where == "断水.docx" and problem.shown and problem.todo
    return problem.code


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.99])
def test_a_file_that_is_cut_short(share: float, noon: datetime) -> None:
    data = saved(new())
    assert refused(data[: int(len(data) * share)], noon) == "broken-word"


def test_an_entity_is_never_resolved(noon: datetime, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(CANARY, encoding="utf-8")
    kind = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'.encode()

    def change(name: str, body: bytes) -> bytes:
        if name != "word/document.xml":
            return body
        return re.sub(rb"(<\?xml[^>]*>)", rb"\1" + kind, body).replace("中央公園".encode(), b"&e;")

    assert refused(rewritten(saved(new()), change), noon) == "dtd"


def test_a_zip_bomb_is_not_unpacked(noon: datetime) -> None:
    def change(name: str, body: bytes) -> bytes:
        return b" " * 90_000_000 if name == "word/document.xml" else body

    assert refused(rewritten(saved(new()), change), noon) == "bomb"


def test_passwords_old_files_and_other_zips(noon: datetime) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert refused(ole + "EncryptedPackage".encode("utf-16-le"), noon) == "password"
    assert refused(ole + "WordDocument".encode("utf-16-le"), noon) == "old-word"
    assert refused(rewritten(saved(new()), lambda name, _: b"" if name == "x" else None), noon) in (
        "broken-word",
        "not-word",
    )


def test_a_document_without_words(noon: datetime) -> None:
    assert refused(saved(docx.Document()), noon) == "empty-text"
    hidden = docx.Document()
    hidden.add_paragraph().add_run(CANARY).font.color.rgb = RGBColor(255, 255, 255)
    assert refused(saved(hidden), noon) == "empty-text"


def test_parts_that_are_missing_or_empty(noon: datetime) -> None:
    data = saved(new())
    for gone in (
        "word/styles.xml",
        "word/numbering.xml",
        "word/_rels/document.xml.rels",
        "[Content_Types].xml",
        "_rels/.rels",
    ):
        notice = read_docx(
            "a.docx", rewritten(data, lambda name, body, gone=gone: None if name == gone else body), noon
        )
        assert "中央公園で水を配ります。" in words(notice)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_anywhere_is_a_notice_or_a_sentence(noon: datetime, data: st.DataObject) -> None:
    """Any change of the document's XML, by pieces that occur in it, ends in a notice or in ``Unreadable``."""
    body = zipfile.ZipFile(io.BytesIO(SAMPLE)).read("word/document.xml")
    pieces = re.split(rb"(?=<)", body)
    first = data.draw(st.integers(1, len(pieces) - 1))
    second = data.draw(st.integers(1, len(pieces) - 1))
    action = data.draw(st.sampled_from(["drop", "swap", "double", "attribute"]))
    if action == "drop":
        pieces[first] = b""
    elif action == "double":
        pieces[first] *= 2
    elif action == "swap":
        pieces[first], pieces[second] = pieces[second], pieces[first]
    else:
        pieces[first] = re.sub(rb'"[^"]*"', b'"-7x"', pieces[first])
    changed = rewritten(SAMPLE, lambda name, old: b"".join(pieces) if name == "word/document.xml" else old)
    try:
        read_docx("a.docx", changed, noon)
    except Unreadable as error:
        assert error.problem.where == "a.docx"


def _sample() -> bytes:
    document = numbered("decimal", "%1.")
    add(document, item("水") + paragraph(ruby("避難所", "ひなんじょ")) + paragraph(field("PAGE", "1")))
    add(document, paragraph(run("a", "<w:vanish/>"), BOX.format(paragraph(run("箱")))))
    table = document.add_table(3, 3)
    table.cell(0, 0).merge(table.cell(1, 1))
    document.add_picture(bytes_of(Image.new("RGB", (60, 40), "red"), "PNG"), width=Inches(1))
    return saved(document)


SAMPLE = _sample()

# --- HTML -------------------------------------------------------------------------------------------------

TAGS = st.sampled_from(
    [
        "p",
        "h1",
        "h3",
        "ul",
        "ol",
        "li",
        "table",
        "thead",
        "tr",
        "td",
        "th",
        "strong",
        "s",
        "sup",
        "a",
        "br",
        "img",
        "b",
    ]
)
PIECES = st.one_of(
    TAGS.map(lambda tag: f"<{tag}>"),
    TAGS.map(lambda tag: f"</{tag}>"),
    st.sampled_from(
        ['<td colspan="3">', '<td rowspan="2">', '<td colspan="2" rowspan="9">', "<td colspan='x'>"]
    ),
    st.sampled_from(
        ["水", "あ い", "&lt;b&gt;", "\ufdd01\ufdd1", "\ufdd39.\ufdd4", "\ufdd5", "https://example.jp/。"]
    ),
)


def grids(blocks: Iterable[Block]) -> Iterable[Grid]:
    for block in blocks:
        if isinstance(block, Grid):
            yield block
        elif isinstance(block, Listing):
            for entry in block.items:
                yield from grids(entry)


@given(st.lists(PIECES, max_size=60).map("".join))
@example("\ufdd5水<h1>\ufdd5")
def test_any_html_becomes_blocks(html: str) -> None:
    """Rows are as long as each other, nothing is empty, headings are of level 2 to 4 and begin with 2."""
    made = convert(html, {})
    for grid in grids(made.blocks):
        lengths = {len(row) for row in grid.rows} | ({len(grid.header)} if grid.header else set())
        assert len(lengths) == 1 and lengths.pop() > 1
    levels = {block.level for block in made.blocks if isinstance(block, Heading)}
    assert levels <= {2, 3, 4} and (not levels or 2 in levels)
    for block in made.blocks:
        if isinstance(block, (Paragraph, Heading)):
            assert flat(block.inlines).strip()
    if "<table>" not in html and "<img>" not in html:
        assert words(made.blocks).count("水") + made.title.count("水") == html.count("水")


# --- real files -------------------------------------------------------------------------------------------


def test_real_documents(real: Path, noon: datetime) -> None:
    refused_codes, titles = {}, {}
    for path in sorted((real / "6_docx_pdf").glob("*.docx")):
        try:
            titles[path.name] = read_docx(path.name, path.read_bytes(), noon).head.title
        except Unreadable as error:
            refused_codes[path.name] = error.problem.code
    assert refused_codes == {
        "mammoth_empty.docx": "empty-text",
        "mammoth_external-picture.docx": "empty-text",
        "poi_external_entity.docx": "dtd",
        "poi_password_pass.docx": "password",
        "tika_truncated.docx": "broken-word",
    }
    assert titles["gif_441_datetime.docx"] == "コアデータパーツ 日付及び時刻"
    assert titles["gif_455_bousai.docx"] == "実装データモデル（防災）"


def test_real_phonetic_guide(real: Path, noon: datetime) -> None:
    notice = read_docx("a.docx", (real / "6_docx_pdf/tika_phonetic_ruby.docx").read_bytes(), noon)
    assert Ruby("東京", "とうきょう") in inlines(notice)


def test_real_comments_are_counted_not_shown(real: Path, noon: datetime) -> None:
    data = (real / "6_docx_pdf/mammoth_comments.docx").read_bytes()
    comments = re.findall(
        rb"<w:t[^>]*>([^<]+)</w:t>", zipfile.ZipFile(io.BytesIO(data)).read("word/comments.xml")
    )
    notice = read_docx("a.docx", data, noon)
    assert "comments" in codes(notice)
    assert [text for text in comments if text.decode() in words(notice)] == []
