"""Bytes of a text file → text, whatever a municipality's machines have written.

A sample decides which encoding is the likeliest; the whole is then decoded strictly, and where that fails the next one has its turn.
Nothing is replaced in silence: bytes that fit nowhere are an error with their line.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from publisher.errors import Unreadable
from publisher.model import Problem
from publisher.patterns import pattern
from publisher.readers.likelihood import average, likelihood
from publisher.values import frozen


@frozen
class Decoded:
    """Text with ``\\n`` line ends, the encoding it came in, and what staff should know of it."""

    text: str
    encoding: str
    warnings: tuple[Problem, ...] = ()


_BOMS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_MULTIBYTE = (
    ("cp932", 0.0),
    ("euc_jp", 2.5),
    ("shift_jis_2004", 25.0),
    ("euc_jis_2004", 25.0),
    ("shift_jisx0213", 25.5),
    ("euc_jisx0213", 25.5),
)
"""Encodings without a mark, and how much likelihood each must bring before it is believed (EUC-JP has become rare, JIS X 0213 is seldom seen)."""

_ESCAPE = pattern(rb"\x1b(\$[@B]|\$\([BDOPQ]|\([BJIH])")
_CONTROLS = "".join(map(chr, (*range(9), 11, 12, *range(14, 32), 127)))
_CONTROL = pattern(f"[{re.escape(_CONTROLS)}]")
_GAIJI = pattern("[\ue000-\uf8ff]")
_UNMAPPED = pattern("[\x80-\x9f\uf8f0-\uf8ff]")
_LATIN = pattern(
    r"[\u0080-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_JAPANESE = pattern("[\u3000-\u30ff\u4e00-\u9fff\uff01-\uff5e]")
_THREE_BYTES = pattern("[^\x00-\u07ff]")  # or four, in UTF-8
_LETTER = pattern("[\u3041-\u30fe\u4e00-\u9fff]")
_CP1252 = {
    ord(bytes([n]).decode("cp1252")): n for n in range(0x80, 0xA0) if n not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_BEFORE = "前に公開したものがあれば、そのまま見えています。"

SAMPLE = 65_536
"""Bytes that decide between encodings, from the first line that is not ASCII."""

WESTERN = 12.0
"""How much likelier Windows-1252 must be: translators' machines write it, offices do not."""

FOREIGN = {"cp932": -11.5, "cp1252": -20.0}
"""Average likelihood below which a text without kana is taken for a misreading of Chinese or Korean; −8.4 in the seldom encodings."""

UNMARKED = 15.0
"""How much likelier UTF-16 without a mark must be than ASCII or a multibyte encoding."""


def decode(path: str, data: bytes) -> Decoded:
    """Raises ``Unreadable`` for what is no text, or is text in no encoding that a Japanese office uses."""
    text, encoding = _decode(path, data)
    warnings: list[Problem] = [_western(path)] if encoding == "cp1252" else []
    if encoding == "utf-8" and (mended := _mend(text)) is not None:
        text = mended
        warnings.append(
            Problem(
                "mojibake-mended", "文字化けした状態で保存されていたので、元の文字に戻しました。", path, "戻した内容を公開しています。",
                "内容が正しいか確かめてください。",
            )
        )  # fmt: skip
    text = (
        text.replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\u2028", "\n")
        .replace("\u2029", "\n")
        .removeprefix("\ufeff")
    )
    if _may_hold_controls(data, encoding) and (cleaned := _CONTROL.sub("", text)) != text:
        if len(text) - len(cleaned) > max(3, len(text) // 20):
            raise Unreadable(_not_text(path))
        text = cleaned
        warnings.append(
            Problem(
                "control-characters",
                "目に見えない制御文字を取り除きました。",
                path,
                "取り除いた内容を公開しています。",
                "そのままで構いません。",
            )
        )
    return Decoded(text, encoding, (*warnings, *_lost(path, text)))


def _decode(path: str, data: bytes) -> tuple[str, str]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data[len(bom) :].decode(encoding), encoding
            except UnicodeDecodeError as error:
                raise Unreadable(
                    _broken(path, data[: len(bom) + error.start].decode(encoding, "ignore").count("\n"))
                ) from error
    sample = _sample(data)
    if not _misread(sample) and (guess := _unmarked_utf16(data)):
        return data.decode(guess), guess
    if b"\x00" in data[:4096]:
        raise Unreadable(_not_text(path))
    if b"\x1b" in data and (text := _iso_2022_jp(data)) is not None:
        return text, "iso-2022-jp"
    failed: list[UnicodeDecodeError] = []
    for encoding in _candidates(sample):
        try:
            text = _strictly(data, encoding)
        except UnicodeDecodeError as error:
            failed.append(error)
            continue
        if encoding != "utf-8" and _foreign(text[:SAMPLE], encoding):
            raise Unreadable(_broken(path, 0))
        return text, encoding
    farthest = max(failed, key=lambda error: error.start)
    if _binary(sample):
        raise Unreadable(_not_text(path)) from farthest
    raise Unreadable(_broken(path, data.count(b"\n", 0, farthest.start))) from farthest


def _sample(data: bytes) -> bytes:
    """Whole lines from the first one that is not ASCII."""
    if len(data) <= SAMPLE:
        return data
    first = re.search(rb"[\x80-\xff\x1b]", data)
    start = data.rfind(b"\n", 0, first.start()) + 1 if first else 0
    piece = data[start : start + SAMPLE]
    return piece[: piece.rfind(b"\n") + 1] or piece


def _candidates(sample: bytes) -> Iterator[str]:
    """Encodings in the order in which they are to be tried on the whole; UTF-8 first unless what it shows is outlandish."""
    utf8 = True
    try:
        shown = sample.decode("utf-8")
    except UnicodeDecodeError as error:
        shown = sample[: error.start].decode("utf-8")
        if (
            sum(c > "\u07ff" for c in shown) > 2
        ):  # it is UTF-8, and broken further down (or the sample ends within a character)
            yield "utf-8"
            return
        utf8, shown = False, ""
    doubtful = (
        utf8 and shown and not shown.isascii() and _THREE_BYTES.search(shown) is None
    )  # two bytes a character: ﾅｶ in CP932 is Ŷ in UTF-8
    if utf8 and (not doubtful or _unmangled(shown) is not None):
        yield "utf-8"
        doubtful = False
    scored = [(likelihood(shown) + 2, "utf-8")] if doubtful else []
    for encoding, burden in _MULTIBYTE:
        try:
            scored.append((likelihood(_strictly(sample, encoding)) - burden, encoding))
        except UnicodeDecodeError:
            continue
    if not utf8 and _may_be_western(sample):
        scored.append((likelihood(sample.decode("cp1252")) - WESTERN, "cp1252"))
    scored.sort(key=lambda item: -item[0])
    yield from (name for _, name in scored)
    seen = {name for _, name in scored}
    yield from (
        name
        for name in ("utf-8", *(name for name, _ in _MULTIBYTE))
        if name not in seen and not (utf8 and name == "utf-8")
    )


def _misread(sample: bytes) -> bool:
    """Is it UTF-8 that holds another encoding read as Latin-1? No Japanese character then begins with its own byte."""
    if re.search(rb"[\xe3-\xf4]", sample):
        return False
    text = _attempt(sample, "utf-8")
    return text is not None and _unmangled(text) is not None


def _may_be_western(sample: bytes) -> bool:
    """Letters beyond ASCII one by one or in pairs among many that are ASCII, and none that Windows-1252 lacks."""
    high = len(sample) - len(sample.translate(None, bytes(range(0x80, 0x100))))
    return 0 < high * 4 < len(sample) and not re.search(rb"[\x81\x8d\x8f\x90\x9d]|[\x80-\xff]{3}", sample)


def _foreign(text: str, encoding: str) -> bool:
    """Chinese and Korean bytes are valid as EUC-JP and CP932: what they show has seldom characters and no kana."""
    beyond = [character for character in text if character > "\x7f"]
    kana = sum("\u3041" <= character <= "\u30fe" for character in beyond)
    return len(beyond) >= 10 and kana * 50 < len(beyond) and average(text) < FOREIGN.get(encoding, -8.4)


def _strictly(data: bytes, encoding: str) -> str:
    if encoding == "euc_jp":
        return data.decode(encoding, "publisher-cp51932")
    text = data.decode(encoding)
    if encoding == "cp932" and (
        wrong := _UNMAPPED.search(text)
    ):  # bytes that Windows maps to nothing, Python to private use
        start = len(text[: wrong.start()].encode("cp932"))
        raise UnicodeDecodeError(encoding, data, start, start + 1, "no character")
    return text


def _vendor_rows(error: UnicodeError) -> tuple[str, int]:
    """Rows 13 and 89–92 of CP51932: NEC's ① ㈱ ㌔ and IBM's 髙 﨑, at the same places as in CP932."""
    if isinstance(error, UnicodeDecodeError):
        high, low = (*error.object[error.start : error.start + 2], 0, 0)[:2]
        if (high == 0xAD or 0xF9 <= high <= 0xFC) and 0xA1 <= low <= 0xFE:
            try:
                return _jis_pair(high & 0x7F, low & 0x7F).decode("cp932"), error.start + 2
            except UnicodeDecodeError:
                raise error from None
    raise error


codecs.register_error("publisher-cp51932", _vendor_rows)


def _jis_pair(high: int, low: int) -> bytes:
    """JIS X 0208 row and cell as Shift_JIS (JIS X 0208:1997, annex 1)."""
    first = (high - 0x21) // 2
    second = low + (0x1F if low < 0x60 else 0x20) if high % 2 else low + 0x7E
    return bytes((first + (0x81 if first < 0x1F else 0xC1), second))


def _iso_2022_jp(data: bytes) -> str | None:
    """ISO-2022-JP with what mail programs add to it (half-width kana, rows of NEC and IBM); None when it is something else."""
    if not _ESCAPE.search(data) or not data.isascii():
        return None
    for encoding in ("iso2022_jp_ext", "iso2022_jp_2004", "iso2022_jp_3"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    first, *rest = _ESCAPE.split(data)
    found = [first.decode("ascii")]
    try:
        for escape, piece in zip(rest[::2], rest[1::2], strict=True):
            if b"\x1b" in piece:
                return None
            found.append(_shifted(escape, piece))
    except UnicodeDecodeError:
        return None
    return "".join(found)


def _shifted(escape: bytes, piece: bytes) -> str:
    """One run after its escape sequence; a line end within a run stays what it is."""
    if escape in (b"(B", b"(J", b"(H"):
        return piece.decode("ascii")
    if escape == b"(I":
        return bytes(byte | 0x80 if byte > 0x20 else byte for byte in piece).decode("cp932")
    prefix = b"\x8f" if escape == b"$(D" else b""
    pairs = re.sub(rb"[\x21-\x7e]{2}", lambda match: prefix + bytes(byte | 0x80 for byte in match[0]), piece)
    return pairs.decode("euc_jp", "publisher-cp51932")


def _unmarked_utf16(data: bytes) -> str | None:
    """UTF-16 without a mark: NUL bytes of Latin letters and line ends on one side, or much likelier text than any other reading."""
    if len(data) < 4 or len(data) % 2:
        return None
    sample = data[:4096]  # from an even offset
    nul = b"\x00" in sample
    if not nul and len(data) > SAMPLE:
        return None
    best: tuple[float, str] | None = None
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = data.decode(encoding) if len(data) <= SAMPLE else sample.decode(encoding, "ignore")
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text and _plausible(text, nul) and (best is None or likelihood(text) > best[0]):
            best = likelihood(text), encoding
    if best is None or nul:
        return best[1] if best else None
    others = [
        likelihood(text)
        for name in ("utf-8", "cp932", "euc_jp", *(["cp1252"] if _may_be_western(data) else []))
        if (text := _attempt(data, name)) is not None
    ]
    return best[1] if not others or best[0] > max(others) + UNMARKED else None


def _plausible(text: str, nul: bool) -> bool:
    if nul:
        return average(text) > -9.5
    return len(_JAPANESE.findall(text)) > 0.6 * len(text) and average(text) > -11.5


def _attempt(data: bytes, encoding: str) -> str | None:
    try:
        return _strictly(data, encoding)
    except UnicodeDecodeError:
        return None


def _may_hold_controls(data: bytes, encoding: str) -> bool:
    if encoding.startswith(("utf-16", "utf-32", "iso")):
        return True
    return len(data.translate(None, _CONTROLS.encode())) != len(
        data
    )  # no character of the others has such a byte within it


def _binary(sample: bytes) -> bool:
    controls = len(sample) - len(sample.translate(None, _CONTROLS.encode()))
    return controls > max(3, len(sample) // 50)


def _mend(text: str) -> str | None:
    """CP932 or UTF-8 that was once read as Latin-1 or CP1252 and saved as UTF-8: undone where it can be undone exactly."""
    if text[:SAMPLE].isascii() or not _LATIN.search(text[:SAMPLE]):
        return None
    if (whole := _unmangled(text)) is not None:
        return whole
    lines = text.split("\n")
    mended = [_unmangled(line) or line for line in lines]
    return "\n".join(mended) if mended != lines else None


def _unmangled(text: str) -> str | None:
    high = [c for c in text[:SAMPLE] if c > "\x7f"]
    if len(high) < 6 or len(_LATIN.findall("".join(high))) < len(high):
        return None
    try:
        raw = text.translate(_CP1252).encode("latin-1")
    except UnicodeEncodeError:
        return None
    for inner in ("utf-8", "cp932", "euc_jp"):
        mended = _attempt(raw, inner)
        if mended is not None and average(mended[:SAMPLE]) > -7.0 and len(set(_LETTER.findall(mended[:SAMPLE]))) > 2:
            return mended
    return None


def _lost(path: str, text: str) -> tuple[Problem, ...]:
    """Characters that were lost before the file came, or that only one machine can show."""
    found = []
    if "\ufffd" in text:
        where = f"{path} {text.count(chr(10), 0, text.index(chr(0xFFFD))) + 1}行目"
        what = "失われた文字（�）があります。保存したときに文字化けしたようです。"
        found.append(
            Problem(
                "lost-characters",
                what,
                where,
                "そのまま公開しています。",
                "もとの文章を確かめ、正しい文字を入れて置き直してください。",
            )
        )
    if (match := _GAIJI.search(text)) is not None:
        where = f"{path} {text.count(chr(10), 0, match.start()) + 1}行目"
        what = "外字（その職場のパソコンだけで見える文字）があります。"
        found.append(
            Problem(
                "gaiji",
                what,
                where,
                "住民の画面では見えません。",
                "ふつうの漢字かひらがなに直して、置き直してください。",
            )
        )
    return tuple(found)


def _broken(path: str, lines_before: int) -> Problem:
    return Problem(
        "charset", "文字コードが分からず、読めない文字があります。", f"{path} {lines_before + 1}行目", _BEFORE,
        "メモ帳などで開いて文字化けしていないか確かめ、「名前を付けて保存」で文字コードに「UTF-8」を選んで保存し直してください。",
    )  # fmt: skip


def _western(path: str) -> Problem:
    return Problem(
        "western", "日本語でない文字コード（Windows-1252）の文章として読みました。", path, "読み取った内容を公開しています。",
        "文字が正しいか確かめ、「名前を付けて保存」で文字コードに「UTF-8」を選んで保存し直してください。",
    )  # fmt: skip


def _not_text(path: str) -> Problem:
    return Problem(
        "not-text", "文字のファイルではないようです（中身が別の種類のデータです）。", path, _BEFORE,
        "もとのソフトで開き、正しい種類（テキスト、CSV など）で保存し直してください。",
    )  # fmt: skip
