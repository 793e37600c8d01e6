"""What goes on beside the watch: backups after each change, and the lease, each in a thread of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Event, Thread

from publisher.backup.lease import Lease
from publisher.backup.take import Taker
from publisher.errors import MirrorError, PublisherError
from publisher.model import Problem
from publisher.pipeline.backup import configured, one_at_a_time, open_vault, taker
from publisher.pipeline.publish import always
from publisher.settings import Settings
from publisher.values import field, record

QUIET = 1.0
"""Seconds between two backups at least: what changes meanwhile goes along with the next."""

BACK_OFF = (5.0, 300.0)
"""Seconds after which a backup that failed is tried again: the first and the longest pause."""


@record
class BackupKeeper:
    """Backs up after each nudge and every so many minutes. ``said`` hears what is wrong, or None when it is well again."""

    settings: Settings
    clock: Callable[[], datetime]
    said: Callable[[Problem | None], None]
    may: Callable[[], bool] = always
    fence: int | None = None
    _go: Event = field(default_factory=Event)
    _end: bool = False
    _thread: Thread | None = None
    _taker: Taker | None = None

    def start(self) -> None:
        self._thread = Thread(target=self._run, name="backup", daemon=True)
        self._thread.start()

    def nudge(self) -> None:
        self._go.set()

    def stop(self, patience: float) -> None:
        """Ends after one more backup, if it still may."""
        self._end = True
        self._go.set()
        if self._thread is not None:
            self._thread.join(patience)

    def _run(self) -> None:
        every, wait, failed = configured(self.settings).every * 60.0, 0.0, 0
        while True:
            self._go.wait(wait)
            self._go.clear()
            if self.may() and (self.settings.paths.state / "ledger.db").exists():
                problem = self._once()
                self.said(problem)
                failed = failed + 1 if problem is not None and problem.code != "archive-broken" else 0
            if self._end:
                return
            time.sleep(QUIET) if not self._go.is_set() else self._go.wait(QUIET)
            wait = min(BACK_OFF[1], BACK_OFF[0] * 2 ** (failed - 1)) if failed else every

    def _once(self) -> Problem | None:
        try:
            with one_at_a_time(self.settings.paths.state):
                if self._taker is None:
                    vault = open_vault(self.settings)
                    vault.open(make=True)
                    self._taker = taker(self.settings, vault)
                    if self.fence is not None:
                        self._taker.fence = self.fence
                taken = self._taker.take(self.clock())
        except PublisherError as error:
            self._taker = None
            return error.problem
        except OSError as error:  # a full disk is no reason never to back up again
            self._taker = None
            return _no_room(self.settings.paths.state, error)
        return next(iter(taken.problems), None)


@record
class LeaseKeeper:
    """Renews the lease as long as it is ours. ``lost`` is called once, when another machine has it."""

    lease: Lease
    lost: Callable[[], None]
    _end: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def start(self) -> None:
        self._thread = Thread(target=self._run, name="lease", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops renewing and gives the lease back, so that another machine need not wait."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(30)
        try:
            self.lease.release()
        except MirrorError:
            return  # it ages by itself

    def _run(self) -> None:
        while not self._end.wait(self.lease.pause):
            try:
                if not self.lease.renew():
                    break
            except PublisherError:
                continue  # the right to speak runs out by itself; when the store answers again, it goes on
        if not self._end.is_set():
            self.lost()


def _no_room(state: Path, error: OSError) -> Problem:
    return Problem(
        "backup-disk",
        f"バックアップの準備に使うファイルを書けません（{error.strerror or error}）。新しいバックアップは、まだありません。",
        str(error.filename or state),
        "公開は続けています。",
        "このコンピューターの空き容量とフォルダーの権限を確かめてください。空きができれば、自動でやり直します。",
    )
