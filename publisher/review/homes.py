"""Whether two addresses are of one home, as far as both say it."""

from __future__ import annotations

from publisher.review.restrict import homes, pieces


class Homes:
    """Compares addresses; the ways to say one are made once."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[str, ...], frozenset[str]]] = {}

    def agree(self, one: str, other: str) -> bool | None:
        """Whether one is the other or its beginning (本町3 and 本町3-4-5); None where one of them is not said."""
        if not (one and other):
            return None
        (mine, beginnings), (theirs, others) = self._home(one), self._home(other)
        if not (mine and theirs):
            return None
        return mine[0] in others or theirs[0] in beginnings

    def _home(self, text: str) -> tuple[tuple[str, ...], frozenset[str]]:
        """The ways to say an address shortly, and their beginnings."""
        if text not in self._known:
            ways = homes(text)
            self._known[text] = ways, frozenset(pieces(ways))
        return self._known[text]
