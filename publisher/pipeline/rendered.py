"""What became of an order, on its way from whoever rendered it to whoever records it."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterator, Sequence

from publisher.model import Problem
from publisher.values import field, record

RUN = 1_000
"""Files that are packed together."""


class Files:
    """Files that were put down, each as ``Staged.flat()``, in few bytes: three hundred thousand of them as values take as much memory as a quarter of their
    roll, and pickle takes five times as long as marshal. Both ends are the same program."""

    __slots__ = ("_last", "_packed")

    def __init__(self, packed: Sequence[bytes] = ()) -> None:
        self._packed, self._last = list(packed), list[tuple[object, ...]]()

    def append(self, flat: tuple[object, ...]) -> None:
        self._last.append(flat)
        if len(self._last) >= RUN:
            self._pack()

    def take(self, others: Files) -> None:
        """Those of a copy of this process, too."""
        self._packed += others.packed

    @property
    def packed(self) -> list[bytes]:
        """All of them, to travel."""
        if self._last:
            self._pack()
        return self._packed

    def drain(self) -> Iterator[tuple[object, ...]]:
        """Each of them once: what was read is let go of."""
        packed, self._packed = self.packed, []
        packed.reverse()
        while packed:
            yield from marshal.loads(packed.pop())

    def _pack(self) -> None:
        self._packed.append(marshal.dumps(self._last))
        self._last.clear()


@record
class Rendered:
    """What an order became: the files put down, all paths of each owner, and what staff should know of the document. All but the notes travels as bytes."""

    document: str = ""
    files: Files = field(default_factory=Files)
    owners: dict[str, list[str]] = field(default_factory=dict)
    unchanged: int = 0
    rekeyed: list[tuple[str, str]] = field(default_factory=list)
    notes: tuple[Problem, ...] = ()

    def __reduce__(self) -> tuple[Callable[..., Rendered], tuple[bytes, tuple[Problem, ...]]]:
        return _rendered, (marshal.dumps((self.document, self.files.packed, self.owners, self.unchanged, self.rekeyed)), self.notes)


def _rendered(told: bytes, notes: tuple[Problem, ...]) -> Rendered:
    document, packed, owners, unchanged, rekeyed = marshal.loads(told)
    return Rendered(document, Files(packed), owners, unchanged, rekeyed, notes)
