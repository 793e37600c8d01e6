"""Publishing at every change, for as long as it runs.

One thread builds; each mirror has a thread, a ledger connection and a pace of its own, so that a dead one delays nobody.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from threading import Event, Thread

from publisher.errors import NoContent, PublisherError, SettingsError
from publisher.files import own_folder
from publisher.intake.listing import Entry, changes, listing
from publisher.intake.settle import Settling
from publisher.intake.watch import SHARE, Watcher
from publisher.ledger import Ledger
from publisher.mirrors import Mirror
from publisher.model import Problem
from publisher.pipeline import requests, restrictions
from publisher.pipeline.build import Desk, build, write_staff_page
from publisher.pipeline.keeping import BackupKeeper
from publisher.pipeline.publish import always, open_secrets, opened_for, register, tidy, to_mirror, to_relays
from publisher.pipeline.recount import Recounted, recount
from publisher.pipeline.report import MirrorLine, Report
from publisher.settings import MirrorSettings, Settings, load
from publisher.values import field, record, replace

PULSE = 60.0
"""Seconds after which ``alive.json`` is renewed though nothing happened."""

BACK_OFF = (5.0, 300.0)
"""Seconds until a mirror that failed is tried again: the first and the longest pause, doubled each time, with jitter."""

TAKE_DOWN = 20.0
"""Seconds at most until a mirror is tried again that may still show what was taken down."""

IDLE, LONGEST = 200.0, 60.0
"""Where the system tells of every change, the whole folder is looked at again after so many times as long as it took (half a percent of a core), at
the latest after so many seconds."""

SLICE = 20.0
"""Seconds after which counting earlier editions again makes way for a look round."""

AGAIN = 1.0
"""Seconds until a file that changed while it was read is looked at again."""

Say = Callable[[Report], None]
Clock = Callable[[], datetime]


@record
class MirrorKeeper:
    """Keeps one mirror up to date in a thread of its own."""

    desk: Desk
    settings: MirrorSettings
    clock: Clock
    said: Callable[[MirrorLine], None]
    may: Callable[[], bool] = always
    _go: Event = field(default_factory=Event)
    _end: bool = False
    _hurry: bool = False
    _mirror: Mirror | None = None
    _thread: Thread | None = None

    def start(self) -> None:
        self._thread = Thread(target=self._run, name=f"mirror {self.settings.name}", daemon=True)
        self._thread.start()

    def nudge(self, urgent: bool = False) -> None:
        """Something may be there to send. ``urgent``: what is under way makes way for it."""
        self._hurry = self._hurry or urgent
        self._go.set()

    def stop(self, patience: float) -> None:
        self._end = True
        self._go.set()
        if self._thread is not None:
            self._thread.join(patience)

    def _run(self) -> None:
        pause: float | None = 0.0
        while not self._end:
            try:
                with closing(self.desk.another_ledger()) as ledger:
                    pause = self._keep(ledger, pause)
            except PublisherError as error:  # our own disk is full, say: the mirror is not to be given up for that
                self.said(MirrorLine(self.settings.name, "behind", behind=1, problem=error.problem, since=self.clock()))
                pause = _longer(pause or None)

    def _keep(self, ledger: Ledger, pause: float | None) -> float | None:
        """Send whenever there may be something to send, first after ``pause`` seconds; until the end."""
        while True:
            self._go.wait(pause)
            self._go.clear()
            if self._end:
                return None
            self._hurry = False
            line = to_mirror(
                self.desk.settings, ledger, self.desk.folder, self.settings, self.clock(), may=self.may, opened=self._open(),
                stop=self._makes_way,
            )  # fmt: skip
            if line.state != "current" and line.problem is None:
                pause = None if line.state == "waiting" else AGAIN  # it made way, or the site changed meanwhile: nothing failed
                continue
            self.said(line)
            pause = None if line.state == "current" else _longer(pause)
            if pause is not None and ledger.takedowns.pending(self.settings.name):
                pause = min(pause, TAKE_DOWN)

    def _makes_way(self) -> bool:
        return self._hurry or self._end

    def _open(self) -> Mirror | None:
        """The mirror, whose lines stay open from one run to the next. Its settings cannot change while we run."""
        if self._mirror is None:
            try:
                self._mirror = opened_for(self.desk.settings, self.settings, self.may, self._makes_way)
            except PublisherError:
                return None  # the run meets it again, and says it in words
        return self._mirror


def _longer(pause: float | None) -> float:
    shortest, longest = BACK_OFF
    return min(longest, (pause or shortest / 2) * 2) * random.uniform(0.8, 1.2)


@record
class Watch:
    """The loop of ``publisher watch``. ``run`` returns when ``stop`` was called. ``may``: asked before each upload, for the lease."""

    desk: Desk
    clock: Clock
    say: Say
    mirrors: bool = True
    may: Callable[[], bool] = always
    backup: BackupKeeper | None = None
    _watcher: Watcher | None = None
    _keepers: list[MirrorKeeper] = field(default_factory=list)
    _lines: dict[str, MirrorLine] = field(default_factory=dict)
    _end: bool = False
    _failed: bool = False
    _stamp: tuple[int, int] | None = None
    _complaint: tuple[Problem, ...] = ()
    _uncounted: tuple[Problem, ...] = ()
    _recount_from: float = 0.0
    _backup_complaint: tuple[Problem, ...] = ()

    def stop(self) -> None:
        self._end = True
        if self._watcher is not None:
            self._watcher.wake()

    def run(self) -> None:
        state = self.desk.settings.paths.state
        decisions = (restrictions.place(state).parent, requests.folder(state))
        for folder in decisions:
            own_folder(folder)
        self._watcher = Watcher(self.desk.settings.paths.content, *decisions)
        self._watcher.start()
        self._stamp = self._settings_stamp()
        try:
            self._start_mirrors()
            if self.backup is not None:
                self.backup.start()
            self._loop(self._watcher)
        finally:
            self._watcher.stop()
            for keeper in self._keepers:
                keeper.stop(patience=15)
            if self.backup is not None:
                self.backup.stop(patience=60)

    def _loop(self, watcher: Watcher) -> None:
        settling = Settling()
        closed = self._first_look(settling, watcher)
        last: Report | None = None
        places: frozenset[str] | None = None
        looked = period = 0.0
        while not self._end:
            left: list[float] = []

            def ready(entries: tuple[Entry, ...], said: frozenset[str] = closed, left: list[float] = left) -> tuple[Entry, ...]:
                done, wait = settling.ready(entries, said, time.monotonic())
                if wait is not None:
                    left.append(wait)
                return done

            if places is None:
                looked = time.monotonic()
            last = self._turn(ready, last, places)
            if places is None:
                period = self._until_next_look(watcher, last, time.monotonic() - looked)
            urgent = bool(self._keepers and last is not None and last.documents and self.desk.ledger.mirrors.urgent_since(last.serial - 1))
            for keeper in self._keepers:
                keeper.nudge(urgent)
            if last is not None and last.unfinished and not left:
                left.append(AGAIN)
            more = not left and self._recount(watcher)
            heard = watcher.wait(0.0 if more else min([max(0.0, looked + period - time.monotonic()), PULSE, self._until_due(), *left]))
            closed, places = heard.closed, heard.places
            if self._failed or last is None or time.monotonic() >= looked + period:
                places = None  # events are hints; a listing of the whole folder is the truth
            elif places is not None:
                places |= frozenset(last.unfinished)

    @staticmethod
    def _until_next_look(watcher: Watcher, last: Report | None, took: float) -> float:
        """Seconds from one look at the whole folder to the next. On a share nothing else tells of a change, and what took long because it built tells nothing."""
        idle = last is not None and not last.failed and last.outputs.written <= 1
        return min(LONGEST, max(watcher.period, IDLE * took)) if idle and watcher.period > SHARE else watcher.period

    def _first_look(self, settling: Settling, watcher: Watcher) -> frozenset[str]:
        """What stands there at the start has to stand still, too, before an almost empty site is built from the rest."""
        try:
            found = changes(listing(self.desk.settings.paths.content), self.desk.ledger.files.stamps())
        except OSError:
            return frozenset()  # the first build says so in words
        if not found.present:
            return frozenset()
        settling.ready(found.present, (), time.monotonic())
        return watcher.wait(settling.quiet).closed

    def _turn(
        self, ready: Callable[[tuple[Entry, ...]], tuple[Entry, ...]], last: Report | None, places: frozenset[str] | None
    ) -> Report | None:
        """One build, if there is anything to build; its failure is said, and the loop goes on."""
        now = self.clock()
        self._reload()
        try:
            asked = requests.carry_out(self.desk, now)
            report = build(self.desk, now, ready, all_lines=False, places=places, also=asked, later=True)
            self._failed = False
        except PublisherError as error:
            self._failed = True
            if last is None or not last.failed or error.problem not in last.problems:
                report = Report(problems=(error.problem,), mirrors=tuple(self._lines.values()), failed=True)
                self.say(report)
                last = report
            if isinstance(error, NoContent):
                last = self._without_content(last, now)
            write_staff_page(self.desk, last, now)  # where even that fails, its time stands still, and the page says what that means
            return last
        if self._keepers:
            tidy(self.desk.ledger)
        if self.backup is not None and (last is None or report.documents or report.outputs.written > 1):
            self.backup.nudge()
        relays, problems = to_relays(self.desk.settings, report.documents)
        lines = tuple(self._lines.values())
        report = replace(report, mirrors=lines, relays=relays, problems=(*self._complaint, *self._backup_complaint, *report.problems, *problems, *open_secrets(self.desk.settings)))
        problem = write_staff_page(self.desk, report, now)
        if problem is not None:
            report = replace(report, problems=(*report.problems, problem))
        if last is None or report.documents or report.problems != last.problems or report.outputs.written > 1:
            self.say(report)
        return report

    def _recount(self, watcher: Watcher) -> bool:
        """Use the time in which nothing happens; whether there is something to build now."""
        if self._failed or time.monotonic() < self._recount_from:
            return False
        until = time.monotonic() + SLICE
        try:
            found = recount(self.desk, self.clock(), lambda: watcher.calm and not self._end and time.monotonic() < until)
        except PublisherError as error:
            found = Recounted(problems=(error.problem,))
        if found.problems != self._uncounted:
            self._uncounted = found.problems
            if found.problems:
                self.say(Report(problems=found.problems, mirrors=tuple(self._lines.values())))
        if found.problems:
            self._recount_from = time.monotonic() + BACK_OFF[1]
        return found.shown or (found.left and not found.problems)

    def _without_content(self, last: Report, now: datetime) -> Report:
        """The share is away: what the clock asks for is done all the same, and ``alive.json`` says that we live. Else a failover that looks at it
        (docs/operations.md) would take every mirror out of service with the share."""
        try:
            build(self.desk, now, all_lines=False, places=(), later=True)
        except PublisherError as error:
            if error.problem in last.problems:
                return last
            last = replace(last, problems=(*last.problems, error.problem))
            self.say(last)
        return last

    def _until_due(self) -> float:
        due = self.desk.ledger.documents.next_due()
        return PULSE if due is None else max(0.05, (due - self.clock()).total_seconds())

    # --- mirrors ---

    def _start_mirrors(self) -> None:
        if not self.mirrors:
            return
        register(self.desk.ledger, self.desk.settings.mirrors)
        for mirror in self.desk.settings.mirrors:
            keeper = MirrorKeeper(self.desk, mirror, self.clock, self._mirror_said, self.may)
            self._keepers.append(keeper)
            keeper.start()

    def _mirror_said(self, line: MirrorLine) -> None:
        before = self._lines.get(line.name)
        self._lines[line.name] = line
        if before is None and line.state == "current" and not line.uploaded:
            return
        if before is None or before.state != line.state or before.problem != line.problem:
            self.say(Report(mirrors=(line,)))
            if self._watcher is not None:
                self._watcher.wake()  # so that the staff's page says it, too

    def backup_said(self, problem: Problem | None) -> None:
        """How the last backup went: staff hear of it with the next report."""
        complaint = () if problem is None else (problem,)
        if complaint != self._backup_complaint:
            self._backup_complaint = complaint
            if self._watcher is not None:
                self._watcher.wake()

    # --- the configuration may change while we run ---

    def _settings_stamp(self) -> tuple[int, int] | None:
        try:
            status = (self.desk.settings.paths.directory / "publisher.toml").stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size

    def _reload(self) -> None:
        stamp = self._settings_stamp()
        if stamp == self._stamp:
            return
        self._stamp, self._complaint = stamp, ()
        try:
            new = load(self.desk.settings.paths.directory)
        except SettingsError as error:  # the old ones stay in force, and every report says so until they are mended
            self._complaint = (error.problem,)
            return
        if (new.paths, new.mirrors, new.backup) != (self.desk.settings.paths, self.desk.settings.mirrors, self.desk.settings.backup):
            self._complaint = (_restart(new),)
            return
        self.desk.use(new)


def _restart(settings: Settings) -> Problem:
    return Problem(
        "restart",
        "publisher.toml の [paths]、[[mirrors]]、[backup] のどれかが変わりました。動かしたままでは切り替えられません。",
        str(settings.paths.directory / "publisher.toml"),
        "前の設定のまま、公開を続けています。",
        "publisher watch を止めて、もう一度始めてください。",
    )
