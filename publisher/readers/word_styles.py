"""Names and inherited properties of the styles of a Word document (ECMA-376 part 1, 17.7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
PIC = "{http://schemas.openxmlformats.org/drawingml/2006/picture}"
V = "{urn:schemas-microsoft-com:vml}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
WPS = "{http://schemas.microsoft.com/office/word/2010/wordprocessingShape}"
W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"

_OFF = {"0", "false", "off"}


def names(text: str) -> tuple[str, ...]:
    """Names of the main namespace, from their local names with spaces between."""
    return tuple(W + name for name in text.split())


def value(element: Any, name: str = "val") -> str:
    """An attribute of the main namespace, or ""."""
    return "" if element is None else element.get(W + name, "")


def child(element: Any, *names: str) -> Any:
    """The first child by a path of local names of the main namespace, or None."""
    for name in names:
        if element is None:
            return None
        element = element.find(W + name)
    return element


def switched(element: Any) -> bool:
    """Is an on/off property, which is there, on?"""
    return value(element).lower() not in _OFF


class Styles:
    """Looks properties up through ``basedOn``. An id that is not defined has none."""

    def __init__(self, root: Any) -> None:
        self._styles: dict[str, Any] = {}
        self._defaults: dict[str, str] = {}
        self._base = None
        for style in () if root is None else root.iter(W + "style"):
            self._styles[value(style, "styleId")] = style
            if value(style, "default") in ("1", "true"):
                self._defaults[value(style, "type")] = value(style, "styleId")
        if root is not None:
            self._base = child(root, "docDefaults", "rPrDefault", "rPr")

    def name(self, style: str) -> str:
        """The name that people see, in lower case: ``heading 1``, ``toc 2``, ``表題``."""
        return value(child(self._styles.get(style), "name")).lower().strip() or style.lower()

    def default(self, kind: str) -> str:
        return self._defaults.get(kind, "")

    def found(self, style: str, group: str, name: str) -> Any:
        """The property ``name`` within ``rPr`` or ``pPr`` of a style or of what it is based on."""
        for element in self._chain(style):
            if (there := child(element, group, name)) is not None:
                return there
        return None

    def conditional(self, style: str, name: str) -> Iterator[Any]:
        """The run property ``name`` wherever a table style gives it to some of the cells only."""
        for element in self._chain(style):
            for part in element.findall(W + "tblStylePr"):
                yield child(part, "rPr", name)

    def base(self, name: str) -> Any:
        """A run property of the whole document."""
        return child(self._base, name)

    def _chain(self, style: str) -> Iterator[Any]:
        seen: set[str] = set()
        while style in self._styles and style not in seen:
            seen.add(style)
            yield self._styles[style]
            style = value(child(self._styles[style], "basedOn"))
