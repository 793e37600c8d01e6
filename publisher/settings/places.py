"""Where each key of a TOML text stands, so that a mistake can be told with its line."""

from __future__ import annotations

import re
import tomllib

from publisher.patterns import pattern

Path = tuple[str | int, ...]

_BLANK = pattern(r"(?:[ \t\n]|#[^\n]*)*")
_PART = pattern(r"""[ \t]*(?:([A-Za-z0-9_-]+)|("(?:[^"\\\n]|\\.)*")|'([^'\n]*)')[ \t]*""")
_STRING = pattern(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})' r"|'''.*?'''(?:'{0,2})" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE = pattern(r"[^,\]}#\n]*")


def places(text: str) -> dict[Path, int]:
    """The line (from 1) of each key and section, by its path: ``("tables", 1, "mask", "住所")``.

    ``text`` has to be valid TOML 1.0 already: nothing is checked here.
    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.document()
    return scanner.found


class _Scanner:
    def __init__(self, text: str) -> None:
        self.found: dict[Path, int] = {}
        self._text, self._at = text, 0
        self._counted, self._line = 0, 1
        self._arrays: dict[Path, int] = {}

    def document(self) -> None:
        base: Path = ()
        while self._peek():
            if self._peek() == "[":
                base = self._header()
            else:
                self._pair(base)

    def _header(self) -> Path:
        """``[a.b]`` and ``[[a.b]]``; a name of an array stands for its last element."""
        line = self._number()
        double = self._text.startswith("[[", self._at)
        self._at += 2 if double else 1
        names = self._names()
        self._at += 2 if double else 1
        path: Path = ()
        for position, name in enumerate(names):
            path = (*path, name)
            last = position == len(names) - 1
            if double and last:
                self._arrays[path] = self._arrays.get(path, 0) + 1
            if path in self._arrays:
                self._note(path, line)
                path = (*path, self._arrays[path] - 1)
            self._note(path, line)
        return path

    def _pair(self, base: Path) -> None:
        line = self._number()
        path = base
        for name in self._names():
            path = (*path, name)
            self._note(path, line)
        self._at += 1  # the equals sign
        self._value(path)

    def _names(self) -> list[str]:
        names = []
        while True:
            part = _PART.match(self._text, self._at)
            assert part is not None, "a key of valid TOML"
            bare, basic, literal = part.groups()
            names.append(tomllib.loads(f"k = {basic}")["k"] if basic else bare or literal or "")
            self._at = part.end()
            if not self._text.startswith(".", self._at):
                return names
            self._at += 1

    def _value(self, path: Path) -> None:
        first = self._peek()
        if first in "\"'":
            self._at = _STRING.match(self._text, self._at).end()  # type: ignore[union-attr]
        elif first == "[":
            self._listed("]", lambda number: self._element((*path, number)))
        elif first == "{":
            self._listed("}", lambda _: self._pair(path))
        else:
            self._at = _BARE.match(self._text, self._at).end()  # type: ignore[union-attr]

    def _element(self, path: Path) -> None:
        self._note(path, self._number())
        self._value(path)

    def _listed(self, end: str, one: object) -> None:
        """An array or an inline table, from its opening bracket."""
        self._at += 1
        number = 0
        while self._peek() != end:
            one(number)  # type: ignore[operator]
            number += 1
            if self._peek() == ",":
                self._at += 1
        self._at += 1

    def _peek(self) -> str:
        """The next character that is neither white space nor within a comment; "" at the end."""
        self._at = _BLANK.match(self._text, self._at).end()  # type: ignore[union-attr]
        return self._text[self._at : self._at + 1]

    def _number(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _note(self, path: Path, line: int) -> None:
        self.found.setdefault(path, line)
