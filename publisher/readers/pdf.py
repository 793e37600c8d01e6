"""PDF files: the text that people see becomes a notice, pages without one a scan; nothing hidden gets out."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from publisher.errors import Unreadable
from publisher.model import Head, Notice, Picture, Problem, Scan
from publisher.patterns import pattern
from publisher.readers.dateline import date_of
from publisher.readers.dates import find_as_of
from publisher.readers.inlines import is_drill, severity_of, title_from_path
from publisher.readers.jpeg import picture
from publisher.readers.pdf_engine import engine
from publisher.readers.pdf_lines import Line, blocks, body_size, joined, lines_of, without_frame
from publisher.readers.pdf_visible import Look, TooManyPixels, look
from publisher.values import field, record

MOST_PAGES = 200
GARBLED = 0.3
"""With more damaged characters than this a text layer is of no use; people see the pages only."""

SHOWN = "まだ公開していません。前に公開したものがあれば、そのまま見えています。"
_HELD = "確認が済むまで公開しません。"
_PASSWORD, _SECURITY = 4, 5  # FPDF_ERR_*
_ALONE = threading.Lock()
"""PDFium is not made for several threads at a time."""

_SUBJECT = pattern(
    r"(?:について|お知らせ|案内|通知|報告|発表|状況|情報|要領|一覧)[\s　]*(?:[（(].{1,20}[）)])?$"
)
_DATE = pattern(
    r"[\d〇一二三四五六七八九十元年月日時分午前後頃:/.\-平成令和昭HRS曜金木水火土現在発表時点()第報 ]+"
)
_MARKS = "-－―・●○◎◇◆□■※→*＊(（"
_LOOK = 10
"""So many lines at the top may say when the document was written and what it is about."""


@record
class _Paper:
    """What has been read so far."""

    pictures: list[Picture] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    hidden: dict[int, int] = field(default_factory=dict)
    unproven: dict[int, int] = field(default_factory=dict)
    redactions: list[int] = field(default_factory=list)
    notes: list[int] = field(default_factory=list)
    textless: list[int] = field(default_factory=list)
    garbled: list[int] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    blank: bool = True


def read_pdf(path: str, data: bytes, arrived: datetime) -> Notice | Scan:
    """A notice when at least one page has a text that people can see, else a scan.

    Raises ``Unreadable`` for what is broken, locked by a password, or longer than ``MOST_PAGES``.
    """
    try:
        with _ALONE:
            paper, warnings, doubts = _read(path, data)
    except Unreadable:
        raise
    except TooManyPixels as error:
        raise Unreadable(
            _refusal(
                "too-many-pixels",
                path,
                "ページの中の画像が大きすぎます。",
                "解像度を下げて（300dpiで）読み取り直してください。",
            )
        ) from error
    except Exception as error:  # PDFium and the decoders raise what they like on damaged data
        raise Unreadable(_broken(path)) from error
    warnings += _warnings(path, paper)
    doubts += _doubts(path, paper)
    lines = without_frame(paper.lines, len(paper.pictures))
    if not any(line.text.strip() for line in lines):
        title = title_from_path(path)
        head = Head(title, find_as_of(title, arrived), severity=severity_of(title), drill=is_drill(title))
        return Scan(head, tuple(paper.pictures), tuple(warnings), tuple(doubts))
    title, rest = _title(path, lines)
    date = date_of([title, *(line.text for line in lines[:_LOOK])], arrived)
    head = Head(title, date, severity=severity_of(title), drill=is_drill(title))
    return Notice(head, blocks(rest), tuple(paper.pictures), tuple(warnings), tuple(doubts))


def _read(path: str, data: bytes) -> tuple[_Paper, list[Problem], list[Problem]]:
    pdfium = engine()
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise Unreadable(
            _locked(path) if error.err_code in (_PASSWORD, _SECURITY) else _broken(path)
        ) from error
    with document:
        if len(document) > MOST_PAGES:
            raise Unreadable(
                _refusal(
                    "too-many-pages",
                    path,
                    f"{len(document)}ページあります（{MOST_PAGES}ページまで）。",
                    f"{MOST_PAGES}ページ以下のファイルに分けて、もう一度置いてください。",
                )
            )
        warnings = _attached(path, document.count_attachments())
        paper = _Paper()
        for number in range(len(document)):
            page = document[number]
            _add(paper, number + 1, look(page))
            page.close()
    return paper, warnings, _filled(path, data)


def _add(paper: _Paper, number: int, seen: Look) -> None:
    paper.pictures.append(picture(seen.image))
    paper.blank = paper.blank and seen.blank
    for count, places in ((seen.hidden, paper.hidden), (seen.unproven, paper.unproven)):
        if count:
            places[number] = count
    if seen.redactions:
        paper.redactions.append(number)
    elif seen.notes:
        paper.notes.append(number)
    inked = [glyph for glyph in seen.glyphs if glyph.text.strip()]
    damaged = sum(glyph.damaged for glyph in inked)
    if inked and damaged > GARBLED * len(inked):
        paper.garbled.append(number)
    elif inked:
        paper.lines += lines_of(seen.glyphs, number, seen.height)
        if damaged:
            paper.gaps.append(number)
    elif not seen.blank:
        paper.textless.append(number)


def _filled(path: str, data: bytes) -> list[Problem]:
    """Are form fields filled in? Asked of a second copy: forms hold on to the annotations."""
    import pypdfium2 as pdfium
    import pypdfium2.raw as raw

    with pdfium.PdfDocument(data) as document:
        if document.get_formtype() == raw.FORMTYPE_NONE:
            return []
        document.init_forms()
        pages = [number + 1 for number in range(len(document)) if _has_values(document, number)]
    if not pages:
        return []
    return [
        Problem(
            "form-values",
            f"入力欄に記入があります（{_numbers(pages)}）。記入された内容は公開しません。",
            path,
            _HELD,
            "公開する内容なら、「PDFに印刷」で入力欄をなくして置き直してください。",
        )
    ]


def _has_values(document: Any, number: int) -> bool:
    import pypdfium2.raw as raw

    page = document[number]
    try:
        for index in range(raw.FPDFPage_GetAnnotCount(page)):
            annotation = raw.FPDFPage_GetAnnot(page, index)
            try:
                if raw.FPDFAnnot_GetSubtype(annotation) == raw.FPDF_ANNOT_WIDGET and _value(
                    document, annotation
                ):
                    return True
            finally:
                raw.FPDFPage_CloseAnnot(annotation)
    finally:
        page.close()
    return False


def _value(document: Any, annotation: Any) -> bool:
    import ctypes

    import pypdfium2.raw as raw

    kind = raw.FPDFAnnot_GetFormFieldType(document.formenv, annotation)
    if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
        return bool(raw.FPDFAnnot_IsChecked(document.formenv, annotation))
    if kind not in (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
        return False
    length = raw.FPDFAnnot_GetFormFieldValue(document.formenv, annotation, None, 0)
    buffer = ctypes.create_string_buffer(max(length, 2))
    raw.FPDFAnnot_GetFormFieldValue(
        document.formenv, annotation, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), length
    )
    return bool(buffer.raw[:length].decode("utf-16-le", "replace").strip(" \0\r\n\t　"))


# --- title and date ---------------------------------------------------------------------------------------


def _title(path: str, lines: Sequence[Line]) -> tuple[str, list[Line]]:
    """(title, the lines without it): the largest line of the first page, one that reads like a subject, or
    the name of the file.
    """
    first = [line for line in lines if line.page == lines[0].page and line.top < line.height / 2] or list(
        lines[:1]
    )
    largest = max(line.size for line in first)
    if largest > 1.1 * body_size(lines):
        start = next(i for i, line in enumerate(first) if line.size >= 0.97 * largest)
        end = start + 1
        while end < min(len(first), start + 3) and first[end].size >= 0.97 * largest:
            end += 1
        for stop in range(end, start, -1):
            title = ""
            for line in first[start:stop]:
                title = joined(title, line.text)
            if _plausible(title := " ".join(title.split())):
                return title, [*lines[:start], *lines[stop:]]
    for index, line in enumerate(first[:_LOOK]):
        if _SUBJECT.search(line.text) and _plausible(title := " ".join(line.text.split())):
            return title, [*lines[:index], *lines[index + 1 :]]
    return title_from_path(path), list(lines)


def _plausible(title: str) -> bool:
    letters = sum(unicodedata.category(character).startswith("L") for character in title)
    return (
        4 <= len(title) <= 60
        and letters >= 2
        and title[-1] != "。"
        and title[0] not in _MARKS
        and _bare_date(title) is None
    )


def _bare_date(line: str) -> str | None:
    plain = unicodedata.normalize("NFKC", line)
    return plain if _DATE.fullmatch(plain) else None


# --- what staff are told ----------------------------------------------------------------------------------


def _doubts(path: str, paper: _Paper) -> list[Problem]:
    found = []
    if paper.redactions:
        found.append(
            Problem(
                "redaction-open",
                f"墨消しの印が付いていますが、まだ適用されていません（{_numbers(paper.redactions)}）。下の文字がファイルに残っています。",
                path,
                _HELD,
                "PDF編集ソフトで墨消しを「適用」し、置き直してください。",
            )
        )
    if paper.hidden:
        count = sum(paper.hidden.values())
        found.append(
            Problem(
                "hidden-text",
                f"紙面では見えない文字が{count}字入っています（{_numbers(paper.hidden)}）。黒塗りや画像の下、白い文字、紙面の外などです。この文字は公開しません。",
                path,
                _HELD,
                "消したはずの個人情報が残っていないか確かめてください。元の文書からその文字を消してPDFを作り直すと安全です。",
            )
        )
    if paper.unproven:
        found.append(
            Problem(
                "font-missing",
                f"文字の形がPDFに入っていないため、見えている文字かどうか確かめられません（{_numbers(paper.unproven)}）。",
                path,
                _HELD,
                "「フォントを埋め込む」設定でPDFを作り直してください。",
            )
        )
    if paper.blank:
        found.append(
            Problem(
                "blank-pages",
                "何も書かれていない白紙です。",
                path,
                _HELD,
                "置くファイルが正しいか確かめてください。",
            )
        )
    if paper.notes:
        found.append(
            Problem(
                "annotations",
                f"コメントや書き込み（注釈）が付いています（{_numbers(paper.notes)}）。図形やスタンプは紙面の画像に写ります。",
                path,
                _HELD,
                "見せてよい書き込みか確かめてください。不要なら消してから保存してください。",
            )
        )
    return found


def _warnings(path: str, paper: _Paper) -> list[Problem]:
    found = []
    if paper.garbled:
        found.append(
            Problem(
                "garbled-text",
                f"文字の情報が壊れていて、文章として取り出せません（{_numbers(paper.garbled)}）。",
                path,
                "このページは画像だけで見えています。",
                "元の文書（Wordなど）も置くと、どの電話でも読めます。",
            )
        )
    if paper.gaps:
        found.append(
            Problem(
                "missing-letters",
                f"取り出せない文字（外字など）がありました（{_numbers(paper.gaps)}）。",
                path,
                "その文字は「〓」と見えています。",
                "正しい文字を補うには、文章をテキスト（.txt）かWord（.docx）で置いてください。",
            )
        )
    if paper.textless and not paper.blank:
        found.append(
            Problem(
                "picture-only",
                f"画像だけのページがあります（{_numbers(paper.textless)}）。",
                path,
                "このページは画像だけで見えています。",
                "要点を文章でも置くと、目の見えない方や古い電話の方にも伝わります。",
            )
        )
    return found


def _attached(path: str, count: int) -> list[Problem]:
    if not count:
        return []
    return [
        Problem(
            "attachments",
            f"PDFにファイルが{count}個添付されています。",
            path,
            "添付されたファイルは公開していません。",
            "公開するものなら、取り出して別に置いてください。",
        )
    ]


def _numbers(pages: Sequence[int] | dict[int, int]) -> str:
    listed = sorted(pages)
    return "、".join(map(str, listed[:10])) + ("ほか" if len(listed) > 10 else "") + "ページ"


def _refusal(code: str, path: str, what: str, todo: str) -> Problem:
    return Problem(code, what, path, SHOWN, todo)


def _locked(path: str) -> Problem:
    return _refusal(
        "password", path, "パスワードがかかっていて開けません。", "パスワードを外して保存し直してください。"
    )


def _broken(path: str) -> Problem:
    todo = "もとのファイルが開けるか確かめ、PDFを作り直すか、もう一度コピーしてください。"
    return _refusal("broken-pdf", path, "PDFが壊れているか、途中で切れています。", todo)
