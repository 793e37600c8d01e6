"""Content → site: the order of one build, and what makes it safe to be killed at any instruction.

    1  one transaction a batch: arrivals, versions, and what they touch     (archive first, always)
    2  what is touched is rendered and put down beside the site
    3  one transaction: the files are entered, renamed into place, and the touches cleared

Killed in 1 or 2, the site is as it was; killed within 3, the transaction is void and the next run does 2 and 3 again.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from publisher.editions import Frame, Theme
from publisher.errors import NoContent, SettingsError
from publisher.intake.archive import Archive, Overlay
from publisher.intake.listing import Changes, Entry, Listing, changes, glance, listing
from publisher.ledger import Ledger
from publisher.ledger.documents import DocumentRow
from publisher.ledger.files import FileRow
from publisher.model import Delete, Problem
from publisher.pipeline import takedown
from publisher.pipeline.crew import Crew, crew
from publisher.pipeline.hand import Bench
from publisher.pipeline.keys import signing_key
from publisher.pipeline.lasting import tidy
from publisher.pipeline.lock import lock
from publisher.pipeline.past import postpone, waiting
from publisher.pipeline.render import BATCH, Rendering, batched
from publisher.pipeline.report import Outputs, Report
from publisher.pipeline.restrictions import FACT, LOGGED, Register
from publisher.pipeline.summary import lines
from publisher.pipeline.take_in import Intake
from publisher.program import digest
from publisher.proof.minisign import SecretKey
from publisher.readers import TABLES
from publisher.settings import Settings
from publisher.site.manifest import RENEWED
from publisher.site.write import DrySite, SiteFolder, Staged
from publisher.values import record, replace

Ready = Callable[[tuple[Entry, ...]], tuple[Entry, ...]]
Tell = Callable[[str, int, int], None]


PULSE = timedelta(seconds=30)
"""An unchanged site renews ``alive.json`` this often at most."""


def quiet(_what: str, _done: int, _all: int) -> None:
    """No progress is told."""


@record
class Desk:
    """Everything a run works with: the settings and the opened effects."""

    settings: Settings
    ledger: Ledger
    archive: Archive
    folder: SiteFolder
    theme: Theme
    dry: bool = False
    folder_problems: tuple[Problem, ...] = ()
    key: SecretKey | None = None
    key_problems: tuple[Problem, ...] = ()
    program: str = ""
    _frame: Frame | None = None

    @property
    def frame(self) -> Frame:
        if self._frame is None:
            self._frame = Frame(self.settings, self.theme, self.public_key, self.fingerprint_of_key)
        return self._frame

    def bench(self) -> Bench:
        """What hands need to work on the next build."""
        memory = None if self.dry else self.settings.paths.state / "rolls"
        stager = self.folder.stager(self.ledger.serial + 1)
        return Bench(self.settings, self.theme, self.archive, stager, self.public_key, self.fingerprint_of_key, memory, self.program)

    @property
    def fingerprint_of_key(self) -> str:
        return self.key.public.fingerprint if self.key is not None else ""

    @property
    def public_key(self) -> str:
        """The file ``minisign.pub``; "" when the site is not signed."""
        return self.key.public.text if self.key is not None else ""

    def another_ledger(self) -> Ledger:
        """A second connection to the same ledger, for another thread."""
        return Ledger(self.settings.paths.state / "ledger.db")

    def use(self, settings: Settings) -> None:
        """Go on under a changed configuration."""
        self.settings, self._frame = settings, None

    @property
    def fingerprint(self) -> str:
        """Of everything but the documents that pages are made from; another one means that all pages are rendered anew."""
        return f"{self.program}:{self.settings.fingerprint}:{self.theme.fingerprint}:{self.fingerprint_of_key}"


@contextmanager
def desk(settings: Settings, dry: bool = False) -> Iterator[Desk]:
    """Open ledger, archive and site. Raises ``Busy`` when another publisher works on the same state."""
    state = settings.paths.state
    theme = Theme.load([settings.paths.directory / "themes"], None if dry else state / "templates")
    with ExitStack() as stack:
        if not dry:
            stack.enter_context(lock(state))
        program = digest(None if dry else state)
        file = state / "ledger.db"
        if dry:
            aside = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="publisher-")))
            real = Ledger(file, readonly=True) if file.exists() else Ledger(aside / "ledger.db")
            stack.callback(real.close)
            ledger = real.copy()
            archive: Archive = Overlay(state / "archive", aside / "archive")
            folder: SiteFolder = DrySite(settings.paths.output, aside / "site")
        else:
            ledger, archive, folder = Ledger(file), Archive(state / "archive"), SiteFolder(settings.paths.output, state / "bygone")
        stack.callback(folder.settle)
        stack.callback(ledger.close)
        key, complaints = signing_key(settings)
        yield Desk(settings, ledger, archive, folder, theme, dry, key=key, key_problems=complaints, program=program)


def all_ready(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Every file counts as finished: for a single run, where nobody waits."""
    return entries


def build(
    desk_: Desk, now: datetime, ready: Ready = all_ready, tell: Tell = quiet, all_lines: bool = True, also: Iterable[str] = (),
    places: Iterable[str] | None = None, later: bool = False,
) -> Report:
    """Bring the site up to date with the drop folder at the moment ``now``. Raises ``PublisherError`` with the site as it was.

    ``places``: nothing happened in the drop folder since the last run but at these files, as the disk spells them; None: look at all of it.
    ``later``: earlier editions of large lists are not counted again now; the caller does so with ``recount``, and builds again.
    """
    start = time.perf_counter()
    settings = desk_.settings
    run = Intake(settings, desk_.ledger, now)
    what = _glance(desk_, places) if places is not None else None
    if what is None:
        found = _look(settings)
        what = run.departures(found, changes(found, desk_.ledger.files.stamps()))
        desk_.folder_problems = tuple(_listing_problems(found))
    run.problems += (*desk_.folder_problems, *desk_.key_problems)
    desk_.folder.open()
    try:
        with ExitStack() as stack:
            rendering = _work(desk_, run, what, ready, tell, now, later, stack)
            outputs = _finish(desk_, rendering, now)
    finally:
        desk_.folder.close()
    report = Report(
        documents=lines(desk_.ledger, settings, None if all_lines else {*run.changed, *also}), outputs=outputs, problems=tuple(run.problems),
        troubled=desk_.ledger.files.troubled_count(), serial=rendering.serial, dry=desk_.dry, unfinished=tuple(sorted(run.unfinished)),
    )  # fmt: skip
    return replace(report, seconds=time.perf_counter() - start)


def _look(settings: Settings) -> Listing:
    try:
        return listing(settings.paths.content)
    except OSError as error:
        raise NoContent(
            Problem(
                "no-content", f"投入フォルダーを開けません（{error.strerror or error}）。", str(settings.paths.content), "公開中のページは、そのまま見えています。",
                "共有フォルダーにつながっているか、publisher.toml の [paths] content が正しいかを確かめてください。",
            )
        ) from error  # fmt: skip


def _listing_problems(found: Listing) -> list[Problem]:
    unreadable = [
        Problem(
            "unreadable-place", f"開けない場所があります（{why}）。", path, "そこから前に公開したものは、そのまま見えています。", "フォルダーの権限を確かめてください。"
        )
        for path, why in found.unreadable
    ]  # fmt: skip
    clashes = [
        Problem(
            "same-name", "見た目が同じ名前のファイルが2つあり、1つの番地になります。片方だけを公開しています。", path, "もう片方の内容が見えています。", "どちらかの名前を変えてください。"
        )
        for path, _ in found.clashes
    ]  # fmt: skip
    return unreadable + clashes


def _glance(desk_: Desk, places: Iterable[str]) -> Changes | None:
    """What changed at these files; None when only a listing of the whole folder can tell."""
    found = glance(desk_.settings.paths.content, places)
    if found is None:
        return None
    known = {path: (row.size, row.mtime) for path in found.entries if (row := desk_.ledger.files.get(path)) is not None}
    return changes(found, known)


def _work(desk_: Desk, run: Intake, what: Changes, ready: Ready, tell: Tell, now: datetime, later: bool, stack: ExitStack) -> Rendering:
    """Take in and render. The workers are dismissed, and waited for when the ``stack`` is left: what they remember of a large table for its next
    edition is written while we record this one."""
    ledger = desk_.ledger
    present = ready(what.present)
    run.unfinished.update({e.path for e in what.present} - {e.path for e in present})
    lost, rules_changed = _is_lost(desk_), ledger.fact("fingerprint") != desk_.fingerprint
    if lost and not rules_changed:  # after a restore nobody expects it to be there
        run.problems.append(_made_anew(desk_.settings.paths.output))
    renewed = not (ledger.fact("fingerprint") or "").startswith(f"{desk_.program}:")
    rules_changed = rules_changed or lost
    restricted = restricted_documents(ledger, run.register)
    again = list(ledger.files.all()) if rules_changed else [row for document in restricted for row in ledger.files.of_document(document.id)]
    again = postpone(ledger, again, now) if later else again
    if not rules_changed:
        again = list({row.path: row for row in (*again, *run.to_judge_again(but=[entry.path for entry in what.present]))}.values())
    bench = desk_.bench()
    tidy(bench.memory, {profile.slug for profile in desk_.settings.tables})
    hands = stack.enter_context(crew(bench, _tables([*present, *again]), lambda: desk_.frame))
    rendering = Rendering(desk_.settings, ledger, run, hands, desk_.folder, bench.stager, now, ledger.serial + 1, rules_changed, lost, renewed, later)
    with ledger.transaction():
        for document in restricted:
            ledger.tallies.forget(document.id)  # every edition is counted again without them
    _judge_again(run, rendering, again, hands)
    with ledger.transaction():
        for document in restricted:
            ledger.pages.touch("document", document.id)
        for id_ in {id_ for id_, _ in waiting(ledger)} if not later else ():
            ledger.pages.touch("document", id_)
    if rules_changed:
        _touch_everything(ledger)
        if ledger.fact("fingerprint") is None:
            run.changed.clear()
    done = 0
    for count in run.arrivals(present, hands):
        rendering.documents(run.drain())
        done += count
        tell("読み取り", done, len(present))
    _judge_again(run, rendering, run.to_judge_again(but=run.unfinished), hands)
    with ledger.transaction():
        ledger.found(now)
        for id_ in ledger.documents.due(now):
            ledger.pages.touch("document", id_)
    rendering.documents(id_ for id_ in ledger.pages.touched("document") if id_ not in rendering.done)
    rendering.lists()
    hands.dismiss()
    return rendering


def _judge_again(run: Intake, rendering: Rendering, rows: Iterable[FileRow], hands: Crew) -> None:
    for some in batched(rows, BATCH):
        run.look_again(some, hands)
        rendering.documents(run.drain())


def _tables(files: Sequence[Entry | FileRow]) -> list[int]:
    """For each file the bytes of a table, 0 for anything else."""
    return [file.size if file.path.lower().endswith(tuple(TABLES)) else 0 for file in files]


def _is_lost(desk_: Desk) -> bool:
    """Somebody deleted the site's folder, or another disk is there now: the last file that a build writes is not there."""
    return desk_.ledger.fact("site_serial") is not None and not (desk_.settings.paths.output / "manifest.json").exists()


def _made_anew(folder: Path) -> Problem:
    return Problem(
        "site-lost", "公開用フォルダーが空になっていたので、すべてのページを作り直しました。", str(folder), "公開先（ミラー）のページは、そのまま見えています。",
        "だれかが消したのでなければ、ディスクやフォルダーのつながりを確かめてください。",
    )  # fmt: skip


def _touch_everything(ledger: Ledger) -> None:
    """Configuration, theme or program changed: every page is rendered anew."""
    with ledger.transaction():
        for id_ in ledger.documents.all_ids():
            ledger.pages.touch("document", id_)
        for row in ledger.documents.all():
            if row.listed:
                ledger.pages.touch("category", row.category)
                ledger.pages.touch("place", row.place)
                ledger.pages.touch("place", f"c:{row.category}\n{row.place}")
        ledger.pages.touch("home", "")
        ledger.pages.touch("extras", "")


def _finish(desk_: Desk, rendering: Rendering, now: datetime) -> Outputs:
    """Enter everything, put it in place, clear the touches: all or nothing."""
    ledger = desk_.ledger
    with ledger.transaction():
        touches = {kind: ledger.pages.touched(kind) for kind in ("document", "category", "place", "home", "extras")}
        staged, _ = rendering.finish()
        rendering.record(staged)
        personal = [path for path in rendering.dropped if (page := ledger.pages.get(path)) is not None and page.personal]
        ledger.pages.bury(sorted(rendering.dropped), rendering.serial)
        takedown.order_intended(ledger, desk_.settings.mirrors)
        takedown.order_ended(ledger, desk_.settings.mirrors, personal, now)
        changed = bool(staged or rendering.dropped) or _is_due(ledger, "root", RENEWED, now)
        if changed:
            rendering.manifest(desk_.key)
            ledger.remember("site_serial", str(rendering.serial))
            ledger.remember("root", now.isoformat())
        if changed or _is_due(ledger, "alive", PULSE, now):
            rendering.alive(int(ledger.fact("site_serial") or 0))
            ledger.remember("alive", now.isoformat())
        shards, deletes = rendering.finish()
        rendering.record(shards)
        ledger.pages.bury([delete.path for delete in deletes], rendering.serial)
        for kind, keys in touches.items():
            ledger.pages.untouch(kind, keys)
        ledger.pages.untouch("shard", ledger.pages.touched("shard"))
        ledger.remember("serial", str(rendering.serial))
        ledger.remember("fingerprint", desk_.fingerprint)
        _restrict(desk_, rendering, now)
        ledger.remember("built", now.isoformat())
        ordered = desk_.folder.apply([*staged, *shards], deletes)
    return _outputs(ordered, deletes, rendering.unchanged)


def _restrict(desk_: Desk, rendering: Rendering, now: datetime) -> None:
    """The site is built under today's restrictions: what was there before has to vanish from the mirrors, in every version."""
    ledger, register = desk_.ledger, rendering.run.register
    documents = restricted_documents(ledger, register)
    if ledger.fact(FACT) == register.fact or (not register.log and ledger.fact(FACT) is None):
        return
    takedown.order(ledger, desk_.settings.mirrors, documents, "restrict", now)
    for moment, who, action, table, number in register.log[int(ledger.fact(LOGGED) or 0) :]:
        ledger.decisions.log(datetime.fromisoformat(moment), who, action, f"t/{table}/", number)
    ledger.remember(LOGGED, str(len(register.log)))
    ledger.remember(FACT, register.fact)


def restricted_documents(ledger: Ledger, register: Register) -> list[DocumentRow]:
    """The tables of which somebody was taken off, or brought back, since the site was built."""
    found = []
    for slug in register.changed(ledger.fact(FACT)):
        row = ledger.documents.get(slug) or ledger.documents.by_address(f"t/{slug}/index.html")
        if row is not None:
            found.append(row)
    return found


def _is_due(ledger: Ledger, fact: str, every: timedelta, now: datetime) -> bool:
    """Whether what was last done at the moment of this fact is to be done again. A clock that was set back makes it due."""
    last = ledger.fact(fact)
    return last is None or not timedelta() <= now - datetime.fromisoformat(last) < every


def _outputs(staged: list[Staged], deletes: list[Delete], unchanged: int) -> Outputs:
    return Outputs(
        written=len(staged), deleted=len(deletes), unchanged=unchanged, bytes=sum(s.record.size for s in staged),
        paths=(*map(str, [s.put for s in staged]), *map(str, deletes)),
    )  # fmt: skip


def _is_empty(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return False


def write_staff_page(desk_: Desk, report: Report, now: datetime) -> Problem | None:
    """Rewrite ``_状況.html`` in the drop folder. A share that refuses it must not stop the publishing: that comes back as a problem."""
    if desk_.dry:
        return None
    from publisher.console.status_page import render
    from publisher.pipeline.staff import staff_view

    place = desk_.settings.paths.content / "_状況.html"
    if desk_.ledger.files.any() and _is_empty(place.parent):
        return None  # the mount point of a share that dropped off: our page in it would make it look alive, and everything withdrawn
    temporary = place.with_name(f"._状況.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(render(staff_view(desk_.ledger, desk_.settings, report, now), desk_.theme))
        temporary.replace(place)
    except SettingsError as error:
        return error.problem
    except OSError as error:
        temporary.unlink(missing_ok=True) if os.access(place.parent, os.W_OK) else None
        return Problem(
            "staff-page", f"状況のページを書けませんでした（{error.strerror or error}）。", "_状況.html", "住民向けのページは、公開されています。",
            "投入フォルダーに書き込める権限を、publisher に付けてください。",
        )  # fmt: skip
    return None
