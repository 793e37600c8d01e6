"""Who may publish: one machine at a time, by conditional writes to one object.

The leader rewrites the lease every few seconds. A follower takes it over when it has *seen* the same version of it for ``ttl`` seconds of its
own clock, so that no two clocks are ever compared. A leader's right to speak ends ``right`` seconds after it *began* its last successful
rewriting, and ``right`` is shorter than ``ttl`` by more than an upload takes: before anybody can take over, the old leader has fallen silent,
whether it was cut off, slowed down or asleep. Each taking over counts the fence up by one.

What went lost is the answer to a write: then the next look tells by the write's own mark whether it counted.
"""

from __future__ import annotations

import json
import math
import secrets
import time
from collections.abc import Callable

from publisher.backup.seal import Damaged, Sealer
from publisher.backup.vault import SHOWN
from publisher.errors import BackupError, MirrorUnavailable
from publisher.mirrors.objects import Objects
from publisher.model import Problem
from publisher.values import as_dict, field, frozen, record

OBJECT = "lease"
LOOKS = 3
"""Times that a renewal looks again because a request of ours that was under way has arrived in between."""


def awake() -> float:
    """Seconds that have passed, those of a machine's sleep included where the system counts them (Linux: CLOCK_BOOTTIME)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@frozen
class Stand:
    """The lease as it stands in the store. ``holder`` tells machines apart, ``machine`` is its name for people, ``mark`` this write."""

    holder: str
    machine: str
    fence: int
    ttl: float
    mark: str
    released: bool = False


@record
class Lease:
    """One machine's side of the lease. ``takeover``: seconds after which another one should be publishing.

    Three fifths of them pass until the lease has aged; the rest is for bringing the state up to date.
    """

    store: Objects
    sealer: Sealer
    holder: str
    machine: str
    takeover: float = 30.0
    clock: Callable[[], float] = awake
    stand: Stand | None = None
    _tag: str | None = None
    _fence: int = 0
    _until: float = -math.inf
    _seen: tuple[str, float] | None = None
    _pending: dict[str, float] = field(default_factory=dict)

    @property
    def ttl(self) -> float:
        return self.takeover * 0.6

    @property
    def right(self) -> float:
        return self.ttl * 0.4

    @property
    def pause(self) -> float:
        """Seconds between two rewritings, and between two looks of a follower."""
        return self.ttl / 15

    @property
    def fence(self) -> int:
        return self._fence

    def leading(self) -> bool:
        """May this machine speak at this moment?"""
        return self._fence > 0 and self.clock() < self._until

    # --- taking ---

    def attempt(self) -> bool:
        """Look at the lease, and take it where it is free: never held, released, aged, or our own. Raises ``MirrorError``, ``BackupError``."""
        before = self.clock()
        found = self._look()
        after = self.clock()
        if found is None:
            self.stand = None
            return self._write(None, 1)
        stand, tag = found
        self.stand = stand
        if self._is_mine(stand, tag):
            return self.leading()
        if self._seen is None or self._seen[0] != tag:
            self._seen = (tag, after)
        aged = before - self._seen[1] >= max(self.ttl, stand.ttl)
        if stand.released or aged or stand.holder == self.holder:
            return self._write(tag, stand.fence + 1)
        return False

    def look(self) -> None:
        """See how the lease stands without trying to take it. Raises ``MirrorError``, ``BackupError``."""
        found = self._look()
        self.stand = None if found is None else found[0]
        if found is not None and (self._seen is None or self._seen[0] != found[1]):
            self._seen = (found[1], self.clock())

    def renew(self) -> bool:
        """Rewrite the lease; False when it is somebody else's now. Raises ``MirrorUnavailable`` when nothing can be said: the right runs on to its end.

        A request that got lost may never have arrived, or arrive between our look and our next write: as long as what stands is ours, we go on.
        """
        if not self._fence:
            return False
        if not self._pending and self._write(self._tag, self._fence):
            return True
        for _ in range(LOOKS):
            found = self._look()
            if found is None or not self._is_ours(*found):
                self._lose()
                return False
            if self._write(found[1], self._fence):
                return True
        return True

    def release(self) -> None:
        """Let the next one take over at once. Raises ``MirrorError``."""
        if self._fence and self._tag is not None:
            fence, tag = self._fence, self._tag
            self._lose()
            self.store.put_if(OBJECT, self._pack(fence, "", released=True), tag)

    def _lose(self) -> None:
        self._fence, self._tag, self._until = 0, None, -math.inf
        self._pending.clear()

    def _look(self) -> tuple[Stand, str] | None:
        item = self.store.get(OBJECT)
        if item is None:
            return None
        try:
            stand = Stand(**json.loads(self.sealer.open(OBJECT, item.body)))
        except (Damaged, ValueError, TypeError) as error:
            raise BackupError(
                Problem(
                    "lease-damaged", "公開の当番を書いた物（lease）を読めません。鍵が違うか、壊れています。", "バックアップ先", SHOWN,
                    "鍵を確かめてください。鍵が合っているのに続くときは、すべての機械の publisher を止めてから、バックアップ先の lease を消してください。",
                )
            ) from error  # fmt: skip
        return stand, item.tag

    def _is_ours(self, stand: Stand, tag: str) -> bool:
        """Nobody else has written since we took it: each taking over counts the fence up. Seeing so gives no right to speak; only a write does."""
        return self._is_mine(stand, tag) or (not stand.released and (stand.holder, stand.fence) == (self.holder, self._fence))

    def _is_mine(self, stand: Stand, tag: str) -> bool:
        """A write of ours whose answer was lost has counted: from the moment at which it was begun."""
        if stand.mark not in self._pending:
            return False
        self._hold(tag, stand.fence, self._pending[stand.mark])
        return True

    def _hold(self, tag: str, fence: int, begun: float) -> None:
        self._tag, self._fence, self._until = tag, fence, max(self._until, begun + self.right)
        self._pending.clear()

    def _write(self, tag: str | None, fence: int) -> bool:
        mark, begun = secrets.token_hex(16), self.clock()
        self._pending[mark] = begun
        try:
            new = self.store.put_if(OBJECT, self._pack(fence, mark), tag)
        except MirrorUnavailable:
            raise
        except BaseException:
            del self._pending[mark]
            raise
        if new is None:
            del self._pending[mark]
            return False
        self._hold(new, fence, begun)
        self._seen = None
        return True

    def _pack(self, fence: int, mark: str, released: bool = False) -> bytes:
        stand = Stand(self.holder, self.machine, fence, self.ttl, mark or secrets.token_hex(16), released)
        self.stand = stand
        return self.sealer.seal(OBJECT, json.dumps(as_dict(stand)).encode())
