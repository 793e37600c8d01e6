"""Bytes of a text file → text, whatever a municipality's machines have written.

What decodes strictly is scored by how much like Japanese it looks; ties go to the likelier encoding. Nothing is replaced in silence:
bytes that fit nowhere are an error with their line.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from publisher.errors import Unreadable
from publisher.model import Problem


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with ``\\n`` line ends, the encoding it came in, and what staff should know of it."""

    text: str
    encoding: str
    warnings: tuple[Problem, ...] = ()


_BOMS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_ESCAPES = re.compile(rb"\x1b(?:\$[@B]|\$\([DOPQ]|\([BJI])")
_MULTIBYTE = ("cp932", "euc_jp", "shift_jisx0213", "shift_jis_2004", "euc_jisx0213", "euc_jis_2004")
_COMMON = re.compile(r"[ぁ-んァ-ヶー、。・「」【】（）々〇年月日時分市町村県区所人水道路お知らせ]")
_RARE = re.compile(r"[\ue000-\uf8ff\uff61-\uff9f\u0080-\u009f\u0370-\u052f\u2500-\u257f\U00020000-\U0003ffff]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MOJIBAKE = re.compile(r"[\u0080-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]")


SAMPLE = 65_536
"""Characters that decide between encodings."""


def decode(path: str, data: bytes) -> Decoded:
    """Raises ``Unreadable`` for what is no text, or is text in no encoding that a Japanese office uses."""
    text, encoding = _decode(path, data)
    warnings: list[Problem] = []
    mended = _mend(text) if encoding.startswith("utf-8") else None
    if mended is not None:
        text = mended
        warnings.append(
            Problem(
                "mojibake-mended", "文字化けした状態で保存されていたので、元の文字に戻しました。", path, "戻した内容を公開しています。",
                "内容が正しいか確かめてください。",
            )
        )  # fmt: skip
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    if encoding != "utf-16-le" and text.startswith("\ufeff"):
        text = text[1:]
    cleaned = _CONTROLS.sub("", text)
    if cleaned != text:
        warnings.append(
            Problem("control-characters", "目に見えない制御文字を取り除きました。", path, "取り除いた内容を公開しています。", "そのままで構いません。")
        )
    return Decoded(cleaned, encoding, tuple(warnings))


def _decode(path: str, data: bytes) -> tuple[str, str]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _strict(path, data[len(bom) :], encoding), encoding
    if guess := _bare_utf16(data):
        return _strict(path, data, guess), guess
    if b"\x00" in data[:4096]:
        raise Unreadable(_not_text(path))
    if _ESCAPES.search(data):
        for encoding in ("iso2022_jp_ext", "iso2022_jp_2004", "iso2022_jp_3"):
            try:
                return data.decode(encoding), "iso-2022-jp"
            except UnicodeDecodeError:
                continue
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        failed = error
    found = [(text, name) for name in _MULTIBYTE if (text := _try(data, name)) is not None]
    if not found:
        raise Unreadable(_broken(path, data, failed))
    best = max(found, key=lambda item: _score(item[0][:SAMPLE]))
    if _score(best[0][:SAMPLE]) < -0.5 and len(data) > 16:
        raise Unreadable(_not_text(path))
    return best


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _score(text: str) -> float:
    """How Japanese it looks: the share of common characters less twice that of characters that only wrong decoding gives."""
    letters = [c for c in text if c > "\x7f"]
    if not letters:
        return 0.0
    joined = "".join(letters)
    return (len(_COMMON.findall(joined)) - 2 * len(_RARE.findall(joined))) / len(joined)


def _strict(path: str, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(_broken(path, data, error)) from error


def _bare_utf16(data: bytes) -> str | None:
    """UTF-16 without a mark: NUL bytes all on one side (Latin letters, digits, line ends)."""
    if len(data) < 4 or len(data) % 2:
        return None
    sample = data[:4096]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd and not even:
        return "utf-16-le"
    return "utf-16-be" if even and not odd else None


def _mend(text: str) -> str | None:
    """CP932 or UTF-8 that was once read as Latin-1 or CP1252 and saved as UTF-8: undone where it can be undone exactly."""
    high = [c for c in text[:SAMPLE] if c > "\x7f"]
    if len(high) < 6 or len(_MOJIBAKE.findall("".join(high))) < len(high) * 0.95:
        return None
    for outer in ("latin-1", "cp1252"):
        try:
            raw = text.encode(outer)
        except UnicodeEncodeError:
            continue
        for inner in ("utf-8", "cp932"):
            mended = _try(raw, inner)
            if mended is not None and _score(mended) > 0.3:
                return mended
    return None


def _broken(path: str, data: bytes, error: UnicodeDecodeError) -> Problem:
    line = data[: error.start].count(b"\n") + 1
    return Problem(
        "charset", "文字コードが分からず、読めない文字があります。", f"{path} {line}行目", "前に公開したものがあれば、そのまま見えています。",
        "メモ帳などで開いて文字化けしていないか確かめ、「名前を付けて保存」で文字コードに「UTF-8」を選んで保存し直してください。",
    )  # fmt: skip


def _not_text(path: str) -> Problem:
    return Problem(
        "not-text", "文字のファイルではないようです（中身が別の種類のデータです）。", path, "前に公開したものがあれば、そのまま見えています。",
        "もとのソフトで開き、正しい種類（テキスト、CSV など）で保存し直してください。",
    )  # fmt: skip
