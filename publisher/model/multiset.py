"""What many rows say, each text once, and how many say it."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import overload

from publisher.values import field, frozen


class Lines(Sequence[str]):
    """Many texts as one, a line each, until somebody asks for one of them: to hand over or to write down a hundred thousand takes no time."""

    def __init__(self, text: str, count: int) -> None:
        self.text, self._count = text, count
        self._texts: list[str] | None = None

    @classmethod
    def of(cls, texts: Sequence[str]) -> Sequence[str]:
        """The texts; as they are where one of them has lines of its own."""
        found = cls("\n".join(texts), len(texts))
        return found if found.text.count("\n") == max(len(texts) - 1, 0) else texts

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> list[str]: ...

    def __getitem__(self, at: int | slice) -> str | list[str]:
        return self._split()[at]

    def __iter__(self) -> Iterator[str]:
        return iter(self._split())

    def _split(self) -> list[str]:
        if self._texts is None:
            self._texts = self.text.split("\n") if self._count else []
        return self._texts


@frozen
class Multiset:
    """``texts`` sorted, ``counts`` in the same order. Two rolls that differ in a few rows differ in a few texts: nothing else is looked at."""

    texts: Sequence[str] = field(default=(), repr=False)
    counts: Sequence[int] = field(default=(), repr=False)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Multiset:
        found = Counter(texts)
        whole = sorted(found)
        return cls(whole, array("I", map(found.__getitem__, whole)))

    def changed(self, gone: Iterable[str], came: Iterable[str]) -> Multiset:
        """Without those that are ``gone``, each of which has to be there, and with those that ``came``."""
        texts, counts = list(self.texts), array("I", self.counts)
        for text in came:
            at = bisect_left(texts, text)
            if at < len(texts) and texts[at] == text:
                counts[at] += 1
            else:
                texts.insert(at, text)
                counts.insert(at, 1)
        for text in gone:
            at = bisect_left(texts, text)
            if at == len(texts) or texts[at] != text or not counts[at]:
                raise KeyError(text)
            counts[at] -= 1
        if 0 in counts:
            texts = list(compress(texts, counts))
            counts = array("I", filter(None, counts))
        return Multiset(texts, counts)
