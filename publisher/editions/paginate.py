"""Divides a long document into pages of a bounded size, at the largest boundary that fits: block, item or
row, sentence, characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

LEAST_ROOM = 400
"""Bytes of body that every page takes, even when the frame alone is nearly as large as the budget."""


class Piece(NamedTuple):
    """Markup that stays on one page if it can.

    When it cannot, ``parts`` gives the pieces within it; on every page that has some of them they stand
    between ``open`` and ``close``. ``keep``: a heading, which does not stand at the foot of a page.
    """

    html: str
    parts: Callable[[], Sequence[Piece]] | None = None
    open: str = ""
    close: str = ""
    keep: bool = False


def paginate(pieces: Sequence[Piece], first: int, rest: int, size: Callable[[str], int]) -> list[str]:
    """The bodies of the pages: at most ``first`` bytes on the first and ``rest`` on each other, in the
    measure of ``size``.

    A piece without parts that is larger than a page gets a page of its own; callers see to it that there
    are none.
    """
    writer = _Writer(max(first, LEAST_ROOM), max(rest, LEAST_ROOM), size)
    writer.add_all(pieces)
    return writer.bodies()


class _Writer:
    def __init__(self, first: int, rest: int, size: Callable[[str], int]) -> None:
        self._rest = rest
        self._size = size
        self._room = first
        self._left = first
        self._pages: list[list[str]] = [[]]
        self._stack: list[Piece] = []

    def bodies(self) -> list[str]:
        return ["".join(page) for page in self._pages if page] or [""]

    def add_all(self, pieces: Iterable[Piece]) -> None:
        pieces = list(pieces)
        for index, piece in enumerate(pieces):
            if piece.keep and index + 1 < len(pieces):
                company = min(self._size(pieces[index + 1].html), self._room // 4)
                if self._size(piece.html) + company > self._left and not self._fresh():
                    self._turn()
            self._add(piece)

    def _add(self, piece: Piece) -> None:
        need = self._size(piece.html)
        if need <= self._left:
            self._write(piece.html, need)
            return
        next_room = self._rest - self._wraps()
        if (
            not self._fresh()
            and need <= next_room
            and (piece.parts is None or self._left < self._room * 2 // 5)
        ):
            self._turn()
            self._write(piece.html, need)
        elif piece.parts is None:
            if not self._fresh():
                self._turn()
            self._write(piece.html, need)
        else:
            self._divide(piece)

    def _divide(self, piece: Piece) -> None:
        cost = self._size(piece.open + piece.close)
        if not self._fresh() and self._left - cost < self._room // 6:
            self._turn()
        self._stack.append(piece)
        self._pages[-1].append(piece.open)
        self._left -= cost
        assert piece.parts is not None
        self.add_all(piece.parts())
        self._stack.pop()
        self._end(piece)

    def _end(self, piece: Piece) -> None:
        page = self._pages[-1]
        if page and page[-1] is piece.open and piece.open:
            page.pop()  # nothing of it came to stand on this page
        else:
            page.append(piece.close)

    def _turn(self) -> None:
        """Close what is open, and open it again on a new page."""
        page = self._pages[-1]
        for piece in reversed(self._stack):
            self._end(piece)
        if not any(page):
            self._pages.pop()
        self._room = self._rest
        self._left = self._rest - self._wraps()
        self._pages.append([piece.open for piece in self._stack])

    def _write(self, html: str, need: int) -> None:
        self._pages[-1].append(html)
        self._left -= need

    def _fresh(self) -> bool:
        """Whether nothing but opening tags stands on the page."""
        return len(self._pages[-1]) <= len(self._stack) and all(
            html is piece.open for html, piece in zip(self._pages[-1], self._stack, strict=False)
        )

    def _wraps(self) -> int:
        return sum(self._size(piece.open + piece.close) for piece in self._stack)
