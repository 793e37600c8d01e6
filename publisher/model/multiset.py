"""What many rows say, each text once, and how many say it."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import compress

from publisher.values import field, frozen


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
