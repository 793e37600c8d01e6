"""From what was touched to files that lie ready: settles each touched document's state, then has it and its lists rendered."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import TypeVar

from publisher.ledger import Ledger
from publisher.ledger.documents import DocumentRow, VersionRow
from publisher.ledger.names import place
from publisher.model import Card, Delete, EditionTally, Kind, Page, PageKind, Reason, State
from publisher.pipeline.crew import Asked, Crew, worker_of
from publisher.pipeline.effective import Standing, make_card, standing, versions_shown
from publisher.pipeline.examine import Digest
from publisher.pipeline.hand import ListOrder, Order, Past, Source
from publisher.pipeline.identify import folder_of
from publisher.pipeline.lists import touched_lists
from publisher.pipeline.past import MANY_ROWS, Anew, PastEditions, is_table
from publisher.pipeline.rendered import Rendered
from publisher.pipeline.take_in import Intake, Known
from publisher.proof.minisign import SecretKey
from publisher.settings import Settings
from publisher.site.manifest import Tree, alive, manifest, shard_key
from publisher.site.write import SiteFolder, Staged, Stager
from publisher.values import field, frozen, record

BATCH = 400
"""Documents that are settled in one transaction."""

Item = TypeVar("Item")

SHARE = 25
"""Documents or lists that a worker is asked for at once."""


@record
class Rendering:
    """The state of one run of rendering. Nothing is visible before the staged files are put in place.

    ``all_versions``: earlier versions are rendered, too, though they have pages. ``lost``: the files that the ledger knows are gone.
    ``renewed``: another program made the pages, so that the keys under which they are known say nothing. ``later``: see ``past.PastEditions``.
    """

    settings: Settings
    ledger: Ledger
    run: Intake
    crew: Crew
    folder: SiteFolder
    stager: Stager
    now: datetime
    serial: int
    all_versions: bool = False
    lost: bool = False
    renewed: bool = False
    later: bool = False
    owners: dict[str, set[str]] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    rekeyed: list[tuple[str, str]] = field(default_factory=list)
    unchanged: int = 0
    done: set[str] = field(default_factory=set)
    _staged: dict[str, Staged] = field(default_factory=dict)
    _asked: deque[Asked] = field(default_factory=deque)
    _empty: bool = False

    def __post_init__(self) -> None:
        self._empty = not self.ledger.pages.any()

    # --- documents ---

    def documents(self, ids: Iterable[str]) -> None:
        """Settle these documents and have them rendered. Their lists are touched in the same transaction as their cards."""
        for some in batched(ids, BATCH):
            self._finished([id_ for id_ in some if id_ in self.run.finished])
            self._documents([id_ for id_ in some if id_ not in self.run.finished])
            self.done.update(some)

    def _finished(self, ids: Sequence[str]) -> None:
        """Keep the cards of new documents whose pages lie ready."""
        cards = _Cards()
        for id_ in ids:
            row, made = self.run.finished[id_]
            cards.add(row, made.card, made.due)
        with self.ledger.transaction():
            cards.keep(self.ledger)
        for id_ in ids:
            self._enter(self.run.finished[id_][1].rendered)

    def _documents(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        rows, versions = self.ledger.documents.many(ids), self.ledger.documents.versions_of(ids)
        found = [plan for id_ in ids if id_ in rows and (plan := self._plan(rows[id_], versions.get(id_, []))) is not None]
        self._examine([source for plan in found for source in plan.sources])
        for plan in found:
            self._prepare(plan)
        orders: dict[int, list[Order]] = {}
        with self.ledger.transaction():
            cards = _Cards()
            for plan in found:
                order = self._settle(plan, cards)
                if order is not None:
                    orders.setdefault(self._worker(plan), []).append(order)
            cards.keep(self.ledger)
        for run in batched(_alternating(orders), SHARE):
            for worker in {worker for worker, _ in run}:
                self._ask(worker, "render", [order for mine, order in run if mine == worker])

    def _prepare(self, plan: _Plan) -> None:
        """Of a large table there is much to make before its first page; meanwhile we compare it with its earlier editions."""
        source = next(iter(plan.current.values()), None)
        known = self.run.known.get(source.ref) if source is not None else None
        if source is not None and known is not None and known.digest.rows >= MANY_ROWS:
            self._asked.append(self.crew.ask(known.worker, "prepare", [source]))

    def _plan(self, row: DocumentRow, versions: Sequence[VersionRow]) -> _Plan | None:
        """What a document needs to be rendered; None when nothing of it is public."""
        if not versions:
            files = self.ledger.files.of_document(row.id)
            state = State.REJECTED if files and all(f.verdict == "rejected" for f in files) else State.HELD
            self._set_state(row, state if files else State.WITHDRAWN, None)
            return None
        what = standing(versions, self.now)
        if what.state is State.SCHEDULED or (what.state is not State.PUBLISHED and row.card is None):
            self._set_state(row, what.state, what.due)
            return None
        current = {language: self._source(row, version) for language, version in what.current.items()}
        has_pages = what.state is State.PUBLISHED and not is_table(row)
        return _Plan(row, what, current, self._older(row, what) if has_pages else {})

    def _set_state(self, row: DocumentRow, state: State, due: datetime | None) -> None:
        with self.ledger.transaction():
            self.ledger.documents.set_state(row.id, state, due)

    def _source(self, row: DocumentRow, version: VersionRow) -> Source:
        known = self.run.known_as(row.id, version)
        return known.source if known is not None else self.run.source(version.path, version.sha256, version.moment, row.id)

    def _older(self, row: DocumentRow, what: Standing) -> dict[int, _Older]:
        """Earlier versions by number. Their pages are rendered when they become earlier ones, and again only when something of them changes;
        one that today's rules would hold has none, nor has one that was taken down: whoever puts a corrected text in the place of a wrong one does
        not want to see that again.
        """
        if len(what.history) < 2:
            return {}
        language = next(iter(what.current))
        standing_ = frozenset() if self.all_versions else frozenset(self.ledger.pages.owners_below(f"document:{row.id}:v"))
        found: dict[int, _Older] = {}
        before: VersionRow | None = None
        for version in what.history:
            if version.number in what.recalled or self.run.was_withdrawn(version):
                continue
            said = (version.path, version.sha256, version.moment.isoformat(), folder_of(row.path), language, before and before.moment.isoformat())
            owner = f"document:{row.id}:v{version.number}:{sha256(repr(said).encode()).hexdigest()[:16]}"
            found[version.number] = _Older(owner, None if owner in standing_ else self._source(row, version))
            before = version
        return found

    def _examine(self, sources: Iterable[Source]) -> None:
        """See to it that there is a digest of all of them that today's rules accept."""
        missing = {source.ref: source for source in sources if source.ref not in self.run.known}
        shares: dict[int, list[Source]] = {}
        for source in missing.values():
            shares.setdefault(worker_of(source.question.path, self.crew), []).append(source)
        asked = [(worker, share, self.crew.ask(worker, "again", share)) for worker, share in shares.items()]
        for worker, share, answers in asked:
            for source, answer in zip(share, answers.result(), strict=True):
                if answer.digest is not None:
                    self.run.known[source.ref] = Known(answer.digest, worker, source)

    def _worker(self, plan: _Plan) -> int:
        """The one on whose shelf the content lies."""
        known = next((k for source in plan.current.values() if (k := self.run.known.get(source.ref)) is not None), None)
        return known.worker if known is not None else worker_of(plan.row.path, self.crew)

    def _settle(self, plan: _Plan, cards: _Cards) -> Order | None:
        """Keep the document's card, touch the lists on which it was or is; the order for its pages."""
        row, what = plan.row, plan.what
        digests = {language: known.digest for language, source in plan.current.items() if (known := self.run.known.get(source.ref))}
        if what.state is State.PUBLISHED and next(iter(what.current), None) not in digests and row.card is None:
            self.ledger.documents.set_state(row.id, State.HELD, what.due)
            return None
        slug = _slug(row, digests)
        card = make_card(row, self.run.category(folder_of(row.path)), what, digests, slug, self.now)
        dues = [when for when in (what.due, *(found.due for found in digests.values())) if when is not None]
        cards.add(row, card, min(dues, default=None))
        shown = tuple((language, plan.current[language]) for language in digests) if card.state is State.PUBLISHED else ()
        owner = f"document:{row.id}"
        known = {} if self._empty or self.lost else self.ledger.pages.known_below(owner)
        if self.renewed:
            known = {path: (one, "") for path, (one, _) in known.items()}
        versions = versions_shown(what)
        older: dict[int, _Older] = {}
        if card.kind is not Kind.TABLE and card.state is State.PUBLISHED:
            older = {n: one for n, one in plan.older.items() if n < card.version and self._has_page(one.source)}
            versions = tuple(v for v in versions if v.number in older or v.number >= card.version)
        editions, past, csvs = self._editions(plan) if card.kind is Kind.TABLE and shown else ((), (), set())
        if row.card is not None:
            self._drop_versions(owner, {one.owner for one in older.values()} | csvs)
        missing = tuple((n, one.owner, one.source) for n, one in older.items() if one.source is not None)
        return Order(card, versions, shown, missing, known, editions, past)

    def _editions(self, plan: _Plan) -> tuple[tuple[EditionTally, ...], tuple[Past, ...], set[str]]:
        """The numbers of all editions of a table, those whose CSV has to be made, and the owners of all such CSVs."""
        counted = PastEditions(self.ledger, self.run, self.crew, self.settings.site.zone, self._counts_anew(plan), self.later)
        current = {
            (version.moment, version.sha256): known.digest
            for language, version in plan.what.current.items()
            if language == plan.what.history[0].language and (known := self.run.known.get(plan.current[language].ref)) is not None
        }
        editions = counted.of(plan.row, plan.what.history, current)
        past, csvs = counted.csv(plan.row.id, editions, plan.what.history)
        return editions, tuple(past), csvs

    def _counts_anew(self, plan: _Plan) -> Anew:
        """Whether what was counted of earlier editions counts no more: under another program, or other rules for this table. A roll has dozens of
        editions, and to read all of them takes minutes in which nothing is published: another title of the site is no reason."""
        questions = [self.run.source(version.path, version.sha256, version.moment, plan.row.id).question for version in plan.what.history]
        said = sorted({repr((question.profile, question.slug)) for question in questions})
        rules = sha256(repr((said, str(self.settings.site.zone))).encode()).hexdigest()
        fact = f"tallies {plan.row.id}"
        before = self.ledger.fact(fact)
        if before == rules:
            return Anew.PROGRAM if self.lost or self.renewed else Anew.NO
        self.ledger.remember(fact, rules)
        # The rules may have changed while the document was withdrawn: nothing was counted then.
        return Anew.RULES if self.all_versions or before is not None else Anew.NO

    def _has_page(self, source: Source | None) -> bool:
        if source is None:
            return True
        known = self.run.known.get(source.ref)
        return known is not None and known.digest.kind is not Kind.TABLE

    def _drop_versions(self, owner: str, but: set[str]) -> None:
        for name in self.ledger.pages.owners_below(owner + ":v"):
            if name not in but:
                self.owners[name] = set()

    # --- lists ---

    def lists(self) -> None:
        """Have every list rendered that was touched."""
        self.collect()
        for some in batched(touched_lists(self.ledger, self.owners), SHARE):
            for worker in range(self.crew.size):
                orders = [self._known(order) for order in some[worker :: self.crew.size]]
                if orders:
                    self._ask(worker, "lists", orders)
        self.collect()

    def _known(self, order: ListOrder) -> ListOrder:
        if self._empty or self.lost:
            return order
        return ListOrder(order.kind, order.owner, order.view, self.ledger.pages.known(order.owner))

    # --- the manifest ---

    def manifest(self, key: SecretKey | None) -> None:
        """The shards that this change touches, the root, and its signature. Call it when everything else is on record."""
        tree = Tree(self.ledger.pages, self.ledger.pages.touched("shard"))
        root = tree.build()
        for page in tree.pages:
            self._stage(page)
        self.dropped.update(tree.gone)
        site = self.settings.site
        files = sum(int(str(count)) for _, count in root.values())
        moment = self.now.replace(microsecond=0)
        page = manifest(root, site.url, site.publisher, self.serial, moment, files)
        self._stage(page)
        if key is not None:
            comment = f"site:{site.url} serial:{self.serial} time:{moment.isoformat()}"
            self._stage(Page(f"{page.path}.minisig", key.sign(page.body, comment).encode(), PageKind.MANIFEST))
        elif self.ledger.pages.get(f"{page.path}.minisig") is not None:
            self.dropped.add(f"{page.path}.minisig")  # a signature of what stood before would say that this is forged

    def alive(self, serial: int) -> None:
        page = alive(serial, self.now.replace(microsecond=0))
        self.owners["alive"] = {page.path}
        self._stage(page)

    # --- what was put down ---

    def _ask(self, worker: int, call: str, orders: Sequence[Order | ListOrder]) -> None:
        self._asked.append(self.crew.ask(worker, call, orders))
        while len(self._asked) > 40:
            self._collect(self._asked.popleft())

    def collect(self) -> None:
        """Wait for everything that was asked for."""
        while self._asked:
            self._collect(self._asked.popleft())

    def _collect(self, asked: Asked) -> None:
        for made in asked.result():
            self._enter(made)

    def _enter(self, made: Rendered) -> None:
        for values in made.files.drain():
            self._keep(Staged.unflat(values))
        for owner, paths in made.owners.items():  # by the names that the staged files have already: a large roll has a hundred thousand
            self.owners[owner] = {one.put.path if (one := self._staged.get(path)) is not None else path for path in paths}
        self.unchanged += made.unchanged
        self.rekeyed += made.rekeyed
        if made.document and (made.notes or not self._empty):
            with self.ledger.transaction():
                self.ledger.files.note(made.document, made.notes)

    def _keep(self, staged: Staged) -> None:
        """Two documents may have put down the same picture, a document may have been rendered twice, a file may pass between owners."""
        path = staged.put.path
        before = self._staged.pop(path, None)
        if before is not None:
            self.folder.discard(before)
        if staged.put.reason is Reason.NEW and not self._empty:
            known = self.ledger.pages.get(path)
            if known is not None:
                if staged.record.kind is PageKind.PICTURE and (self.folder.folder / path).is_file():
                    self.folder.discard(staged)  # named by its content
                    self.unchanged += 1
                    return
                staged = staged.changed()
        self._staged[path] = staged

    def _stage(self, page: Page) -> None:
        known = self.ledger.pages.get(page.path)
        staged = self.stager.stage(page, None if known is None else (known.sha256, known.kind, known.personal))
        if staged is None:
            self.unchanged += 1
        else:
            self._staged[page.path] = staged

    def finish(self) -> tuple[list[Staged], list[Delete]]:
        """Hand over what was staged since the last call: the files to put in place and those to delete."""
        staged = list(self._staged.values())
        self._staged.clear()
        return staged, [Delete(path) for path in sorted(self.dropped)]

    def record(self, staged: Iterable[Staged]) -> None:
        """Enter staged files and their owners into the ledger. Runs within a transaction, before they are put in place or after."""
        pages = self.ledger.pages
        pages.put(((item.record, shard_key(item.put.path), item.key) for item in staged), self._empty)
        for path, key in self.rekeyed:
            pages.rekey(path, key)
        self.rekeyed.clear()
        left, used = {}, []
        for owner, paths in self.owners.items():
            old = set() if self._empty else pages.owned(owner)
            used += [(owner, path) for path in sorted(paths - old)]
            if old - paths:
                left[owner] = sorted(old - paths)
        pages.use(used)
        for owner, gone in left.items():  # after all uses: a file may pass from one owner to another
            self.dropped.update(pages.drop(owner, gone))
        self.owners.clear()


@frozen
class _Plan:
    """A document on its way: what counts of it, where each language's content comes from, and its earlier versions'."""

    row: DocumentRow
    what: Standing
    current: Mapping[str, Source]
    older: Mapping[int, _Older]

    @property
    def sources(self) -> list[Source]:
        return [*self.current.values(), *(one.source for one in self.older.values() if one.source is not None)]


@frozen
class _Older:
    """An earlier version: who owns its pages (the name changes with all that they say), and what to render, None where they stand."""

    owner: str
    source: Source | None


@record
class _Cards:
    """The cards of a batch of documents, and the lists on which these are or were: to be kept all at once."""

    cards: list[tuple[DocumentRow, Card, str, datetime | None]] = field(default_factory=list)
    touches: set[tuple[str, str]] = field(default_factory=set)
    updated: datetime | None = None

    def add(self, row: DocumentRow, card: Card, due: datetime | None) -> None:
        """``due``: when the clock alone changes it."""
        where = place(card.date.strftime("%Y-%m/%d%H%M%S"), card.id)
        if card != row.card or not row.listed:
            if row.listed:
                self._touch_lists(row.category, row.place)
            self._touch_lists(card.category.path, where)
            self.touches.add(("home", ""))
            self.updated = max(card.updated, self.updated or card.updated)
        self.cards.append((row, card, where, due))

    def _touch_lists(self, category_path: str, where: str) -> None:
        self.touches |= {("category", category_path), ("place", where), ("place", f"c:{category_path}\n{where}")}

    def keep(self, ledger: Ledger) -> None:
        """Runs within a transaction."""
        ledger.documents.set_cards(self.cards)
        ledger.pages.touch_all(self.touches)
        if self.updated is not None:
            ledger.remember("updated", max(self.updated, ledger.updated or self.updated).isoformat())


def _slug(row: DocumentRow, digests: Mapping[str, Digest]) -> str:
    first = next(iter(digests.values()), None)
    return (first.slug if first is not None else "") or row.slug or row.id


def _alternating(orders: Mapping[int, Sequence[Order]]) -> Iterator[tuple[int, Order]]:
    """So that each worker has something to do soon."""
    queues = {worker: deque(mine) for worker, mine in sorted(orders.items())}
    while queues:
        for worker in list(queues):
            yield worker, queues[worker].popleft()
            if not queues[worker]:
                del queues[worker]


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Runs of at most ``size`` items."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
