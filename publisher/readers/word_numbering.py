"""The numbers that Word counts for itself: 第１, (2), ア, ③ (ECMA-376 part 1, 17.9)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from publisher.readers.word_styles import Styles, W, child, switched, value
from publisher.values import frozen, record

_AIU = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"
_IROHA = "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセスン"
_DIGITS = "〇一二三四五六七八九"
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
          (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


def _roman(number: int) -> str:
    found = ""
    for step, letters in _ROMAN:
        found += letters * (number // step)
        number %= step
    return found


def _letters(number: int) -> str:
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)


def _row(signs: str) -> Callable[[int], str]:
    return lambda number: signs[(number - 1) % len(signs)]


def _counting(number: int) -> str:
    """一, 十二, 二十, 百三."""
    found = ""
    for step, sign in ((1000, "千"), (100, "百"), (10, "十")):
        times, number = divmod(number, step)
        if times:
            found += ("" if times == 1 else _DIGITS[times % 10]) + sign
    return found + (_DIGITS[number] if number else "") or _DIGITS[0]


def _circled(number: int) -> str:
    return chr(0x2460 + number - 1) if 1 <= number <= 20 else f"({number})"


FORMATS: dict[str, Callable[[int], str]] = {
    "decimal": str,
    "decimalHalfWidth": str,
    "decimalZero": lambda number: f"{number:02}",
    "decimalFullWidth": lambda number: str(number).translate(_WIDE),
    "decimalFullWidth2": lambda number: str(number).translate(_WIDE),
    "decimalEnclosedCircle": _circled,
    "decimalEnclosedCircleChinese": _circled,
    "decimalEnclosedParen": lambda number: f"({number})",
    "decimalEnclosedFullstop": lambda number: f"{number}.",
    "upperRoman": lambda number: _roman(number).upper(),
    "lowerRoman": _roman,
    "upperLetter": lambda number: _letters(number).upper(),
    "lowerLetter": _letters,
    "aiueo": _row(_AIU),
    "aiueoFullWidth": _row(_AIU),
    "iroha": _row(_IROHA),
    "irohaFullWidth": _row(_IROHA),
    "japaneseCounting": _counting,
    "japaneseLegal": _counting,
    "japaneseDigitalTenThousand": lambda number: "".join(_DIGITS[int(digit)] for digit in str(number)),
    "ideographDigital": lambda number: "".join(_DIGITS[int(digit)] for digit in str(number)),
    "chineseCounting": _counting,
    "none": lambda number: "",
}


@record
class _Level:
    start: int
    format: str
    text: str
    legal: bool
    restart: int | None


@frozen
class Label:
    """What stands before a paragraph. ``plain``: 1. or 2) as lists of the web have it too."""

    text: str
    bullet: bool
    plain: bool


class Numbering:
    """Counts while the paragraphs of a document go by in their order."""

    def __init__(self, root: Any, styles: Styles) -> None:
        self._styles = styles
        self._levels: dict[str, dict[int, _Level]] = {}
        self._family: dict[str, str] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[str] = set()
        self._starts: dict[str, dict[int, int]] = {}
        if root is not None:
            self._read(root)

    def label(self, paragraph: Any) -> Label | None:
        """The label of the next paragraph; None when it has no number."""
        number, depth = self._reference(paragraph)
        levels = self._levels.get(number)
        if levels is None or number == "0" or depth not in levels:
            return None
        level = levels[depth]
        if level.format == "bullet":
            return Label("", True, False)
        counts = self._count(number, depth, levels)
        text = re.sub(
            r"%([1-9])",
            lambda match: self._figure(counts, levels, int(match[1]) - 1, level.legal),
            level.text,
        )
        if _is_hidden(child(paragraph, "pPr", "rPr")):
            text = ""
        plain = level.format == "decimal" and re.fullmatch(r"[0-9]+[.)]?", text) is not None
        return Label(text.strip(), False, plain)

    def _reference(self, paragraph: Any) -> tuple[str, int]:
        properties = child(paragraph, "pPr")
        style = value(child(properties, "pStyle")) or self._styles.default("paragraph")
        own = child(properties, "numPr")
        inherited = self._styles.found(style, "pPr", "numPr")
        number = value(child(own, "numId")) or value(child(inherited, "numId"))
        depth = value(child(own, "ilvl")) or value(child(inherited, "ilvl")) or "0"
        return number, int(depth) if depth.isdecimal() else 0

    def _count(self, number: str, depth: int, levels: dict[int, _Level]) -> dict[int, int]:
        """Numbers of one family count on together, until one of them says that it starts anew."""
        counts = self._counts.setdefault(self._family[number], {})
        if number not in self._begun:
            self._begun.add(number)
            for level, start in self._starts.get(number, {}).items():
                counts[level] = start - 1
        counts[depth] = counts.get(depth, levels[depth].start - 1) + 1
        for deeper in [level for level in counts if level > depth]:
            restart = levels[deeper].restart if deeper in levels else None
            if restart is None or (restart and depth < restart):
                del counts[deeper]
        return counts

    @staticmethod
    def _figure(counts: dict[int, int], levels: dict[int, _Level], depth: int, legal: bool) -> str:
        level = levels.get(depth)
        if level is None:
            return ""
        number = counts.get(depth, level.start)
        return (
            str(number)
            if legal
            else FORMATS.get(level.format, str)(max(number, 0) or 0)
            if number > 0
            else "0"
        )

    def _read(self, root: Any) -> None:
        abstract = {value(element, "abstractNumId"): element for element in root.findall(W + "abstractNum")}
        by_style = {
            value(child(element, "styleLink")): element
            for element in abstract.values()
            if child(element, "styleLink") is not None
        }
        for number in root.findall(W + "num"):
            name = value(number, "numId")
            family = value(child(number, "abstractNumId"))
            element = abstract.get(family)
            if element is not None and (link := child(element, "numStyleLink")) is not None:
                element = by_style.get(value(link), element)
                family = value(element, "abstractNumId")
            if element is None:
                continue
            levels = {_depth(level): _level(level) for level in element.findall(W + "lvl")}
            for override in number.findall(W + "lvlOverride"):
                depth = _depth(override)
                if (own := child(override, "lvl")) is not None:
                    levels[depth] = _level(own)
                if (start := child(override, "startOverride")) is not None:
                    self._starts.setdefault(name, {})[depth] = _integer(value(start), 1)
            self._levels[name] = levels
            self._family[name] = family


def _depth(element: Any) -> int:
    return _integer(value(element, "ilvl"), 0)


def _integer(text: str, otherwise: int) -> int:
    return int(text) if re.fullmatch(r"-?\d{1,9}", text) else otherwise


def _is_hidden(properties: Any) -> bool:
    """A number looks like the mark of its paragraph, and as its level says (17.9.24)."""
    hidden = child(properties, "vanish")
    return hidden is not None and switched(hidden)


def _level(element: Any) -> _Level:
    restart = child(element, "lvlRestart")
    text = "" if _is_hidden(child(element, "rPr")) else value(child(element, "lvlText"))
    return _Level(
        _integer(value(child(element, "start")), 0 if child(element, "start") is None else 1),
        value(child(element, "numFmt")) or "decimal",
        text,
        child(element, "isLgl") is not None,
        None if restart is None else _integer(value(restart), 0),
    )
