"""PDF files: what people see becomes text, and what they cannot see never gets out."""

from __future__ import annotations

import ctypes
import io
from collections.abc import Callable
from datetime import datetime

import pypdfium2 as pdfium
import pypdfium2.raw as raw
import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from publisher.errors import Unreadable
from publisher.model import Heading, Listing, Notice, Paragraph, Scan, Severity
from publisher.readers import pdf as room
from publisher.readers.notice import flat
from publisher.readers.pdf import read_pdf
from publisher.readers.radicals import unified

CANARY = "KANARIENVOGEL"
SEEN = "Mizu wa ikimasu"
pdfmetrics.registerFont(UnicodeCIDFont("HeiseiKakuGo-W5"))
pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3", isVertical=True))


def drawn(*pages: Callable[[Canvas], object], size=A4, **options) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=size, invariant=1, **options)
    for page in pages:
        canvas.setFont("Helvetica", 14)
        page(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def lines(canvas: Canvas, *texts: str, size: float = 11, top: float = 760, left: float = 70) -> None:
    canvas.setFont("HeiseiKakuGo-W5", size)
    for number, text in enumerate(texts):
        canvas.drawString(left, top - number * size * 1.6, text)


def japanese_can_be_drawn() -> bool:
    """Only fonts of this computer can draw the letters that reportlab does not put into the file."""
    with pdfium.PdfDocument(drawn(lambda canvas: lines(canvas, "水"))) as document:
        return document[0].render().to_pil().convert("L").getextrema()[0] < 200


needs_font = pytest.mark.skipif(not japanese_can_be_drawn(), reason="no Japanese font is installed")


def words(content: object) -> str:
    """Everything that a value holds, pictures aside."""
    return repr(content)


def text_of(notice: Notice | Scan) -> str:
    assert isinstance(notice, Notice)
    parts = []
    for block in notice.blocks:
        if isinstance(block, (Paragraph, Heading)):
            parts.append(flat(block.inlines))
        elif isinstance(block, Listing):
            parts += [flat(part.inlines) for item in block.items for part in item]
    return "\n".join(parts)


def codes(problems) -> list[str]:
    return [problem.code for problem in problems]


def read(data: bytes, noon: datetime, path: str = "お知らせ/給水.pdf") -> Notice | Scan:
    return read_pdf(path, data, noon)


# --- hidden text ------------------------------------------------------------------------------------------


def put(canvas: Canvas, x: float = 70, y: float = 600) -> None:
    canvas.drawString(x, y, CANARY)


def black_box(canvas: Canvas) -> None:
    put(canvas)
    canvas.rect(60, 590, 200, 30, fill=1)


def black_box_with_a_label(canvas: Canvas) -> None:
    black_box(canvas)
    canvas.setFillGray(1)
    canvas.drawString(70, 600, "X" * 12)


def almost_opaque_box(canvas: Canvas) -> None:
    put(canvas)
    canvas.setFillColorRGB(0, 0, 0, alpha=0.99)
    canvas.rect(60, 590, 200, 30, fill=1)


def white_box(canvas: Canvas) -> None:
    put(canvas)
    canvas.setFillGray(1)
    canvas.rect(60, 590, 200, 30, fill=1, stroke=0)


def under_a_picture(canvas: Canvas) -> None:
    put(canvas)
    canvas.drawImage(ImageReader(Image.new("RGB", (20, 4), "black")), 60, 590, 200, 30)


def white_on_white(canvas: Canvas) -> None:
    canvas.setFillGray(1)
    put(canvas)


def almost_white(canvas: Canvas) -> None:
    canvas.setFillGray(0.975)
    put(canvas)


def black_on_black(canvas: Canvas) -> None:
    canvas.rect(60, 590, 200, 30, fill=1)
    put(canvas)


def left_of_the_page(canvas: Canvas) -> None:
    put(canvas, x=-300)


def above_the_page(canvas: Canvas) -> None:
    put(canvas, y=1200)


def render_mode_3(canvas: Canvas) -> None:
    text = canvas.beginText(70, 600)
    text.setTextRenderMode(3)
    text.textOut(CANARY)
    canvas.drawText(text)


def tiny(canvas: Canvas) -> None:
    canvas.setFont("Helvetica", 1)
    put(canvas)


def clipped(canvas: Canvas) -> None:
    path = canvas.beginPath()
    path.rect(0, 0, 20, 20)
    canvas.saveState()
    canvas.clipPath(path, stroke=0)
    put(canvas)
    canvas.restoreState()


def transparent(canvas: Canvas) -> None:
    canvas.setFillAlpha(0)
    put(canvas)


def form_under_a_box(canvas: Canvas) -> None:
    canvas.beginForm("inner")
    canvas.setFont("Helvetica", 14)
    put(canvas)
    canvas.endForm()
    canvas.doForm("inner")
    canvas.rect(60, 590, 200, 30, fill=1)


HIDDEN = [black_box, black_box_with_a_label, almost_opaque_box, white_box, under_a_picture, white_on_white,
          almost_white, black_on_black, left_of_the_page, above_the_page, render_mode_3, tiny, clipped,
          transparent, form_under_a_box]  # fmt: skip


@pytest.mark.parametrize("hide", HIDDEN, ids=lambda hide: hide.__name__)
@pytest.mark.parametrize("rotation", [0, 90])
def test_hidden_text_never_gets_out_and_holds_the_document(noon, hide, rotation):
    def page(canvas: Canvas) -> None:
        canvas.setPageRotation(rotation)
        canvas.drawString(70, 700, SEEN)
        hide(canvas)

    size = (A4[1], A4[0]) if rotation else A4  # reportlab turns the paper as well
    notice = read(drawn(page, size=size), noon)
    assert SEEN in text_of(notice)
    assert codes(notice.doubts) in (["hidden-text"], ["font-missing"])
    assert CANARY not in words(notice) and not any(CANARY[i : i + 3] in text_of(notice) for i in range(11))


@pytest.mark.parametrize("hide", [white_on_white, render_mode_3], ids=lambda hide: hide.__name__)
def test_hidden_text_alone_holds_too(noon, hide):
    scan = read(drawn(hide), noon)
    assert isinstance(scan, Scan) and "hidden-text" in codes(scan.doubts) and CANARY not in words(scan)


def test_only_the_covered_part_of_a_line_is_left_out(noon):
    def page(canvas: Canvas) -> None:
        canvas.setFont("Courier", 20)  # 12 points a letter
        canvas.drawString(60, 600, f"AAA {CANARY} BBB")
        canvas.rect(60 + 4 * 12 - 3, 590, len(CANARY) * 12 + 6, 30, fill=1, stroke=0)

    notice = read(drawn(page), noon)
    assert text_of(notice).split() == ["AAA", "BBB"] and codes(notice.doubts) == ["hidden-text"]
    assert f"{len(CANARY)}字" in notice.doubts[0].what


@needs_font
def test_what_only_looks_odd_is_no_reason_to_hold(noon):
    def page(canvas: Canvas) -> None:
        canvas.setFillGray(0.5)
        lines(canvas, "影のある題名のお知らせ", size=20, left=71, top=759)
        canvas.setFillGray(0)
        lines(canvas, "影のある題名のお知らせ", size=20)
        lines(canvas, "ふりがなのちいさい字、。・ー一", size=5, top=700)
        canvas.setFillGray(0.7)
        lines(canvas, "うすい灰色の字", size=9, top=680)
        canvas.setFillColorRGB(1, 1, 0)
        canvas.rect(60, 640, 300, 25, fill=1, stroke=0)
        canvas.setFillColorRGB(1, 0, 0)
        lines(canvas, "黄色の上の赤い字", top=650)
        canvas.setFillGray(0.2)
        canvas.rect(60, 600, 300, 25, fill=1, stroke=0)
        canvas.setFillGray(1)
        lines(canvas, "黒い帯の白い字", top=610)

    notice = read(drawn(page), noon)
    assert notice.doubts == () and notice.head.title == "影のある題名のお知らせ"
    for text in ("ふりがなのちいさい字、。・ー一", "うすい灰色の字", "黄色の上の赤い字", "黒い帯の白い字"):
        assert text in text_of(notice)


@needs_font
def test_letters_printed_twice_are_told_once(noon):
    def page(canvas: Canvas) -> None:
        for place, letter in enumerate("すべての文字がひとつずつ二度印刷された、とても長いお知らせの一行"):
            for shift in (0, 1.5):
                lines(canvas, letter, left=40 + 15 * place + shift, size=14)

    notice = read(drawn(page), noon)
    assert notice.doubts == () and "二度印刷された、とても長い" in words(notice)


def test_cropped_away(noon):
    def page(canvas: Canvas) -> None:
        canvas.setCropBox((0, 0, 595, 500))
        canvas.drawString(70, 400, SEEN)
        put(canvas)

    notice = read(drawn(page), noon)
    assert SEEN in text_of(notice) and CANARY not in words(notice) and notice.doubts


def written(stream: str, catalog: str = "", page: str = "", font: str = "", *further: str) -> bytes:
    """A PDF of one page by hand; ``further`` objects have the numbers 6, 7, …"""
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        f" /Resources << /Font << /F1 5 0 R >> /Properties << /L 6 0 R >> >> {page} >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        f"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica {font} >>",
        *further,
    ]
    body = "".join(f"{number} 0 obj\n{item}\nendobj\n" for number, item in enumerate(objects, 1))
    return f"%PDF-1.7\n{body}trailer << /Root 1 0 R /Size {len(objects) + 1} >>\n%%EOF\n".encode()


def shown(text: str, y: int) -> str:
    return f"BT /F1 14 Tf 70 {y} Td ({text}) Tj ET"


def layered(state: str) -> bytes:
    """A page with a layer (optional content, ISO 32000-1, 8.11) that is on or off."""
    catalog = f"/OCProperties << /OCGs [6 0 R] /D << /{state} [6 0 R] >> >>"
    stream = f"{shown(SEEN, 700)} /OC /L BDC {shown(CANARY, 600)} EMC"
    return written(stream, catalog, "", "", "<< /Type /OCG /Name (layer) >>")


def test_layers(noon):
    assert CANARY in text_of(read(layered("ON"), noon))
    notice = read(layered("OFF"), noon)
    assert SEEN in text_of(notice) and CANARY not in words(notice) and notice.doubts


# --- what else a file carries -------------------------------------------------------------------------------


def changed(data: bytes, change: Callable[[pdfium.PdfDocument], object]) -> bytes:
    out = io.BytesIO()
    with pdfium.PdfDocument(data) as document:
        change(document)
        document.save(out)
    return out.getvalue()


def annotated(kind: int, colour: tuple[int, int, int] | None = None) -> bytes:
    """``CANARY`` on the page with an annotation over it."""

    def change(document: pdfium.PdfDocument) -> None:
        page = document[0]
        note = raw.FPDFPage_CreateAnnot(page, kind)
        raw.FPDFAnnot_SetRect(note, raw.FS_RECTF(60, 625, 260, 590))
        text = ctypes.create_string_buffer((CANARY[::-1] + "\0").encode("utf-16-le"))
        raw.FPDFAnnot_SetStringValue(note, b"Contents", ctypes.cast(text, ctypes.POINTER(raw.FPDF_WCHAR)))
        if colour is not None:
            raw.FPDFAnnot_SetColor(note, raw.FPDFANNOT_COLORTYPE_InteriorColor, *colour, 255)
            raw.FPDFAnnot_SetColor(note, raw.FPDFANNOT_COLORTYPE_Color, *colour, 255)
        raw.FPDFPage_CloseAnnot(note)
        page.close()

    return changed(drawn(lambda canvas: (canvas.drawString(70, 700, SEEN), put(canvas))), change)


def test_a_box_drawn_as_an_annotation_covers(noon):
    notice = read(annotated(raw.FPDF_ANNOT_SQUARE, (0, 0, 0)), noon)
    assert SEEN in text_of(notice) and CANARY not in words(notice) and "hidden-text" in codes(notice.doubts)
    assert dark_at(notice, 100, 605)


def test_a_redaction_that_was_never_applied(noon):
    mark = "/Annots [<< /Type /Annot /Subtype /Redact /Rect [60 590 260 625] >>]"
    notice = read(written(f"{shown(SEEN, 700)} {shown(CANARY, 600)}", "", mark), noon)
    assert (
        SEEN in text_of(notice) and CANARY not in words(notice) and "redaction-open" in codes(notice.doubts)
    )
    assert dark_at(notice, 100, 605)


def dark_at(notice: Notice | Scan, x: float, y: float) -> bool:
    image = Image.open(io.BytesIO(notice.pages[0].large.data)).convert("L")
    scale = image.width / A4[0]
    return image.getpixel((round(x * scale), round((A4[1] - y) * scale))) < 30


def test_comments_are_not_text(noon):
    notice = read(annotated(raw.FPDF_ANNOT_TEXT), noon)
    assert CANARY in text_of(notice) and CANARY[::-1] not in words(notice)
    assert codes(notice.doubts) == ["annotations"]


def test_links_are_no_comments(noon):
    def page(canvas: Canvas) -> None:
        canvas.drawString(70, 700, SEEN)
        canvas.linkURL("https://example.jp", (0, 0, 50, 50))

    assert read(drawn(page), noon).doubts == ()


def test_attachments_and_metadata(noon):
    def page(canvas: Canvas) -> None:
        canvas.drawString(70, 700, SEEN)
        for tell in (canvas.setTitle, canvas.setAuthor, canvas.setSubject, canvas.setKeywords):
            tell(CANARY)
        canvas.bookmarkPage("a")
        canvas.addOutlineEntry(CANARY, "a")

    def attach(document: pdfium.PdfDocument) -> None:
        document.new_attachment(f"{CANARY}.txt").set_data(CANARY.encode())

    notice = read(changed(drawn(page), attach), noon)
    assert CANARY not in words(notice) and codes(notice.warnings) == ["attachments"]
    for page_picture in notice.pages:
        assert CANARY.encode() not in page_picture.large.data


@pytest.mark.parametrize("value", [CANARY, ""])
def test_form_fields(noon, value):
    def page(canvas: Canvas) -> None:
        canvas.drawString(70, 700, SEEN)
        canvas.acroForm.textfield(name="name", value=value, x=70, y=600, width=200, height=30)

    notice = read(drawn(page), noon)
    assert CANARY not in words(notice)
    assert codes(notice.doubts) == (["form-values"] if value else [])


# --- scans ------------------------------------------------------------------------------------------------


def paper(canvas: Canvas) -> None:
    canvas.drawImage(ImageReader(Image.effect_noise((600, 800), 40)), 0, 0, *A4)


def test_a_scan(noon):
    scan = read(drawn(paper, paper), noon, "FAX/【緊急】避難所の一覧.pdf")
    assert isinstance(scan, Scan) and len(scan.pages) == 2 and scan.doubts == ()
    assert scan.head.title == "【緊急】避難所の一覧" and scan.head.severity is Severity.URGENT
    assert codes(scan.warnings) == ["picture-only"]


@pytest.mark.parametrize("page", [
    lambda canvas: (paper(canvas), render_mode_3(canvas)),
    lambda canvas: (put(canvas), paper(canvas)),
], ids=["over", "under"])  # fmt: skip
def test_recognised_text_of_a_scan_is_neither_published_nor_a_reason_to_hold(noon, page):
    scan = read(drawn(page), noon)
    assert isinstance(scan, Scan) and scan.doubts == () and CANARY not in words(scan)


def test_text_and_scanned_pages_together(noon):
    notice = read(drawn(lambda canvas: canvas.drawString(70, 700, SEEN), paper), noon)
    assert SEEN in text_of(notice) and len(notice.pages) == 2 and "2ページ" in notice.warnings[0].what


def test_a_blank_page_is_held(noon):
    assert codes(read(drawn(lambda canvas: None), noon).doubts) == ["blank-pages"]


def test_a_broken_text_layer_gives_pictures(noon):
    """The font's table of characters (ToUnicode) leads to nowhere, as some printer drivers write it."""
    table = "\n".join((
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "1 begincodespacerange <00> <FF> endcodespacerange",
        "1 beginbfrange <20> <7E> <E000> endbfrange",
        "endcmap end end",
    ))  # fmt: skip
    font = f"<< /Length {len(table)} >>\nstream\n{table}\nendstream"
    scan = read(written(shown(SEEN, 700), "", "", "/ToUnicode 6 0 R", font), noon)
    assert isinstance(scan, Scan) and codes(scan.warnings) == ["garbled-text"] and scan.doubts == ()


def test_single_unknown_letters_are_marked(noon):
    table = "1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfchar <4D> <E000> endbfchar"
    font = f"<< /Length {len(table)} >>\nstream\n{table}\nendstream"
    notice = read(written(shown(SEEN, 700), "", "", "/ToUnicode 6 0 R", font), noon)
    assert "〓izu wa ikimasu" in text_of(notice) and codes(notice.warnings) == ["missing-letters"]


# --- text -------------------------------------------------------------------------------------------------


@needs_font
def test_a_notice_as_offices_print_it(noon):
    def first(canvas: Canvas) -> None:
        lines(canvas, "平成23年3月11日 15時現在", top=780, left=380)
        lines(canvas, "【重要】給水所の開設について", size=18, top=740, left=150)
        lines(canvas, "地震による断水のため、次の場所で水をお配りします。ご自宅から容器を持って来てい",
              "ただき、係員の案内に従ってください。一人あたり一日三リットルまでです。", top=700)  # fmt: skip
        lines(canvas, "・市役所前", "・中央公民館", "・東小学校", top=640)
        lines(canvas, "問い合わせ", size=14, top=560)
        lines(canvas, "水道課 0120-000-000", top=530)
        lines(canvas, "1", top=30, left=300)

    def second(canvas: Canvas) -> None:
        lines(canvas, "次の給水は明日の朝九時からです。", top=700)
        lines(canvas, "- 2 -", top=30, left=300)

    notice = read(drawn(first, second), noon)
    assert notice.head.title == "【重要】給水所の開設について" and notice.head.severity is Severity.IMPORTANT
    assert notice.head.date is not None and (notice.head.date.day, notice.head.date.hour) == (11, 15)
    text = text_of(notice)
    assert "来ていただき、係員の案内に従ってください。" in text, "a line broken by the edge of the paper"
    (listing,) = [block for block in notice.blocks if isinstance(block, Listing)]
    assert len(listing.items) == 3
    assert [flat(block.inlines) for block in notice.blocks if isinstance(block, Heading)] == ["問い合わせ"]
    assert "tel:0120000000" in words(notice)
    assert "【重要】" not in text and not {"1", "- 2 -"} & set(text.split("\n"))
    assert notice.doubts == () and notice.warnings == () and len(notice.pages) == 2


@needs_font
def test_headers_are_told_once(noon):
    def page(number: int) -> Callable[[Canvas], None]:
        def draw(canvas: Canvas) -> None:
            lines(canvas, "高田市災害対策本部 会議資料", top=815)
            lines(canvas, f"本文その{number}", top=500)
            lines(canvas, f"{number}/3", top=20, left=290)

        return draw

    text = text_of(read(drawn(page(1), page(2), page(3)), noon))
    assert text.count("会議資料") == 1 and "2/3" not in text
    assert all(f"本文その{number}" in text for number in (1, 2, 3))


@needs_font
def test_the_title_is_the_name_of_the_file_when_nothing_is_larger(noon):
    data = drawn(lambda canvas: lines(canvas, "水がとまっています。", "あした なおります。"))
    notice = read(data, noon, "a/断水_3月.pdf")
    assert notice.head.title == "断水 3月"


@needs_font
def test_latin_lines_are_joined_with_a_space(noon):
    data = drawn(lambda canvas: lines(
        canvas, "Drinking water is handed out in front of the city hall from nine in the morning until",
        "four in the afternoon every day."))  # fmt: skip
    assert "until four in the afternoon" in text_of(read(data, noon))


@needs_font
@pytest.mark.parametrize("font", [True, False], ids=["vertical font", "letter by letter"])
def test_vertical_writing(noon, font):
    columns = ["避難所を開設しました。ご家族でゆっくり", "お越しください。水と毛布があります。"]

    def page(canvas: Canvas) -> None:
        canvas.setFont("HeiseiMin-W3" if font else "HeiseiKakuGo-W5", 14)
        for number, column in enumerate(columns):
            for place, letters in enumerate([column] if font else column):
                canvas.drawString(500 - 25 * number, 780 - 15 * place, letters)

    assert "".join(columns) in text_of(read(drawn(page), noon))


def test_radicals_become_characters():
    assert unified("⽔位、⾼⽥市⺠、⻑野、⻄⽇本") == "水位、高田市民、長野、西日本"
    assert unified("⻘⻝⻩⻲⻤⻨⻭") == "青食黄亀鬼麦歯"
    assert unified("①㈱ﾊﾝｶｸ㎡Ⅲ髙﨑") == "①㈱ﾊﾝｶｸ㎡Ⅲ髙﨑"
    assert not any("\u2e80" <= character <= "\u2fdf" for character in unified("⼀⽣⾞⻋⻆⺌⿓⿕"))


# --- refusals ---------------------------------------------------------------------------------------------


def test_passwords(noon):
    from reportlab.lib.pdfencrypt import StandardEncryption

    def page(canvas: Canvas) -> None:
        canvas.drawString(70, 700, SEEN)

    assert SEEN in text_of(read(drawn(page, encrypt=StandardEncryption("", ownerPassword="x")), noon))
    with pytest.raises(Unreadable, match="パスワード") as caught:
        read(drawn(page, encrypt=StandardEncryption("secret", ownerPassword="x")), noon)
    assert caught.value.problem.where == "お知らせ/給水.pdf"


def test_broken_and_repaired(noon):
    whole = drawn(lambda canvas: canvas.drawString(70, 700, SEEN))
    for data in (b"", b"%PDF-1.7\n", b"no pdf at all" * 9, whole[:200]):
        with pytest.raises(Unreadable, match="壊れて"):
            read(data, noon)
    without_index = whole[: whole.rindex(b"startxref")]
    assert SEEN in text_of(read(without_index, noon))


def test_too_many_pages(noon):
    with pytest.raises(Unreadable, match="分けて"):
        read(drawn(*[lambda canvas: None] * (room.MOST_PAGES + 1)), noon)


def test_huge_and_thin_pages(noon):
    for size in ((14_400, 14_400), (14_400, 10), (3, 3)):
        read(drawn(lambda canvas: canvas.rect(0, 0, 2, 2, fill=1), size=size), noon)


def test_real_files(real, noon):
    found = {}
    for file in sorted((real / "6_docx_pdf").glob("*.pdf")):
        try:
            found[file.name] = read_pdf(file.name, file.read_bytes(), noon)
        except Unreadable as error:
            found[file.name] = error.problem.code
    assert found.pop("pypdfium2_encrypted.pdf") == "password"
    for name in ("ocrmypdf_scan_c02-22.pdf", "pdfjs_ccitt_EndOfBlock_false.pdf", "pdfjs_empty_protected.pdf"):
        assert isinstance(found.pop(name), Scan)
    held = {name: codes(notice.doubts) for name, notice in found.items() if notice.doubts}
    assert held == {"pypdfium2_forms.pdf": ["form-values"]}
    assert found["takamatsu_school_area.pdf"].head.title == "高松市小・中学校区一覧表"
    assert found["yaizu_kiyaku.pdf"].head.title == "焼津オープンデータカタログ利用規約"


WITHOUT_FONTS = "mount -t tmpfs none /usr/share/fonts && mount -t tmpfs none /usr/local/share && HOME=/nowhere exec \"$0\" \"$@\""
LOOK = """
import hashlib, sys
from datetime import datetime, timezone
from publisher.readers import read
found = read("a.pdf", sys.stdin.buffer.read(), datetime(2026, 3, 11, tzinfo=timezone.utc))
print(type(found).__name__, found.head.title, [d.code for d in found.doubts], [hashlib.sha256(p.large.data).hexdigest() for p in found.pages])
"""


def test_letters_that_are_not_in_the_file_look_alike_on_every_machine() -> None:
    """Fonts that every Japanese PDF reader is expected to have (ISO 32000-1, 9.7.5): a bare server has none of them."""
    import io
    import subprocess
    import sys

    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiKakuGo-W5"))
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.setFont("HeiseiKakuGo-W5", 20)
    canvas.drawString(70, 760, "災害ごみの出し方")
    canvas.setFont("HeiseiKakuGo-W5", 12)
    canvas.drawString(70, 720, "分別して、仮置場に運んでください。")
    canvas.save()
    here = subprocess.run([sys.executable, "-c", LOOK], input=out.getvalue(), capture_output=True, check=True).stdout.decode()
    assert here.startswith("Notice 災害ごみの出し方 []")
    bare = subprocess.run(
        ["unshare", "-m", "sh", "-c", WITHOUT_FONTS, sys.executable, "-c", LOOK], input=out.getvalue(), capture_output=True, check=False
    )
    if bare.returncode and b"mount" in bare.stderr + b"unshare" and not bare.stdout:
        pytest.skip("hiding the fonts needs root: " + bare.stderr.decode()[:100])
    assert bare.stdout.decode() == here
