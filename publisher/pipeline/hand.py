"""What one pair of hands does: reads and reviews files, keeps what was accepted, makes pages of it and puts them down beside the site.

The same in the publisher's own process and in each worker. Contents (texts, pictures, rolls of a hundred thousand rows) stay where
they were read; only questions, answers and what was put down travel.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.editions import (
    Frame,
    Theme,
    archive,
    category,
    document,
    document_version,
    extras,
    feeds,
    home,
    simplified,
)
from publisher.errors import SiteError
from publisher.intake.archive import Archive, Moved
from publisher.ledger.documents import DocumentRow, VersionRow
from publisher.model import (
    Bulletin,
    Card,
    Category,
    EditionTally,
    Kind,
    Page,
    Problem,
    PublicContent,
    PublicWorkbook,
    State,
    Version,
)
from publisher.pipeline.effective import first_version, make_card, standing, versions_shown
from publisher.pipeline.examine import Answer, Digest, Lent, Question, examine, refused
from publisher.pipeline.lasting import Lasting
from publisher.pipeline.rendered import Rendered
from publisher.settings import Settings
from publisher.site.write import Known, Stager
from publisher.values import field, frozen, replace

if TYPE_CHECKING:
    from publisher.editions.tables import Draft, Parts, Ready
    from publisher.editions.tables.search import Found
    from publisher.pipeline.aside import Aside

    _Another = Aside[Rendered, Found]
    """A copy that puts pages down, and all of their paths (``PART``); the one that made the index says what it found out about the rows, too."""

MANY_PAGES = 700
"""Pages of rows of an edition to be written from which another process takes a share."""

HUGE = 27_000
"""Pages of rows of an edition (half a million rows) from which one copy waits for the other: each takes as much memory as the table."""

PART = ""
"""The owner of what a copy puts down, until it is known whose it is."""

SHELVES = 3
"""Runs of files whose contents are kept: the one at work, the one being recorded, and one to spare."""


@frozen
class NewDocument:
    """The document that a file would be all of: nothing is known of it, and nobody decided anything about it."""

    id: str
    path: str
    category: Category


@frozen
class Job:
    """A file of the drop folder to be taken in. ``real``: its name as the file system has it; ``known``: SHA-256 of the bytes we have; ``new``: its
    pages may be made at once, unless its bytes are among those that a person took ``down``: one set for all jobs of a run, which is sent once with them."""

    real: str
    size: int
    mtime: int
    question: Question
    known: str
    new: NewDocument | None = None
    down: frozenset[str] = frozenset()


@frozen
class Finished:
    """A new document that was accepted, with its pages put down: its first version, its card, when the clock changes it next."""

    version: VersionRow
    card: Card
    due: datetime | None
    rendered: Rendered


@frozen
class Taken:
    """An answer about bytes that are in the archive now. ``answer`` None: nothing new, or (``sha256`` empty) the file moved under our hands."""

    question: Question
    sha256: str
    answer: Answer | None
    finished: Finished | None = None


Ref = tuple[str, str, str]
"""(path, SHA-256, slug) of a content: where a document moved away, another one may have the same bytes at its old path."""


@frozen
class Source:
    """Where a content comes from: bytes of the archive under a question's rules."""

    question: Question
    sha256: str

    @property
    def ref(self) -> Ref:
        return self.question.path, self.sha256, self.question.slug


@frozen
class Overtaken:
    """An edition of a roll that is held, and the one that the public sees meanwhile. ``newest``: no edition came after that one."""

    question: Question
    sha256: str
    standing: Source
    newest: bool


@frozen
class Past:
    """An edition of tables that has CSVs of its own: (slug, name of the edition in addresses) of each."""

    owner: str
    source: Source
    stems: tuple[tuple[str, str], ...]


@frozen
class Order:
    """A document to be rendered. ``shown``: language → content; ``older``: earlier versions, number, owner of the pages, content; ``editions`` of
    a table, and of them those in the ``past`` whose CSV is to be made.

    ``known``: the files that stand already, by path, with the content key of each ("" for none).
    """

    card: Card
    versions: tuple[Version, ...]
    shown: tuple[tuple[str, Source], ...]
    older: tuple[tuple[int, str, Source], ...] = ()
    known: Mapping[str, tuple[Known, str]] = field(default_factory=dict)
    editions: tuple[EditionTally, ...] = ()
    past: tuple[Past, ...] = ()


@frozen
class ListOrder:
    """A list, a feed or the like to be rendered for its ``owner``; ``kind`` names the function of the editions, ``view`` is its argument."""

    kind: str
    owner: str
    view: object
    known: Mapping[str, tuple[Known, str]] = field(default_factory=dict)


@frozen
class Bench:
    """What hands need to work: it can be sent to another process."""

    settings: Settings
    theme: Theme
    archive: Archive
    stager: Stager
    public_key: str = ""
    fingerprint: str = ""
    memory: Path | None = None
    """Where large tables are remembered; None: nowhere."""
    program: str = ""


class Hand:
    """``frame`` gives the frame of the pages when the first one is made; ``alone``: nothing else runs in this process, so that it may copy itself."""

    def __init__(self, bench: Bench, frame: Callable[[], Frame] | None = None, alone: bool = False) -> None:
        self._alone = alone
        self._ready: Ready | None = None
        self._archive, self._stager = bench.archive, bench.stager
        self._content: Path = bench.settings.paths.content
        self._make_frame = frame or (lambda: Frame(bench.settings, bench.theme, bench.public_key, bench.fingerprint))
        self._settings = bench.settings
        self._lasting = Lasting(bench.memory, bench.archive.read, bench.program, alone)
        self._shelves: deque[dict[Ref, PublicContent]] = deque([{}], maxlen=SHELVES)

    @cached_property
    def _frame(self) -> Frame:
        return self._make_frame()

    # --- taking in ---

    def close(self) -> None:
        """No more questions."""
        self._lasting.settle()

    def take(self, jobs: Sequence[Job]) -> list[Taken]:
        """Archive and examine a run of files. The contents of older runs are put away."""
        self._shelves.append({})
        return [self._take(job) for job in jobs]

    def _take(self, job: Job) -> Taken:
        question = job.question
        try:
            taken = self._archive.take(self._content / job.real, job.size, job.mtime)
        except Moved:
            return Taken(question, "", None)
        except OSError as error:
            return Taken(question, "", refused(question.path, _cannot_open(question.path, error)))
        sha256, data = taken.sha256, Lent(taken.data)
        del taken
        if sha256 == job.known:
            return Taken(question, sha256, None)
        answer = self._examine(question, sha256, data)
        finished = None if job.new is None or answer.digest is None or sha256 in job.down else self._finish(job.new, Source(question, sha256), answer.digest)
        return Taken(question, sha256, answer if finished is None else replace(answer, digest=None), finished)

    def _finish(self, new: NewDocument, source: Source, digest: Digest) -> Finished | None:
        """The pages of a new document, while its content is at hand; None for one that the public is not to see yet, or that has earlier editions."""
        question = source.question
        if digest.kind is Kind.TABLE or question.now is None:
            return None
        version = first_version(source.sha256, question.path, question.arrived, digest)
        what = standing([version], question.now)
        if what.state is not State.PUBLISHED:
            return None
        row = DocumentRow(new.id, new.path, new.path, new.category.path, State.HELD)
        card = make_card(row, new.category, what, {version.language: digest}, new.id, question.now)
        due = min((when for when in (what.due, digest.due) if when is not None), default=None)
        return Finished(version, card, due, self._render(Order(card, versions_shown(what), ((version.language, source),))))

    def again(self, sources: Sequence[Source]) -> list[Answer]:
        """Examine bytes of the archive once more: the rules changed, or they are needed again."""
        self._shelves.append({})
        return [self._again(source) for source in sources]

    def count(self, sources: Sequence[Source]) -> list[Answer]:
        """Examine earlier editions for their numbers only: their contents are not kept."""
        return [examine(source.question, self._data(source))[0] for source in sources]

    def still_shown(self, several: Sequence[Overtaken]) -> list[tuple[Problem, ...]]:
        """Of each held roll, what staff must know of people whom it marks and the public still sees."""
        from publisher.pipeline.still_shown import told

        return [
            told(one.question, self._data(Source(one.question, one.sha256)), one.standing.question, self._kept(one.standing.sha256), one.newest) for one in several
        ]

    def _kept(self, sha256: str) -> bytes | None:
        """Bytes of the archive; None where they are lost, which is told when they are needed."""
        try:
            return self._archive.read(sha256)
        except (OSError, ValueError):
            return None

    def _again(self, source: Source) -> Answer:
        return self._examine(source.question, source.sha256, Lent(self._data(source)))

    def _data(self, source: Source) -> bytes:
        try:
            return self._archive.read(source.sha256)
        except (OSError, ValueError) as error:
            raise SiteError(_archive_lost(source)) from error

    def _examine(self, question: Question, sha256: str, data: Lent) -> Answer:
        answer, content = self._lasting.examine(question, sha256, data)
        if content is not None:
            self._shelves[-1][Source(question, sha256).ref] = content
        return answer

    def _take_content(self, source: Source) -> PublicContent | None:
        """The content, which leaves its shelf; None when today's rules hold it."""
        for shelf in self._shelves:
            found = shelf.pop(source.ref, None)
            if found is not None:
                return found
        self._again(source)
        return self._shelves[-1].pop(source.ref, None)

    def prepare(self, sources: Sequence[Source]) -> list[Rendered]:
        """Make of a large table what will be needed for its pages, while whoever asked finds out what else belongs to it."""
        from publisher.editions.tables import Ready

        found = (shelf.get(source.ref) for shelf in self._shelves for source in sources)
        content = next((one for one in found if one is not None), None)
        if isinstance(content, PublicWorkbook) and len(content.tables) == 1:
            self._ready = Ready(content.tables[0], self._lasting.known(sources[0].ref))
            _ = self._ready.csv, self._ready.roll
        return []

    # --- pages ---

    def render(self, orders: Sequence[Order]) -> list[Rendered]:
        return [self._render(order) for order in orders]

    def _render(self, order: Order) -> Rendered:
        card, made = order.card, Rendered(order.card.id)
        owner = f"document:{card.id}"
        shown = [(language, content) for language, source in order.shown if (content := self._take_content(source)) is not None]
        bulletin = Bulletin(card, order.versions, tuple(shown), order.editions)
        if card.kind is Kind.TABLE:
            self._table(bulletin, owner, order, made)
            here = {source.ref: content for (_, source), (_, content) in zip(order.shown, shown, strict=False)}
            for past in order.past:
                self._past(past, here.get(past.source.ref) or self._take_content(past.source), order.known, made)
            return made
        self._put(made, owner, document(bulletin, self._frame), order.known)
        for number, name, source in order.older:
            content = self._take_content(source)
            if content is not None and not isinstance(content, PublicWorkbook):
                self._put(made, name, document_version(bulletin, number, content, self._frame), order.known)
        if card.state is State.PUBLISHED:
            made.notes = simplified(bulletin)
        return made

    def _table(self, bulletin: Bulletin, owner: str, order: Order, made: Rendered) -> None:
        from publisher.editions import table_drafts, table_parts, table_warnings, tables_ready

        tables = tables_ready(bulletin)
        if len(tables) == 1 and self._ready is not None and self._ready.source is tables[0].source:
            tables = (self._ready,)
        self._ready = None
        parts = table_parts(bulletin, self._frame, tables) if self._alone else None
        if parts is None:
            self._lasting.forget(bulletin.card.path.split("/")[1])
            made.owners[owner] = self._drafts(table_drafts(bulletin, self._frame, tables), order.known, made)
        else:
            source = order.shown[0][1]
            made.owners[owner], another = self._together(parts, order.known, made)
            self._lasting.remember(source.question, source.sha256, tables[0].source, parts, another)
        made.notes = table_warnings(tables)

    def _together(self, parts: Parts, known: Mapping[str, tuple[Known, str]], made: Rendered) -> tuple[list[str], _Another]:
        """What stands beside the pages is made in a copy of this process, the smaller editions in another where many pages are to be written: each
        core has as much to do. All paths, and who can say what was found out on the way."""
        first, *others = parts.editions
        beside = self._aside(parts.beside, known, parts.found)
        copies = [beside]
        drafts = list(first)
        results = []
        if others and sum(not _stands(draft, known) for draft in drafts) >= MANY_PAGES:
            if len(drafts) >= HUGE:
                results.append(copies.pop().result())
            copies.append(self._aside(chain(*others), known))
            others = []
        paths = self._drafts(chain(drafts, *others, parts.names, parts.overviews), known, made)
        results += [copy.result() for copy in copies]
        for part in results:
            made.files.take(part.files)
            made.unchanged += part.unchanged
            made.rekeyed += part.rekeyed
            paths += part.owners[PART]
        return paths, beside

    def _aside(self, drafts: Iterable[Draft], known: Mapping[str, tuple[Known, str]], after: Callable[[], Found | None] | None = None) -> _Another:
        from publisher.pipeline.aside import Aside, while_wanted

        def work(drafts: Iterable[Draft], stager: Stager) -> Rendered:
            part = Rendered()
            part.owners[PART] = self._drafts(drafts, known, part, stager)
            return part

        another, here = self._stager.aside(), os.getpid()
        return Aside(lambda: work(while_wanted(drafts, here), another), lambda: work(drafts, self._stager), after)

    def _drafts(self, drafts: Iterable[Draft], known: Mapping[str, tuple[Known, str]], made: Rendered, stager: Stager | None = None) -> list[str]:
        """Put down those that do not stand; the paths of all."""
        paths = []
        for draft in drafts:
            paths.append(draft.path)
            if _stands(draft, known):
                made.unchanged += 1
            else:
                self._stage(made, draft.render(), known, draft.key, stager)
        return paths

    def _past(self, past: Past, content: PublicContent | None, known: Mapping[str, tuple[Known, str]], made: Rendered) -> None:
        """The CSVs of one edition: made once, when the next one comes."""
        from publisher.editions.tables import history

        stems = dict(past.stems)
        tables = content.tables if isinstance(content, PublicWorkbook) else ()
        csvs = [history.csv(table, stems[table.slug]) for table in tables if table.slug in stems and not table.personal]
        self._put(made, past.owner, csvs, known)

    def lists(self, orders: Sequence[ListOrder]) -> list[Rendered]:
        found = []
        for order in orders:
            made = Rendered()
            self._put(made, order.owner, self._pages(order), order.known)
            found.append(made)
        return found

    def _pages(self, order: ListOrder) -> Iterable[Page]:
        if order.kind == "feeds":
            return feeds(order.view, self._settings)  # type: ignore[arg-type]
        return _LISTS[order.kind](order.view, self._frame)

    def _put(self, made: Rendered, owner: str, pages: Iterable[Page], known: Mapping[str, tuple[Known, str]]) -> None:
        paths = []
        for page in pages:
            paths.append(page.path)
            self._stage(made, page, known)
        made.owners[owner] = paths

    def _stage(self, made: Rendered, page: Page, known: Mapping[str, tuple[Known, str]], key: str = "", stager: Stager | None = None) -> None:
        before = known.get(page.path)
        staged = (stager or self._stager).stage(page, None if before is None else before[0], key)
        if staged is not None:
            made.files.append(staged.flat())
            return
        made.unchanged += 1
        if key:
            made.rekeyed.append((page.path, key))


def _stands(draft: Draft, known: Mapping[str, tuple[Known, str]]) -> bool:
    return bool(draft.key) and known.get(draft.path, (None, ""))[1] == draft.key


_LISTS: Mapping[str, Callable[..., Iterable[Page]]] = {"home": home, "category": category, "archive": archive, "extras": extras}


def _cannot_open(path: str, error: OSError) -> Problem:
    return Problem(
        "cannot-open",
        f"ファイルを開けません（{error.strerror or error}）。",
        path,
        "前に公開したものがあれば、そのまま見えています。",
        "ほかのソフトで開いたままなら閉じて、ファイルの権限を確かめてください。",
    )


def _archive_lost(source: Source) -> Problem:
    return Problem(
        "archive",
        "保管してある原本を読めません。",
        f"{source.question.path}（{source.sha256[:12]}）",
        "公開中のページは、前のまま変わっていません。",
        "バックアップから保管庫（archive）を戻してください。",
    )
