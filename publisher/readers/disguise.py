"""Is a file what its ending says? Told by its first bytes; where it is something else that can be read, it is read as that."""

from __future__ import annotations

import io
import zipfile

from publisher.errors import Unreadable
from publisher.model import Problem

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NAMES = {
    "word": "Word の文書", "sheet": "表計算のファイル", "pdf": "PDF", "picture": "画像", "delimited": "CSV", "text": "テキスト", "markdown": "テキスト"
}  # fmt: skip
_SHOWN = "まだ公開していません。前に公開したものがあれば、そのまま見えています。"


def recognise(path: str, claimed: str, data: bytes) -> tuple[str, tuple[Problem, ...]]:
    """The reader that the bytes want, and a warning when it is not the one that the ending claims.

    Raises ``Unreadable`` for what can be recognised and cannot be read: web pages saved as sheets, passwords, old Word files.
    """
    found = _kind(path, claimed, data)
    if found is None or found == claimed or {found, claimed} <= {"text", "markdown", "delimited"}:
        return claimed, ()
    warning = Problem(
        "disguised", f"拡張子とちがい、中身は{_NAMES[found]}でした。{_NAMES[found]}として読みました。", path, "読み取った内容を公開しています。",
        "次からは、正しい拡張子で保存してください。",
    )  # fmt: skip
    return found, (warning,)


def _kind(path: str, claimed: str, data: bytes) -> str | None:
    textual = claimed in ("text", "markdown", "delimited", "pfif")
    start = data[:256].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"{\\rtf"):
        raise Unreadable(_rich_text(path))
    if start.startswith((b"<!doctype html", b"<html")) or (
        not textual and start.startswith((b"<table", b"<meta"))
    ):
        raise Unreadable(_web_page(path))
    if data.startswith(b"%PDF-") or (claimed == "pdf" and b"%PDF-" in data[:1024]):
        return "pdf"
    if (
        data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\0", b"MM\0*", b"BM"))
        or data[4:8] == b"ftyp"
    ):
        return None if textual and _is_text(data) else "picture"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "picture"
    if data.startswith(b"PK\x03\x04"):
        return _zipped(path, data)
    if data.startswith(_OLE):
        return _compound(path, claimed, data)
    if claimed == "sheet" and _is_text(data) and not start.startswith(b"<?xml"):
        return "delimited"
    return None


def _is_text(data: bytes) -> bool:
    sample = data[:2048]
    return b"\0" not in sample and sum(byte < 9 or 13 < byte < 27 for byte in sample) == 0


def _zipped(path: str, data: bytes) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            kind = (
                archive.read("mimetype")[:100]
                if "mimetype" in names and archive.getinfo("mimetype").file_size < 200
                else b""
            )
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, ValueError, NotImplementedError):
        return None
    if any(name.startswith("word/") for name in names):
        return "word"
    if any(name.startswith("xl/") for name in names) or b"spreadsheet" in kind:
        return "sheet"
    if any(name.startswith("ppt/") for name in names) or b"opendocument" in kind:
        raise Unreadable(
            Problem(
                "unknown-kind",
                "発表資料などのファイルは公開できません。",
                path,
                _SHOWN,
                "もとのソフトで開き、PDF で保存してください。",
            )
        )
    return None


def _compound(path: str, claimed: str, data: bytes) -> str | None:
    """The old container of Office: a password, an old Word file, or an old workbook."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Unreadable(
            Problem(
                "password",
                "パスワードがかかっているため、開けません。",
                path,
                _SHOWN,
                "パスワードを外して保存し直してから、もう一度置いてください。",
            )
        )
    if "WordDocument".encode("utf-16-le") in data:
        raise Unreadable(
            Problem(
                "old-word", "古い形式の Word 文書（.doc）です。", path, _SHOWN,
                "Word で開き、「名前を付けて保存」で種類を「Word 文書（.docx）」にしてください。",
            )
        )  # fmt: skip
    if "PowerPoint Document".encode("utf-16-le") in data:
        raise Unreadable(
            Problem(
                "unknown-kind",
                "発表資料は公開できません。",
                path,
                _SHOWN,
                "PowerPoint で開き、PDF で保存してください。",
            )
        )
    workbook = "Workbook".encode("utf-16-le") in data or "Book".encode("utf-16-le") in data
    return "sheet" if workbook and claimed != "sheet" else None


def _rich_text(path: str) -> Problem:
    return Problem(
        "rich-text",
        "中身はリッチテキスト（RTF）です。",
        path,
        _SHOWN,
        "Word で開き、「名前を付けて保存」で種類を「Word 文書（.docx）」にしてください。",
    )


def _web_page(path: str) -> Problem:
    return Problem(
        "web-page", "中身はウェブページ（HTML）です。システムから書き出したファイルに多い形です。", path, _SHOWN,
        "Excel などで開き、「名前を付けて保存」で正しい種類（.xlsx、.csv など）にしてください。",
    )  # fmt: skip
