"""Several machines, one of which publishes: waiting, taking over, falling silent, waiting again.

A machine that takes over brings its state up to date from the backup first. What lies in its own drop folder and is news to that state
stays there and is published as an arrival; what the state knows as older or withdrawn is put aside below ``_控え``, never lost and never
published again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Event
from typing import TypeVar

from publisher.backup.bring import Bringer
from publisher.backup.lease import Lease
from publisher.backup.vault import SHOWN
from publisher.errors import BackupError, Busy, MirrorError, MirrorUnavailable, SiteError
from publisher.ledger.copies import remember
from publisher.mirrors.objects import Told, heeds_conditions
from publisher.model import Problem
from publisher.pipeline.backup import backup, configured, holder, machine, open_store, open_vault
from publisher.pipeline.build import Desk, build, desk
from publisher.pipeline.keeping import BackupKeeper, LeaseKeeper
from publisher.pipeline.lock import lock
from publisher.pipeline.publish import always
from publisher.pipeline.replica import Replica
from publisher.settings import Settings
from publisher.values import field, record

T = TypeVar("T")

TURN = "turn.lock"
"""One process of a machine takes turns with other machines: the lease would not tell two of them apart."""

FRESH = 20.0
"""Seconds between two looks of a waiting machine for news to fetch."""


def lease_of(settings: Settings) -> Lease:
    """This machine's side of the lease, over a connection of its own with short time-outs. Raises as ``open_vault`` does."""
    wanted = configured(settings)
    sealer = open_vault(settings).sealer
    seconds = wanted.takeover / 10
    store = open_store(settings, "lease", (seconds, seconds))
    told = Told(store, f"バックアップ先（{wanted.url}）", SHOWN, "[backup]")
    return Lease(told, sealer, holder(settings.paths.state), machine(), wanted.takeover)


def usable(settings: Settings) -> bool:
    """Is a lease wanted, and does the store keep machines apart? Raises ``MirrorError``, ``BackupError``, ``SettingsError``."""
    wanted = settings.backup
    return wanted is not None and wanted.lease and heeds_conditions(open_vault(settings).store, "try")


def must_lead(settings: Settings) -> Lease | None:
    """For a single run: the lease, taken now; None where none is wanted or possible. Raises ``BackupError`` when another machine leads."""
    if not usable(settings):
        return None
    assert settings.backup is not None
    lease = lease_of(settings)
    if lease.attempt():
        return lease
    name = lease.stand.machine if lease.stand is not None else "?"
    raise BackupError(
        Problem(
            "not-leading", f"今は、別の機械「{name}」が公開を受け持っています。この機械からは公開していません。", "publisher.toml [backup] lease", SHOWN,
            f"その機械で実行してください。その機械がもう動いていないなら、この機械で publisher watch を動かすと、{settings.backup.takeover}秒ほどで交代します。",
        )
    )  # fmt: skip


@contextmanager
def single_run(settings: Settings, clock: Callable[[], datetime], told: Callable[[Problem], None]) -> Iterator[Callable[[], bool]]:
    """For a run that speaks once: the lease is held while it lasts, the state is the newest, and is backed up before the lease is given back.

    ``told`` hears what staff have to know of the state that was taken over. Gives the question "may we still speak?". Raises ``BackupError`` when another machine leads, ``Busy`` when another process of this one takes turns.
    """
    with lock(settings.paths.state, TURN):
        lease = must_lead(settings)
        if lease is None:
            yield always
            return
        keeper = LeaseKeeper(lease, lambda: None)
        keeper.start()
        try:
            vault = open_vault(settings)
            vault.open(make=True)
            replica = Replica(settings, Bringer(vault))
            replica.follow(lease.fence, clock())
            for problem in replica.problems:
                told(problem)
            yield lease.leading
            ledger = settings.paths.state / "ledger.db"
            if lease.leading() and ledger.exists():
                remember(ledger, "fence", str(lease.fence))
                backup(settings, clock())
        finally:
            keeper.stop()


def one_writer(place: str) -> Problem:
    """The store does not keep machines apart: a person has to."""
    return Problem(
        "lease-impossible", "この置き場所は、条件つきの書き込み（If-Match）を守りません。複数の機械の交代には使えません。", f"バックアップ先（{place}）",
        "この機械は、ふつうに公開を続けます。",
        "公開する機械を1台だけにしてください（ほかの機械の publisher は止めておく）。交代させたいときは、条件つきの書き込みを守る置き場所に替えてください。",
    )  # fmt: skip


@record
class Turns:
    """The life of one machine among several.

    ``watch`` publishes until ``stop_watch`` is called. ``patient``: where nobody has ever led, give the others time to begin.
    """

    settings: Settings
    clock: Callable[[], datetime]
    told: Callable[[Problem], None]
    watch: Callable[[Desk, Lease], None]
    stop_watch: Callable[[], None]
    patient: bool = False
    _end: Event = field(default_factory=Event)
    _lost: bool = False

    def stop(self) -> None:
        self._end.set()
        self.stop_watch()

    def run(self) -> None:
        """Until ``stop``. Raises ``Busy``, and ``BackupError`` and ``SettingsError`` for what waiting does not mend."""
        with lock(self.settings.paths.state, TURN):
            self._run()

    def _run(self) -> None:
        vault = open_vault(self.settings)
        self.patiently(lambda: vault.open(make=True))
        replica = Replica(self.settings, Bringer(vault))
        while not self._end.is_set():
            lease = lease_of(self.settings)
            keeper = self._wait(lease, replica)
            if keeper is None:
                return
            self.settings = replica.settings
            try:
                if not self._lost and not self._end.is_set():
                    with desk(self.settings) as opened:
                        opened.ledger.remember("fence", str(lease.fence))
                        self.watch(opened, lease)
            finally:
                keeper.stop()
            if self._lost and not self._end.is_set():
                self.told(_fallen_silent())

    def _wait(self, lease: Lease, replica: Replica) -> LeaseKeeper | None:
        """Until the lease is ours and the state up to date; None when it is time to end."""
        said, looked, begun = "", 0.0, time.monotonic()
        while not self._end.is_set():
            try:
                if self.patient and lease.stand is None and time.monotonic() - begun < lease.ttl:
                    lease.look()
                elif lease.attempt():
                    return self._take_over(lease, replica)
                said = self._say_who(lease, said)
                if lease.stand is not None and time.monotonic() - looked > FRESH:
                    self._warm(replica)
                    looked = time.monotonic()
            except Busy:
                raise
            except (MirrorError, SiteError) as error:  # a refusal (clock, rights) or a full disk too: whoever mends it need not come here as well
                if said != error.problem.code:
                    said = error.problem.code
                    self.told(error.problem)
            self._end.wait(lease.pause)
        return None

    def _take_over(self, lease: Lease, replica: Replica) -> LeaseKeeper:
        self._lost = False
        keeper = LeaseKeeper(lease, self._lost_it)
        keeper.start()
        try:
            replica.follow(lease.fence, self.clock())
        except BaseException:
            keeper.stop()
            raise
        for problem in (*replica.problems, _leading(lease)):
            self.told(problem)
        return keeper

    def _warm(self, replica: Replica) -> None:
        """Fetch and render news while waiting, so that little is left to do when it counts."""
        replica.follow(0, self.clock())
        for problem in replica.problems:
            self.told(problem)
        if replica.unrendered:
            with desk(replica.settings) as opened:
                build(opened, self.clock(), later=True)

    def _say_who(self, lease: Lease, said: str) -> str:
        name = lease.stand.machine if lease.stand is not None else ""
        if name and name != said:
            self.told(_waiting(name))
        return name

    def _lost_it(self) -> None:
        self._lost = True
        self.stop_watch()

    def patiently(self, call: Callable[[], T]) -> T | None:
        """Wait for a store that does not answer: nobody may speak meanwhile. None when it is time to end."""
        said = False
        while not self._end.is_set():
            try:
                return call()
            except MirrorUnavailable as error:
                if not said:
                    self.told(error.problem)
                said = True
                self._end.wait(3)
        return None


def backups(settings: Settings, clock: Callable[[], datetime], said: Callable[[Problem | None], None], lease: Lease | None) -> BackupKeeper | None:
    """What backs up beside the watch; None where nothing is to be backed up."""
    if settings.backup is None:
        return None
    return BackupKeeper(settings, clock, said) if lease is None else BackupKeeper(settings, clock, said, lease.leading, lease.fence)


def _waiting(name: str) -> Problem:
    return Problem(
        "standby", f"今は、別の機械「{name}」が公開を受け持っています。この機械は、控えとして待ちます。", "", SHOWN,
        "その機械が止まれば、自動で交代します。ここに入れたファイルは、交代したときに公開されます。",
    )  # fmt: skip


def _leading(lease: Lease) -> Problem:
    return Problem("leading", f"この機械「{lease.machine}」が、公開を受け持ちます（{lease.fence}代目）。")


def _fallen_silent() -> Problem:
    return Problem(
        "lease-lost", "別の機械が公開を受け持ったので、この機械は公開をやめました。", "", SHOWN, "控えとして待ちます。何もしなくてかまいません。"
    )
