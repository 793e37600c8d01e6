"""Bringing every mirror up to date, each on its own: a dead one delays no other."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from datetime import datetime, timedelta

from publisher.errors import MirrorUnavailable, PublisherError
from publisher.ledger import Ledger
from publisher.ledger.mirrors import MirrorRow
from publisher.mirrors import Guarded, Mirror, MirrorPlan, open_mirror, sync
from publisher.mirrors import plan as plan_mirror
from publisher.mirrors.plan import FEW
from publisher.mirrors.sync import SLOW_WORKERS, WORKERS
from publisher.mirrors.trouble import NOTHING_YET, STANDING
from publisher.mirrors.urgency import MANY, hasten
from publisher.model import Problem, Receipt, State
from publisher.pipeline import mending
from publisher.pipeline.build import Desk
from publisher.pipeline.doubt import settle
from publisher.pipeline.report import DocumentLine, MirrorLine, RelayLine
from publisher.pipeline.stranger import adopt, sent, stranger
from publisher.pipeline.takedown import carry_out, worst
from publisher.proof.tree import ROOT
from publisher.settings import MirrorSettings, Settings
from publisher.site.write import SiteFolder
from publisher.values import replace


def always() -> bool:
    """There is no lease: this machine is the only one."""
    return True


def never() -> bool:
    """Nothing more urgent can come."""
    return False


def to_mirrors(desk: Desk, now: datetime, may: Callable[[], bool] = always, allow_deletions: bool = False) -> tuple[MirrorLine, ...]:
    """Send to every mirror what it lacks, all at the same time. Never raises for a mirror: its line says how it stands.

    ``allow_deletions``: a person has looked, and more may vanish at once than the ceiling allows.
    """
    mirrors = desk.settings.mirrors
    if not mirrors:
        return ()
    if desk.dry:
        register(desk.ledger, mirrors)
        return tuple(to_mirror(desk.settings, desk.ledger, desk.folder, mirror, now, dry=True, allow_deletions=allow_deletions) for mirror in mirrors)

    def one(mirror: MirrorSettings) -> MirrorLine:
        with closing(desk.another_ledger()) as ledger:
            return to_mirror(desk.settings, ledger, desk.folder, mirror, now, may=may, allow_deletions=allow_deletions)

    register(desk.ledger, mirrors)
    with ThreadPoolExecutor(len(mirrors), thread_name_prefix="mirror") as pool:
        lines = tuple(pool.map(one, mirrors))
    tidy(desk.ledger)
    return lines


def to_relays(settings: Settings, documents: Sequence[DocumentLine]) -> tuple[tuple[RelayLine, ...], tuple[Problem, ...]]:
    """What became of the announcements. This version cannot send any yet, and says so instead of keeping silent."""
    waiting = sum(line.state is State.PUBLISHED for line in documents)
    lines = tuple(RelayLine(relay.name, pending=max(1, waiting)) for relay in settings.relays)
    return lines, (_relays_missing([line.name for line in lines]),) if lines else ()


def _relays_missing(names: Sequence[str]) -> Problem:
    return Problem(
        "no-relays",
        f"中継先（{'、'.join(names)}）への投稿は、この版ではまだできません。何も送っていません。",
        "publisher.toml [[relays]]",
        "サイトと公開先には、すべて載っています。",
        "当面は、担当者が手で投稿してください。サイトの atom.xml を読むサービスも使えます。",
    )


def register(ledger: Ledger, mirrors: Sequence[MirrorSettings]) -> None:
    """Make room for the configured mirrors; forget those that the configuration names no more."""
    with ledger.transaction():
        for mirror in mirrors:
            ledger.mirrors.start(mirror.name, mirror.identity)
        for name in set(ledger.mirrors.names()) - {m.name for m in mirrors}:
            ledger.mirrors.forget(name)
            ledger.takedowns.forget([name])


def to_mirror(
    settings: Settings, ledger: Ledger, folder: SiteFolder, mirror_settings: MirrorSettings, now: datetime, dry: bool = False,
    may: Callable[[], bool] = always, allow_deletions: bool = False, opened: Mirror | None = None, stop: Callable[[], bool] = never,
) -> MirrorLine:  # fmt: skip
    """Bring one mirror up to date. ``ledger`` belongs to the calling thread alone.

    ``may``: asked before each file, for the lease. ``opened``: the mirror, where it stays open between runs. ``stop``: asked before each
    file; something more urgent came.
    """
    row = ledger.mirrors.get(mirror_settings.name, mirror_settings.identity)
    serial = ledger.serial
    if not serial:
        return MirrorLine(row.name, "waiting")  # there is no site yet
    mark = mending.asked(ledger, row.name)
    if mark:
        row = replace(row, serial=0)  # everything is compared
    plan = _plan(ledger, row, folder, allow_deletions)
    todo = len(plan.puts) + len(plan.deletes)
    if dry:
        line = _line(row, now, plan.refused, todo)
        return replace(line, state="current" if plan.refused is None else line.state, uploaded=len(plan.puts), deleted=len(plan.deletes), behind=0)

    def note(receipts: Sequence[Receipt]) -> None:
        with ledger.transaction():
            ledger.mirrors.confirm(receipts)
            if any(receipt.path == ROOT and receipt.sha256 for receipt in receipts):
                ledger.remember(sent(row.name), str(next(upload.serial for upload in plan.puts if upload.path == ROOT)))

    def doubt(receipts: Sequence[Receipt]) -> None:
        # After a power failure a manifest of ours must not look like that of another machine, which nothing of ours may replace.
        with ledger.enduring() if any(receipt.path == ROOT for receipt in receipts) else nullcontext():
            note(receipts)

    try:
        mirror = opened or opened_for(settings, mirror_settings, may, stop)
        told = settle(ledger, mirror, row, now)
        if told is not row:
            row, plan = told, _plan(ledger, told, folder, allow_deletions)
            todo = len(plan.puts) + len(plan.deletes)

        def read(path: str) -> bytes:
            if not may():
                raise MirrorUnavailable(_silent(mirror_settings.name))
            return folder.read(path)

        if not may():
            raise MirrorUnavailable(_silent(mirror_settings.name))
        if adopt(settings, ledger, mirror, row, now):
            plan = _plan(ledger, row, folder, allow_deletions)
            todo = len(plan.puts) + len(plan.deletes)
        foreign = stranger(settings, ledger, mirror, mirror_settings, row, plan)
        if foreign is not None:
            row = replace(row, serial=0)
            plan = _plan(ledger, row, folder, allow_deletions)
            todo = len(plan.puts) + len(plan.deletes)
        kept = None
        if ledger.takedowns.pending(mirror_settings.name):
            kept = carry_out(ledger, read, mirror, now, may)
            plan = _plan(ledger, row, folder, allow_deletions)
            todo = len(plan.puts) + len(plan.deletes)
        slow = row.problem is not None and row.problem.code == "mirror-slow"
        moment = _after(now, row.confirmed, ledger.mirrors.reached(row.name), _broken_off(ledger, row.name))
        led: list[bool] = []

        def reached(paths: frozenset[str] | None) -> None:
            # After a power failure a page to which readers were led must not look like a new one.
            with ledger.enduring() if any(upload.is_new for upload in plan.puts) else nullcontext(), ledger.transaction():
                if paths is None:
                    ledger.mirrors.reach(row.name, moment)
                    led.append(True)
                else:
                    ledger.mirrors.led_to(row.name, paths)

        result = sync(mirror, plan, read, note, moment, doubt=doubt, reached=reached, stop=stop, workers=SLOW_WORKERS if slow else WORKERS)
        with ledger.transaction():
            ledger.mirrors.deleted(mirror_settings.name, result.deleted)
            if result.uploaded and not led:
                ledger.remember(f"broken off {row.name}", moment.isoformat())
        if not (result.failed or result.stopped) and ledger.takedowns.pending(mirror_settings.name):
            kept = worst(one for one in (kept, carry_out(ledger, read, mirror, now, may, lists=True)) if one is not None)
    except PublisherError as error:
        return _settle(ledger, row, serial, now, error.problem, max(todo, 1))
    except OSError as error:
        return _settle(ledger, row, serial, now, _unreadable_site(mirror_settings.name, error), todo)
    if mark and result.whole:
        with ledger.transaction():
            mending.done(ledger, row.name, mark)
    # What made way before it had sent anything has learnt nothing new.
    problem = row.problem if result.stopped and not result.uploaded and result.problem is None else result.problem
    if kept is None:
        line = _settle(ledger, row, serial, now, problem, result.behind, whole=result.whole)
    else:
        pending = len(ledger.takedowns.pending(row.name))
        whole = result.whole and kept.refused and not kept.seen
        line = _settle(ledger, row, serial, now, problem if result.retry else kept.problem, result.behind + pending, whole)
    return replace(line, uploaded=len(result.uploaded), deleted=len(result.deleted), problem=line.problem or foreign)


def _after(now: datetime, *moments: datetime | None) -> datetime:
    """The moment of receipts: later than these, though the clock was set back. See ``ledger.mirrors.begun`` and ``standing``."""
    return max([now, *(moment + timedelta(microseconds=1) for moment in moments if moment is not None)])


def _broken_off(ledger: Ledger, mirror: str) -> datetime | None:
    """The moment of the receipts of a run that broke off before readers were led to what was new: later ones must be later, whatever the clock says."""
    text = ledger.fact(f"broken off {mirror}")
    return None if text is None else datetime.fromisoformat(text)


def opened_for(settings: Settings, mirror: MirrorSettings, may: Callable[[], bool], stop: Callable[[], bool]) -> Mirror:
    """The mirror, written to only while we may; a large file under way is broken off for what ``stop`` tells. Raises ``MirrorError``, ``SettingsError``."""

    def guarded(bare: Mirror) -> Mirror:
        return Guarded(bare, may, lambda name: MirrorUnavailable(_silent(name)))

    return open_mirror(mirror, settings.secret, still=lambda: may() and not stop(), within=guarded)


def _plan(ledger: Ledger, row: MirrorRow, folder: SiteFolder, allow_deletions: bool) -> MirrorPlan:
    changed = ledger.pages.changed_since(row.serial)
    gone = ledger.pages.gone_since(row.serial) if row.serial else ledger.mirrors.strangers(row.name)
    receipts, unreached = ledger.mirrors.standing(row.name, [*(record.path for record in changed), *gone], ledger.mirrors.reached(row.name))
    held = ledger.mirrors.held(row.name) if len(gone) > FEW else 0  # counting them takes the longer, the larger the town is
    made = plan_mirror(row.name, changed, gone, receipts, held, allow_deletions, unreached)
    if len(made.puts) <= MANY:
        return made

    def read(path: str) -> bytes:
        try:
            return folder.read(path)
        except FileNotFoundError:  # the site is being changed at this moment: the sending meets it, and plans anew
            return b""

    return hasten(made, ledger.mirrors.urgent_since(row.serial), read, ledger.mirrors.begun(row.name, row.confirmed))


def _line(row: MirrorRow, now: datetime, problem: Problem | None, behind: int) -> MirrorLine:
    state = "current" if behind == 0 and problem is None else "behind"
    since = row.since if row.state == state and row.since is not None else now
    confirmed = now if state == "current" else row.confirmed
    return MirrorLine(row.name, state, behind=behind, problem=problem, since=since, confirmed=confirmed)


def _settle(ledger: Ledger, row: MirrorRow, serial: int, now: datetime, problem: Problem | None, behind: int, whole: bool = False) -> MirrorLine:
    """``whole``: the mirror shows the whole site, whatever else is left to be done there."""
    if problem is not None and row.confirmed is None and problem.shown == STANDING:
        problem = replace(problem, shown=NOTHING_YET)
    line = _line(row, now, problem, behind)
    if whole:
        line = replace(line, confirmed=now)
    new = replace(
        row, serial=serial if whole else row.serial, confirmed=now if whole else row.confirmed, state=line.state, problem=problem, since=line.since
    )
    with ledger.transaction():
        ledger.mirrors.settle(new)
    return line


def tidy(ledger: Ledger) -> None:
    """Files that are gone are forgotten when the last mirror has deleted them."""
    lowest = ledger.mirrors.lowest_serial()
    if lowest:
        with ledger.transaction():
            ledger.pages.forget_gone(lowest)


def _silent(name: str) -> Problem:
    return Problem(
        "not-leading", "公開の当番であることを確かめられないので、送るのを待っています。", f"公開先「{name}」", "この公開先には、最後に送った内容がそのまま出ています。",
        "バックアップ先につながれば、自動で続けます。別の機械が当番になっていれば、その機械が公開します。",
    )  # fmt: skip


def open_secrets(settings: Settings) -> tuple[Problem, ...]:
    """Key files that others on this machine can read. They work, so nothing stops; but somebody has to know."""
    found = []
    for name, sections in settings.secrets().items():
        file = os.environ.get(f"{name}_FILE", "")
        try:
            mode = (settings.paths.directory / file).stat().st_mode if file and not os.environ.get(name) else 0
        except OSError:
            continue  # a missing one is told where it is needed
        if mode & 0o077:
            found.append(_open_secret(str(settings.paths.directory / file), name, "、".join(sections)))
    return tuple(found)


def _open_secret(file: str, name: str, sections: str) -> Problem:
    return Problem(
        "secret-open",
        f"{sections} の合いかぎのファイル（環境変数 {name}_FILE）を、このコンピューターのほかの利用者も読めます。",
        file,
        "公開は続けています。",
        f"chmod 600 {file} で、publisher の利用者だけが読めるようにしてください。ほかの人が読んだおそれがあれば、合いかぎを取り換えてください。",
    )


def _unreadable_site(name: str, error: OSError) -> Problem:
    return Problem(
        "site-unreadable",
        f"公開用フォルダーのファイルを読めません（{error.strerror or error}）。",
        f"公開先「{name}」",
        "この公開先には、最後に送った内容がそのまま出ています。",
        "publisher build をもう一度実行すると、足りないファイルを作り直します。",
    )
