"""Lines over time: an SVG whose text is text, and a small grey JPEG for handsets. The same numbers, the same bytes.

Drawn by pygal; the JPEG is the same drawing in the Noto font that is installed with us, so that no machine needs fonts of its own.
Both libraries are imported when something is drawn.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime, tzinfo
from functools import cache
from types import ModuleType
from typing import Any

from publisher.patterns import pattern
from publisher.values import frozen

POINTS = 24
"""Moments that one drawing shows at most: thinned evenly, the first and the last are kept."""

LINES = 5
"""Lines of one drawing at most: more cannot be told apart."""

WIDE, TALL = 480, 290
"""Pixels of the SVG: on a phone of 375 its letters are still 10 pixels high."""

SMALL_BYTES = 4_500
"""Old handsets take 5,000 bytes for a page and its pictures together."""

_DASHES = ("", "8,4", "2,3", "10,3,2,3", "5,2")
_COLOURS = ("#0b4aa2", "#a33c00", "#00695c", "#6a1b9a", "#37474f")
_GREYS = ("#000000", "#404040", "#000000", "#404040", "#000000")
_FONTS = "'Hiragino Sans','Noto Sans JP','Noto Sans CJK JP',Meiryo,sans-serif"


@frozen
class Line:
    """``mark`` is written at its end where there are several: colours and dashes alone tell nobody enough."""

    mark: str
    points: tuple[tuple[datetime, int], ...]


@frozen
class Drawing:
    """``title`` is for those who cannot see it; the page says the numbers."""

    title: str
    lines: tuple[Line, ...]
    zone: tzinfo

    def svg(self) -> bytes:
        return _svg(self, WIDE, TALL, 14, _COLOURS)

    def jpeg(self) -> bytes:
        """Baseline, at most 228 pixels wide and ``SMALL_BYTES`` long."""
        return _jpeg(self)


def thinned(points: Sequence[tuple[datetime, int]], most: int = POINTS) -> tuple[tuple[datetime, int], ...]:
    """At most so many points; the first, the last, and evenly spaced ones between."""
    if len(points) <= most:
        return tuple(points)
    return tuple(points[round(step * (len(points) - 1) / (most - 1))] for step in range(most))


@cache
def _pygal() -> ModuleType:
    """The library without its way of importing plug-ins, a finder of the kind that Python 3.12 gave up and 3.11 warns of."""
    import pygal

    sys.meta_path[:] = [finder for finder in sys.meta_path if not type(finder).__module__.startswith("pygal")]
    return pygal


def _svg(drawing: Drawing, width: int, height: int, letters: int, colours: Sequence[str]) -> bytes:
    pygal = _pygal()
    narrow = width < 400
    moments = sorted({moment for line in drawing.lines for moment, _ in line.points})
    highest = max((value for line in drawing.lines for _, value in line.points), default=0)
    steps = _steps(highest, 3 if narrow else 5)
    top = max(steps[-1], highest * _HEADROOM) if len(drawing.lines) > 1 else steps[-1]
    chart = pygal.XY(
        width=width, height=height, explicit_size=True, js=(), css=(), no_prefix=True, disable_xml_declaration=True, show_legend=False,
        print_labels=True, dots_size=2 if narrow else 3, show_x_guides=False, truncate_label=-1, margin=letters // 2, margin_right=letters * 3, margin_left=letters * 2,
        spacing=letters // 2, range=(0, top), y_labels=steps, x_labels=_times(moments, drawing.zone, 2 if narrow else 4),
        formatter=_said,
    )  # fmt: skip
    for number, line in enumerate(drawing.lines):
        points = thinned(line.points)
        where = (number + 1) * len(points) // (len(drawing.lines) + 1)  # each somewhere else: lines meet at their ends
        labels = [line.mark if place == where else "" for place in range(len(points))]
        chart.add(
            line.mark,
            [{"value": (moment.timestamp(), value), "label": label} for (moment, value), label in zip(points, labels, strict=True)],
        )
    return _plain(chart.render_tree(), drawing.title, _style(len(drawing.lines), letters, colours))


def _style(lines: int, letters: int, colours: Sequence[str]) -> str:
    rules = [
        f"text{{font:{letters}px {_FONTS};fill:#1b1b1b;stroke:none}}.background{{fill:#fff}}.guides path{{fill:none;stroke:#d0d4da}}",
        ".axis.y text{text-anchor:end}.axis.x text,.label{text-anchor:middle}.label{font-weight:bold;stroke:#fff;stroke-width:4px;paint-order:stroke}.value{display:none}.series .line{fill:none;stroke-width:2}",
    ]
    for number in range(lines):
        colour, dash = colours[number % len(colours)], _DASHES[number % len(_DASHES)]
        rules.append(f".color-{number}{{stroke:{colour};fill:{colour}}}")
        rules += [f".serie-{number} .line{{stroke-dasharray:{dash}}}"] if dash else []
    return "".join(rules)


def _steps(highest: int, most: int) -> list[int]:
    """Round numbers for the axis of counts, from zero to where the lines end."""
    step = next(size for power in range(9) for size in (10**power, 2 * 10**power, 5 * 10**power) if size * most >= max(highest, 1))
    return list(range(0, max(highest, 1) + step, step))


def _times(moments: Sequence[datetime], zone: tzinfo, most: int) -> list[dict[str, object]]:
    """Some of the moments, those at the ends among them, as 3/12 14:46."""
    chosen = [moment for moment, _ in thinned([(moment, 0) for moment in moments], most)]
    local = [moment.astimezone(zone) for moment in chosen]
    return [{"value": moment.timestamp(), "label": f"{moment.month}/{moment.day} {moment:%H:%M}"} for moment in local]


_HEADROOM = 1.15
"""Of the axis above the highest of several lines: the letters above their points stand there."""
_BESIDE, _BELOW = 15, 24
"""Where pygal puts a label, in pixels from where it is read best."""
_UNUSED = frozenset(("dots", "dot reactive tooltip-trigger", "major", ""))
_LONG_NUMBER = pattern(r"-?\d+\.\d{2,}")


def _plain(root: Any, title: str, style: str) -> bytes:
    """Without comments (they bear today's date), scripts, and what only a script would show."""
    from lxml import etree

    for element in list(root.iter()):
        name = etree.QName(element).localname if isinstance(element.tag, str) else "comment"
        if name in {"comment", "script", "style", "desc", "title"} or element.get("class") in {"value", "text-overlay-empty", "titles"}:
            _remove(element)
    for element in root.iter():
        if element.get("class") == "label":  # above its point, not beside it
            element.set("x", str(float(element.get("x")) - _BESIDE))
            element.set("y", str(float(element.get("y")) - _BELOW))
        if element.get("class") in _UNUSED:
            del element.attrib["class"]
        for name, value in element.attrib.items():
            element.set(name, _LONG_NUMBER.sub(lambda found: f"{float(found[0]):.1f}", value))
    space = "{http://www.w3.org/2000/svg}"
    for name, text in (("style", style), ("title", title)):
        made = etree.Element(space + name)
        made.text = text
        root.insert(0, made)
    root.attrib.pop("id", None)
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="utf-8")


def _remove(element: Any) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _jpeg(drawing: Drawing) -> bytes:
    import resvg_py

    from publisher.readers.fonts import sans
    from publisher.readers.jpeg import small_grey

    svg = _svg(drawing, 228, 168, 12, _GREYS).decode()
    png = resvg_py.svg_to_bytes(
        svg_string=svg, background="#ffffff", skip_system_fonts=True, font_files=[str(sans())], sans_serif_family="Noto Sans JP",
        font_family="Noto Sans JP",
    )  # fmt: skip
    return small_grey(bytes(png), SMALL_BYTES)


def _said(value: object) -> str:
    """A number of the axis; of points pygal asks for pairs, which nothing shows."""
    return f"{value:,.0f}" if isinstance(value, int | float) else ""
