"""When is a dropped file finished? When it has stood still.

A share tells nobody that a writer closed a file, and a copy over a slow line grows for minutes. So a file is ready when neither its
size nor its times have changed for a while, or when the local disk said that its writer closed it.
"""

from __future__ import annotations

from collections.abc import Iterable

from publisher.intake.listing import Entry
from publisher.values import field, record

QUIET = 1.0
"""Seconds for which a file must have stood still when nobody said that it was closed."""


@record
class Settling:
    """Remembers when each unfinished file was last seen to change. ``quiet`` in seconds, moments on one monotonic clock."""

    quiet: float = QUIET
    _seen: dict[str, tuple[tuple[int, int], float]] = field(default_factory=dict)

    def ready(self, entries: Iterable[Entry], closed: Iterable[str], moment: float) -> tuple[tuple[Entry, ...], float | None]:
        """(those that are finished, seconds until it is worth asking again for the others — None: none is left)."""
        said = set(closed)
        done, wait = [], None
        current = {}
        for entry in entries:
            stamp = (entry.size, entry.mtime)
            known = self._seen.get(entry.path)
            since = known[1] if known is not None and known[0] == stamp else moment
            left = 0.0 if entry.path in said else since + self.quiet - moment
            if left <= 0:
                done.append(entry)
            else:
                current[entry.path] = (stamp, since)
                wait = left if wait is None else min(wait, left)
        self._seen = current
        return tuple(done), wait
