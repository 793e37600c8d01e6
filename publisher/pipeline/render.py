"""From what was touched to staged files: settles each touched document's state, then renders it and the lists it stands on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from publisher.editions import (
    ArchiveView,
    CategoryView,
    ExtrasView,
    FeedView,
    Frame,
    HomeView,
    archive,
    category,
    document,
    document_version,
    extras,
    feeds,
    home,
    simplified,
    table_drafts,
    table_warnings,
)
from publisher.errors import SiteError
from publisher.intake.archive import Archive
from publisher.ledger import Ledger
from publisher.ledger.documents import DocumentRow, VersionRow
from publisher.ledger.names import identity, place
from publisher.model import (
    Bulletin,
    Card,
    Delete,
    Kind,
    Page,
    Problem,
    PublicContent,
    PublicWorkbook,
    State,
)
from publisher.pipeline.effective import Standing, make_card, standing, versions_shown
from publisher.pipeline.examine import Question, examine
from publisher.pipeline.identify import category_of, folder_of, identify
from publisher.settings import Settings
from publisher.site.manifest import Tree, alive, manifest, shard_key
from publisher.site.places import Node, nodes, number, resolve
from publisher.site.write import SiteFolder, Staged

LATEST = 30
"""Documents on the home page and on a category's page."""

FEED = 50
"""Entries of a feed."""

BATCH = 400
"""Documents that are settled in one transaction."""

URGENT = 20
TABLES = 40


@dataclass(slots=True)
class Rendering:
    """The state of one run of rendering. Nothing is visible before the staged files are put in place."""

    settings: Settings
    ledger: Ledger
    archive: Archive
    frame: Frame
    folder: SiteFolder
    now: datetime
    serial: int
    contents: Mapping[tuple[str, str], PublicContent]
    staged: list[Staged] = field(default_factory=list)
    owners: dict[str, set[str]] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    rekeyed: list[tuple[str, str]] = field(default_factory=list)
    unchanged: int = 0
    all_versions: bool = False
    done: set[str] = field(default_factory=set)
    _staged_paths: dict[str, Staged] = field(default_factory=dict)

    # --- documents ---

    def documents(self, ids: Iterable[str]) -> None:
        """Settle and render these documents. Their lists are touched, in the same transaction as their cards."""
        for some in batched(ids, BATCH):
            with self.ledger.transaction():
                for id_ in some:
                    row = self.ledger.documents.get(id_)
                    if row is not None:
                        self._document(row)

    def _document(self, row: DocumentRow) -> None:
        versions = self.ledger.documents.versions(row.id)
        if not versions:
            files = self.ledger.files.of_document(row.id)
            state = State.REJECTED if files and all(f.verdict == "rejected" for f in files) else State.HELD
            with self.ledger.transaction():
                self.ledger.documents.set_state(row.id, state if files else State.WITHDRAWN, None)
            return
        what = standing(versions, self.now)
        if what.state is State.SCHEDULED or (what.state is not State.PUBLISHED and row.card is None):
            with self.ledger.transaction():
                self.ledger.documents.set_state(row.id, what.state, what.due)
            return
        contents = {language: c for language, v in what.current.items() if (c := self._content(v)) is not None}
        if what.state is State.PUBLISHED and next(iter(what.current), None) not in contents and row.card is None:
            with self.ledger.transaction():
                self.ledger.documents.set_state(row.id, State.HELD, what.due)
            return
        slug = self._table_slug(row, contents)
        with self.ledger.transaction():
            where = category_of(self.ledger, folder_of(row.path))
        card = make_card(row, where, what, contents, slug, self.now)
        self._settle(row, card, what)
        self._render_document(row, card, what, contents)

    def _content(self, version: VersionRow) -> PublicContent | None:
        """What may be shown of a version today: from this run, or read again from the archive under today's rules."""
        known = self.contents.get((version.path, version.sha256))
        if known is not None:
            return known
        try:
            data = self.archive.read(version.sha256)
        except (OSError, ValueError) as error:
            raise SiteError(
                Problem(
                    "archive",
                    "保管してある原本を読めません。",
                    f"{version.path}（{version.sha256[:12]}）",
                    "公開中のページは、前のまま変わっていません。",
                    "バックアップから保管庫（archive）を戻してください。",
                )
            ) from error
        who = identify(version.path, self.settings)
        released = self.ledger.decisions.released(version.path, version.sha256)
        slug = who.profile.slug if who.profile is not None and who.key.endswith("/") else self._slug_of(who.key)
        accepted = examine(Question(version.path, version.moment, who.profile, slug, released), data).accepted
        return accepted.content if accepted is not None else None

    def _slug_of(self, key: str) -> str:
        known = self.ledger.documents.by_key(key) or next(iter(self.ledger.documents.at_path(key)), None)
        return known.id if known is not None else identity(key)

    def _table_slug(self, row: DocumentRow, contents: Mapping[str, PublicContent]) -> str:
        content = next(iter(contents.values()), None)
        return content.tables[0].slug if isinstance(content, PublicWorkbook) and content.tables else row.slug or row.id

    def _settle(self, row: DocumentRow, card: Card, what: Standing) -> None:
        """Keep the card, and touch the lists on which it was or is."""
        pages = self.ledger.pages
        where = place(card.date.strftime("%Y-%m/%d%H%M%S"), card.id)
        with self.ledger.transaction():
            if card != row.card or not row.listed:
                if row.listed:
                    old = self.ledger.documents.remember_category(row.id)
                    self._touch_lists(old[0], old[1])
                self._touch_lists(card.category.path, where)
                pages.touch("home", "")
                self.ledger.remember("updated", max(card.updated, self.ledger.updated or card.updated).isoformat())
            self.ledger.documents.set_card(card, where, True, what.due)

    def _touch_lists(self, category_path: str, where: str) -> None:
        pages = self.ledger.pages
        pages.touch("category", category_path)
        pages.touch("place", where)
        pages.touch("place", f"c:{category_path}\n{where}")

    def _render_document(self, row: DocumentRow, card: Card, what: Standing, contents: dict[str, PublicContent]) -> None:
        owner = f"document:{row.id}"
        shown = contents if card.state is State.PUBLISHED else {}
        bulletin = Bulletin(card, versions_shown(what), tuple(shown.items()))
        if card.kind is Kind.TABLE:
            keys = self.ledger.pages.content_keys(owner)
            with self._owner(owner) as paths:
                for draft in table_drafts(bulletin, self.frame):
                    paths.add(draft.path)
                    if draft.key and keys.get(draft.path) == draft.key:
                        self.unchanged += 1
                    else:
                        self._stage(draft.render(), draft.key)
            self._drop_versions(owner)
            content = next(iter(shown.values()), None)
            self._note(bulletin, table_warnings(content) if isinstance(content, PublicWorkbook) else ())
            return
        older = self._earlier(owner, card, what) if card.state is State.PUBLISHED else {}
        bulletin = replace(bulletin, versions=tuple(v for v in bulletin.versions if v.number in older or v.number >= card.version))
        with self._owner(owner) as paths:
            for page in document(bulletin, self.frame):
                paths.add(page.path)
                self._stage(page)
        if card.state is not State.PUBLISHED:
            self._drop_versions(owner)
        for number_, content in older.items():
            if content is not None:
                self._render(f"{owner}:v{number_}", document_version(bulletin, number_, content, self.frame))
        self._note(bulletin, simplified(bulletin))

    def _earlier(self, owner: str, card: Card, what: Standing) -> dict[int, PublicContent | None]:
        """Earlier versions that have a page: number → what to render, None where the page stands already.

        They are rendered when they become earlier ones, and never again; one that today's rules would hold has none.
        """
        standing_ = frozenset() if self.all_versions else frozenset(self.ledger.pages.owners_below(owner + ":v"))
        found: dict[int, PublicContent | None] = {}
        for version in what.history:
            if version.number >= card.version:
                continue
            if f"{owner}:v{version.number}" in standing_:
                found[version.number] = None
                continue
            content = self._content(version)
            if content is not None and not isinstance(content, PublicWorkbook):
                found[version.number] = content
        return found

    def _note(self, bulletin: Bulletin, notes: tuple[Problem, ...]) -> None:
        """Tell staff what the editions had to change: on the document's files, beside what the review said."""
        if bulletin.card.state is not State.PUBLISHED:
            return
        with self.ledger.transaction():
            self.ledger.files.note(bulletin.card.id, notes)

    def _drop_versions(self, owner: str) -> None:
        for name in self.ledger.pages.owners_below(owner + ":v"):
            self.owners[name] = set()

    # --- lists ---

    def lists(self) -> None:
        """Render every list that was touched."""
        for path in self.ledger.pages.touched("category"):
            self._category(path)
        places: dict[str, list[str]] = {}
        for key in self.ledger.pages.touched("place"):
            scope, _, where = key.rpartition("\n")
            places.setdefault(scope, []).append(where)
        for scope, touched in sorted(places.items()):
            self._archive(scope, touched)
        if self.ledger.pages.touched("home"):
            self._home()
        if self.ledger.pages.touched("extras") or self.ledger.pages.touched("home"):
            self._extras()

    def _home(self) -> None:
        documents = self.ledger.documents
        view = HomeView(
            urgent=documents.urgent(URGENT), latest=documents.latest(LATEST), tables=documents.tables(TABLES),
            categories=tuple(documents.listed_categories()), updated=self.ledger.updated,
        )  # fmt: skip
        self._render("home", home(view, self.frame))
        self._render("feeds", feeds(FeedView(documents.latest(FEED), self.ledger.updated or self.now), self.settings))

    def _extras(self) -> None:
        documents = self.ledger.documents
        cards = tuple(c for c in documents.latest(500) if c.state is State.PUBLISHED)
        view = ExtrasView(tuple(documents.listed_categories()), cards, tuple(documents.months("")), self.ledger.updated)
        self._render("extras", extras(view, self.frame))

    def _category(self, path: str) -> None:
        known = self.ledger.documents.category(path)
        if known is None:
            return
        cards = self.ledger.documents.in_category(path, LATEST)
        owner = f"category:{known.slug}"
        if not cards:
            self.owners[owner] = set()
            self.owners[owner + ":feed"] = set()
            return
        updated = max(card.updated for card in cards)
        self._render(owner, category(CategoryView(known, cards, updated), self.frame))
        recent = self.ledger.documents.in_category(path, FEED)
        self._render(owner + ":feed", feeds(FeedView(recent, updated, known), self.settings))

    def _archive(self, scope: str, touched: list[str]) -> None:
        documents = self.ledger.documents
        known = documents.category(scope[2:]) if scope else None
        base = f"place:{scope}:"
        months = sorted({where[:7] for where in touched})
        standing_ = frozenset(o.removeprefix(base) for m in months for o in self.ledger.pages.owners_below(base + m))
        for node in nodes(documents, scope, touched, standing_):
            if node.count == 0:
                self.owners[base + node.prefix] = set()
            else:
                self._render(base + node.prefix, archive(self._archive_view(scope, known, node), self.frame))
        found = documents.months(scope)
        links = tuple((number(m), m) for m in found)
        owner = f"months:{scope}"
        if links:
            self._render(owner, archive(ArchiveView("index", known, "", (), links), self.frame))
        else:
            self.owners[owner] = set()

    def _archive_view(self, scope: str, known: object, node: Node) -> ArchiveView:
        documents = self.ledger.documents
        if node.children:
            links = tuple((number(resolve(documents, scope, child)), child) for child in node.children)
            return ArchiveView(number(node.prefix), known, node.prefix, (), links)
        return ArchiveView(number(node.prefix), known, node.prefix, documents.in_place(scope, node.prefix), ())

    # --- the manifest ---

    def manifest(self) -> None:
        """The shards that this change touches and the root. Call it when everything else is on record."""
        tree = Tree(self.ledger.pages, self.ledger.pages.touched("shard"))
        root = tree.build()
        for page in tree.pages:
            self._stage(page)
        self.dropped.update(tree.gone)
        site = self.settings.site
        files = sum(int(str(count)) for _, count in root.values())
        self._stage(manifest(root, site.url, site.publisher, self.serial, self.now.replace(microsecond=0), files))

    def alive(self, serial: int) -> None:
        self._render("alive", [alive(serial, self.now.replace(microsecond=0))])

    # --- staging ---

    def _render(self, owner: str, pages: Iterable[Page]) -> None:
        with self._owner(owner) as paths:
            for page in pages:
                paths.add(page.path)
                self._stage(page)

    def _owner(self, owner: str) -> _Owned:
        return _Owned(self.owners, owner)

    def _stage(self, page: Page, key: str = "") -> None:
        before = self._staged_paths.pop(page.path, None)
        if before is not None:
            self.folder.discard(before)
        staged = self.folder.stage(page, self.serial, self.ledger.pages.get(page.path), key)
        if staged is not None:
            self._staged_paths[page.path] = staged
            return
        self.unchanged += 1
        if key:
            self.rekeyed.append((page.path, key))

    def finish(self) -> tuple[list[Staged], list[Delete]]:
        """Hand over what was staged since the last call: the files to put in place and those to delete."""
        staged = list(self._staged_paths.values())
        self._staged_paths.clear()
        return staged, [Delete(path) for path in sorted(self.dropped)]

    def record(self, staged: Iterable[Staged]) -> None:
        """Enter staged files and their owners into the ledger. Runs within a transaction, before they are put in place or after."""
        pages = self.ledger.pages
        pages.put((item.record, shard_key(item.put.path), item.key) for item in staged)
        for path, key in self.rekeyed:
            pages.rekey(path, key)
        self.rekeyed.clear()
        left = {}
        for owner, paths in self.owners.items():
            old = pages.owned(owner)
            pages.use(owner, paths - old)
            left[owner] = sorted(old - paths)
        for owner, gone in left.items():  # after all uses: a file may pass from one owner to another
            self.dropped.update(pages.drop(owner, gone))
        self.owners.clear()


def batched(items: Iterable[str], size: int) -> Iterator[list[str]]:
    """Runs of at most ``size`` items."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


class _Owned:
    """Collects the paths of an owner; they count only when its rendering came to an end."""

    def __init__(self, owners: dict[str, set[str]], owner: str) -> None:
        self._owners, self._owner, self._paths = owners, owner, set[str]()

    def __enter__(self) -> set[str]:
        return self._paths

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._owners[self._owner] = self._paths

