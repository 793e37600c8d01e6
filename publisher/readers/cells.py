"""One cell of a spreadsheet as the string that people see in it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from publisher.patterns import pattern
from publisher.values import frozen

# A spreadsheet shows 15 significant digits and keeps no more (ECMA-376 Part 1, 18.8.30; IEEE 754 binary64).
_DIGITS = 15
_CONTROLS = pattern(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_SURROGATES = pattern(r"[\ud800-\udfff]")
_ESCAPE = pattern(r"_x([0-9A-Fa-f]{4})_")
_UNCLEAN = pattern(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]|_x[0-9A-Fa-f]{4}_|^[\s=]|\s$")
_FORMULA_TEXT = pattern(r'="(.*)"', re.DOTALL)
_SCIENTIFIC = pattern(r"[+-]?\d(?:\.\d+)?[Ee]\+?\d{2}")
_SHARPS = pattern(r"#{3,}|#(?:REF|VALUE|NAME|DIV/0|NUM|NULL|SPILL|CALC)[!?]|#N/A|Err:\d{3}")
_ODD = pattern(rf"^(?:{_SCIENTIFIC.pattern}|{_SHARPS.pattern})$", re.MULTILINE)


def number(value: float) -> str:
    """A number with the digits that a spreadsheet shows: no ``.0``, no exponent."""
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    if value == int(value) and abs(value) < 10**_DIGITS:
        return str(int(value))
    text = f"{value:.{_DIGITS}g}"
    return f"{Decimal(text):f}" if "e" in text else text


def moment(value: dt.datetime) -> str:
    """ISO 8601 date, with the time in minutes (or seconds, when there are some)."""
    if value.microsecond:  # binary fractions of a day: 18:00 is stored as 17:59:59.9999…
        value = (value + dt.timedelta(microseconds=500_000)).replace(microsecond=0)
    return f"{value:%Y-%m-%d %H:%M:%S}" if value.second else f"{value:%Y-%m-%d %H:%M}"


def clock(value: dt.time) -> str:
    return f"{value:%H:%M:%S}" if value.second else f"{value:%H:%M}"


def duration(value: dt.timedelta) -> str:
    """Hours beyond 24 as a spreadsheet shows them under ``[h]:mm``."""
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{sign}{hours}:{minutes:02d}" + (f":{rest:02d}" if rest else "")


def text(value: str) -> str:
    """A text cell: ``_x000D_`` undone, one kind of line break, no control characters, no spaces around it."""
    if "_x" in value:
        value = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), value)
    if "\r" in value:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    if _CONTROLS.search(value):
        value = _CONTROLS.sub("", value)
    if value.startswith('="') and (wrapped := _FORMULA_TEXT.fullmatch(value)):
        value = wrapped[1]  # the way to keep leading zeros in a CSV
    if not value.isascii() and _SURROGATES.search(value):
        value = _SURROGATES.sub("\ufffd", value)
    return value.strip()


_MAYBE_ODD = pattern(r"\d[Ee]\+?\d")


_BLOCK = 1 << 18


def blocks(text: str) -> Iterator[str]:
    """The text in pieces of whole lines (each ends with the line feed that ends it): what is made of a piece stays small."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + _BLOCK) + 1 or len(text)
        yield text[start:end]
        start = end


def untouched(delimited: str, separator: str) -> bool:
    """Whether no cell of a delimited text needs ``text``, nor looks ``damaged`` or ``broken``: one look at the whole, which may
    say no for nothing.
    """
    return all(_untouched(block, separator) for block in blocks(delimited))


def _untouched(delimited: str, separator: str) -> bool:
    delimited = delimited.replace("\r\n", "\n")
    bare = delimited.replace("\u3000", "").replace(separator, "").replace("\n", "")
    if not bare.isprintable() or any(mark in bare for mark in ("_x", "#", "Err:")):
        return False
    if ("E" in bare or "e" in bare) and _MAYBE_ODD.search(bare):
        return False
    edges = [edge for edge in (separator, "\n", '"') if edge in delimited]
    opening = [mark for mark in (" ", "\u3000", "=") if mark in delimited]
    if delimited.startswith(tuple(opening)) or delimited.endswith((" ", "\u3000")):
        return False
    beginnings = [edge + mark for edge in edges for mark in opening]
    ends = [mark + edge for edge in edges for mark in opening if mark != "="]
    return not any(one in delimited for one in (*beginnings, *ends))


def _clean(lines: str, count: int) -> bool:
    """Whether these are so many texts, one a line, of which none needs ``text`` or looks damaged."""
    return lines.count("\n") == count - 1 and "\r" not in lines and _untouched(lines, "\n")


def changes(delimited: str) -> bool:
    """Whether ``text`` could change more of a cell than the spaces around it: a code of a character, a control character."""
    return ("_x" in delimited and _ESCAPE.search(delimited) is not None) or _has_controls(delimited) or '="' in delimited


def _has_controls(text: str) -> bool:
    """Whether there is a control character; where all can be printed, that is told without a search."""
    return not text.replace("\n", "").replace("\u3000", "").isprintable() and _CONTROLS.search(text) is not None


def damaged(value: str) -> bool:
    """Whether the text is what is left of a code that was once opened as a number (``5.22001E+12``)."""
    return _SCIENTIFIC.fullmatch(value) is not None


def broken(value: str) -> bool:
    """Whether the text is a spreadsheet's error or its sign for a column that is too narrow."""
    return value.startswith(("#", "Err:")) and _SHARPS.fullmatch(value) is not None


@frozen
class Style:
    """What of a format changes the characters: zeros in front, per cent, nothing shown at all, or nothing of numbers; a line through them; that they
    are of the colour of what is behind them (``ink``: "white", or "box" for any other)."""

    zeros: int = 0
    percent: int | None = None
    nothing: bool = False
    no_numbers: bool = False
    struck: bool = False
    ink: str = ""

    def shown(self, value: object) -> str | None:
        """The characters under this format; None when the value is not one that it changes."""
        if self.nothing:
            return ""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if self.no_numbers:
            return ""
        if self.percent is not None:
            return f"{round(Decimal(repr(float(value))) * 100, self.percent):f}%"
        if self.zeros and value == int(value):
            return f"{int(value):0{self.zeros}d}"
        return None


_BLANK_PART = pattern(r'"\s*"|\\ |_.|\*.|\[[^\]]*\]|\s')
"""What of a number format shows nothing: spaces, fillings, colours."""


def alike(ink: str, paper: str) -> str:
    """The ``ink`` of a style: whether two colours (RRGGBB, or any name for one that is not known) cannot be told from each other."""
    if ink != paper and not (_RGB.fullmatch(ink) and _RGB.fullmatch(paper) and all(abs(int(ink[i : i + 2], 16) - int(paper[i : i + 2], 16)) <= _NEAR for i in (0, 2, 4))):
        return ""
    return "white" if _RGB.fullmatch(ink) and all(int(ink[i : i + 2], 16) >= 0xFF - _NEAR for i in (0, 2, 4)) else "box"


_RGB = pattern(r"[0-9A-Fa-f]{6}")
_NEAR = 8
"""Of 255 parts of a colour: nobody sees so small a difference."""


def style(format_code: str) -> Style | None:
    """The style of a number format code (ECMA-376 Part 1, 18.8.31); None when it changes nothing here."""
    code = format_code.split(";")[0].split("@")[0]
    parts = [_BLANK_PART.sub("", part) for part in format_code.split(";")]
    if 3 <= len(parts) <= 4 and not any(parts):  # the fourth part is for text, which is shown where there is none
        return Style(nothing=len(parts) == 4, no_numbers=len(parts) == 3)
    plain = re.sub(r'\[[^\]]*\]|"[^"]*"|\\.|_.|\*.', "", code).strip()
    if plain.endswith("%"):
        return Style(percent=len(plain.partition(".")[2].rstrip("%")))
    if re.fullmatch(r"0{2,}", plain):
        return Style(zeros=len(plain))
    return None


class Strings(dict[object, str]):
    """Turns values into strings, each different value once: equal cells share one string.

    0 and 1 are not remembered unless they are text: to a dictionary they are the same as FALSE and TRUE.
    """

    def __init__(self) -> None:
        super().__init__()
        self._shared: dict[int, dict[str, str]] = {}
        self._begun = False

    def row(self, values: Iterable[object]) -> tuple[str, ...]:
        return tuple(map(self.__getitem__, values))

    def rows(self, block: Sequence[Sequence[object]]) -> list[tuple[str, ...]]:
        """The same of many rows of one width: columns of texts that need nothing are looked at as a whole, three times faster."""
        if not (block and block[0]):
            return [()] * len(block)
        columns = [self._column(place, cells) for place, cells in enumerate(zip(*block, strict=True))]
        self._begun = True
        return list(zip(*columns, strict=True))

    def _column(self, place: int, cells: tuple[Any, ...]) -> Iterable[str]:
        if set(map(type, cells)) != {str} or not _clean("\n".join(cells), len(cells)):
            return map(self.__getitem__, cells)
        if not self._begun and 2 * len(set(cells)) <= len(cells):  # equal cells share one string where many are equal
            self._shared[place] = {}
        return map(self._shared[place].setdefault, cells, cells) if place in self._shared else cells

    def __missing__(self, value: object) -> str:
        if type(value) is str:
            if not _UNCLEAN.search(value):
                self[value] = value
                return value
            made = text(value)
        else:
            made = _other(value)
            if value == 0 or value == 1:
                return made
        self[value] = made = self.setdefault(made, made)
        return made

    def odd(self) -> tuple[str, ...]:
        """The different strings that look damaged, see ``damaged`` and ``broken``."""
        return tuple({match[0] for match in _ODD.finditer("\n".join(self.values()))})


def _other(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, dt.datetime):
        return moment(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        return clock(value)
    if isinstance(value, dt.timedelta):
        return duration(value)
    return text(str(value))
