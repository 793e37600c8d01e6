"""A neighbour's site, kept as an exact copy: nothing is put into it that its publisher did not sign, and nothing older than what it holds."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from publisher.ledger import Ledger
from publisher.model import Delete, Page, PageKind, PageRecord
from publisher.proof.minisign import Forged, Malformed, PublicKey, verify
from publisher.proof.tree import (
    DEEPEST,
    ROOT,
    SIGNATURE,
    Broken,
    Fetch,
    File,
    Root,
    check_file,
    parse_root,
    read_root,
    read_shard,
    shard_path,
)
from publisher.site.write import SiteFolder, Staged
from publisher.values import frozen

FETCHERS = 8

AHEAD = 2 * FETCHERS
"""Files that are read before they can be put down: they are held in memory."""

UNFINISHED = "unfinished"
"""The ledger's word for a change that was begun: whose it is. While it is there, what lies in the folder is looked at, not believed."""

MOST_FILES = 5_000_000
"""Files of a site that is copied at most: a signed list may still be a mistake."""


@frozen
class Carried:
    """What a run did: the serial that the copy has now, files written and deleted, bytes read."""

    serial: int
    written: int = 0
    deleted: int = 0
    bytes: int = 0


class Copy:
    """A folder that holds a site under its publisher's signature, and a ledger that knows its files for the mirrors."""

    def __init__(self, folder: Path, ledger: Ledger, key: PublicKey) -> None:
        self.folder, self._ledger, self._key = folder, ledger, key

    def standing(self) -> Root | None:
        """The root of what is there, believed only under the same key; None when there is nothing. Raises ``Broken`` for anything else."""
        try:
            body, signature = (self.folder / ROOT).read_bytes(), (self.folder / SIGNATURE).read_bytes().decode("utf-8", "replace")
        except OSError:
            if self.folder.exists() and any(entry.name != ".staging" for entry in self.folder.iterdir()):
                raise Broken("occupied", str(self.folder), "写しではないものが入っているフォルダーです") from None
            return None
        try:
            verify(self._key, body, signature)
        except (Forged, Malformed) as error:
            raise Broken("occupied", str(self.folder), "別の発行者の写しが入っているフォルダーです") from error
        return parse_root(body, signature, signed=True)

    @property
    def unfinished(self) -> tuple[str, str, int] | None:
        """(key, site, serial) of a change that was begun and not ended: the machine stopped, or the disk was full."""
        fact = self._ledger.fact(UNFINISHED)
        if not fact:
            return None
        key, site, serial = json.loads(fact)
        return key, site, serial

    def take(
        self, fetch: Fetch, now: datetime, tell: Callable[[int, int], None] = lambda *_: None, refuse: Callable[[Root], None] = lambda _: None
    ) -> Carried:
        """Bring the copy to what ``fetch`` gives. Everything is checked and put down beside the copy before any of it is shown.
        ``refuse``: whoever asks may know more of the site, and raise ``Broken`` too.

        Raises ``Broken`` (nothing has changed then), ``SiteError`` for the disk, and what ``fetch`` raises.
        """
        root = read_root(fetch, self._key)
        refuse(root)
        begun = self.unfinished
        if begun is not None:
            self._refuse_unfinished(root, begun)
        else:
            before = self.standing()
            if before is not None:
                self._refuse_older(root, before)
                if root.body == before.body:
                    return Carried(root.serial)
        _refuse_expired(root, now)
        known = {path: entry[0] for path, entry in self._known().items()}
        shards = dict(self._shards(fetch, root, known))
        wanted: dict[str, File] = {}
        for prefix, body in shards.items():
            for file in read_shard(body, prefix, hashlib.sha256(body).hexdigest())[1]:
                wanted[file.path] = file
        if len(wanted) > MOST_FILES or len(wanted) != root.files:
            raise Broken("malformed", ROOT, "目録の件数が合いません")
        _refuse_clashes(wanted)
        return self._apply(fetch, root, shards, wanted, tell)

    def _refuse_older(self, root: Root, before: Root) -> None:
        if root.site != before.site:
            raise Broken("other", ROOT, f"別のサイト（{root.site}）の目録です")
        if root.serial < before.serial:
            raise Broken("older", ROOT, f"古い版です（通し番号 {root.serial}。手元の写しは {before.serial}）")
        if root.serial == before.serial and root.body != before.body:
            raise Broken("older", ROOT, f"同じ通し番号（{root.serial}）で、中身のちがう目録です")

    def _refuse_unfinished(self, root: Root, begun: tuple[str, str, int]) -> None:
        """Parts of what was begun may be seen already: its publisher's alone, and nothing older, may go on from there."""
        key, site, serial = begun
        if key != self._key.key.hex():
            raise Broken("occupied", str(self.folder), "別の発行者の写しが入っているフォルダーです")
        if root.site != site:
            raise Broken("other", ROOT, f"別のサイト（{root.site}）の目録です")
        if root.serial < serial:
            raise Broken("older", ROOT, f"古い版です（通し番号 {root.serial}。手元の写しは {serial}）")

    def _known(self) -> dict[str, tuple[str, str, bool]]:
        return {r.path: (r.sha256, str(r.kind), r.personal) for r in self._ledger.pages.all()}

    def _shards(self, fetch: Fetch, root: Root, known: dict[str, str]) -> Iterator[tuple[str, bytes]]:
        """Every shard of the tree: from the copy where it has the same, else fetched and checked."""
        todo = [(prefix, sha256) for prefix, (sha256, _) in sorted(root.shards.items(), reverse=True)]
        while todo:
            prefix, sha256 = todo.pop()
            if len(prefix) > DEEPEST:
                raise Broken("malformed", shard_path(prefix), "目録が深すぎます")
            body = self._own(shard_path(prefix), sha256, known)
            if body is None:
                page = fetch(shard_path(prefix))
                if page.status != 200:
                    raise Broken("missing", shard_path(prefix), "目録の一部がありません")
                body = page.body
            below, _ = read_shard(body, prefix, sha256)
            yield prefix, body
            todo += [(child, hashed) for child, (hashed, _) in sorted(below.items(), reverse=True)]

    def _own(self, path: str, sha256: str, known: dict[str, str]) -> bytes | None:
        if known.get(path) != sha256:
            return None
        try:
            body = (self.folder / path).read_bytes()
        except OSError:
            return None
        return body if hashlib.sha256(body).hexdigest() == sha256 else None

    def _apply(self, fetch: Fetch, root: Root, shards: dict[str, bytes], wanted: dict[str, File], tell: Callable[[int, int], None]) -> Carried:
        serial = self._ledger.serial + 1
        site = SiteFolder(self.folder)
        site.open()
        try:
            stager, known, whole = site.stager(serial), self._known(), self.unfinished is None
            staged: list[Staged] = []
            size = 0

            def put(path: str, body: bytes, kind: PageKind) -> None:
                one = stager.stage(Page(path, body, kind, _may_name_people(path)), known.get(path) if whole else None)
                if one is not None:
                    staged.append(one)

            todo = [f for f in wanted.values() if known.get(f.path, ("",))[0] != f.sha256 or not self._stands(f, whole)]
            for count, (file, body) in enumerate(self._fetch_all(fetch, todo), 1):
                put(file.path, body, _kind(file.kind))
                size += len(body)
                tell(count, len(todo))
            for prefix, body in shards.items():
                put(shard_path(prefix), body, PageKind.MANIFEST)
            put(ROOT, root.body, PageKind.MANIFEST)
            put(SIGNATURE, root.signature.encode(), PageKind.MANIFEST)
            stay = {*wanted, *map(shard_path, shards), ROOT, SIGNATURE}
            gone = sorted(set(known) - stay)
            self._begin([item for item in staged if item.put.path not in known], root)
            self._enter(site, staged, gone, serial)
        finally:
            site.close()
        return Carried(root.serial, len(staged), len(gone), size)

    def _stands(self, file: File, whole: bool) -> bool:
        """Whether the folder has what the ledger says; after a change that did not end, its bytes are read."""
        place = self.folder / file.path
        try:
            return place.stat().st_size == file.size and (whole or hashlib.sha256(place.read_bytes()).hexdigest() == file.sha256)
        except OSError:
            return False

    def _fetch_all(self, fetch: Fetch, todo: Iterable[File]) -> Iterator[tuple[File, bytes]]:
        def one(file: File) -> tuple[File, bytes]:
            page = fetch(file.path)
            check_file(file, page)
            return file, page.body

        with ThreadPoolExecutor(FETCHERS, thread_name_prefix="carry") as pool:
            running: deque[Future[tuple[File, bytes]]] = deque()
            try:
                for file in todo:
                    if len(running) == AHEAD:
                        yield running.popleft().result()
                    running.append(pool.submit(one, file))
                while running:
                    yield running.popleft().result()
            finally:
                for future in running:
                    future.cancel()

    def _begin(self, new: list[Staged], root: Root) -> None:
        """From here on a stop leaves a mixture behind. What will be new is on record, so that it can be taken away again."""
        with self._ledger.transaction():
            self._ledger.pages.put((item.record, "", "") for item in new)
            self._ledger.remember(UNFINISHED, json.dumps([self._key.key.hex(), root.site, root.serial]))

    def _enter(self, site: SiteFolder, staged: list[Staged], gone: list[str], serial: int) -> None:
        """The ledger of the copy and its files change together, in the order in which no link breaks."""
        ledger = self._ledger
        with ledger.transaction():
            ledger.pages.put((item.record, "", "") for item in staged)
            ledger.pages.bury(gone, serial)
            ledger.remember("serial", str(serial))
            ledger.remember(UNFINISHED, "")
            site.apply(staged, [Delete(path) for path in gone])


def _refuse_expired(root: Root, now: datetime) -> None:
    """Somebody may show for ever what was genuine once."""
    try:
        expired = datetime.fromisoformat(root.expires) < now
    except (ValueError, TypeError) as error:
        raise Broken("malformed", ROOT, "目録の有効期限を読めません") from error
    if expired:
        raise Broken("expired", ROOT, f"有効期限（{root.expires}）が切れています")


def _refuse_clashes(wanted: dict[str, File]) -> None:
    """A name that is the list's own, or a file where another file needs a folder: found while nothing is touched."""
    folders = {path[:end] for path in wanted for end, sign in enumerate(path) if sign == "/"} | {"manifest", ROOT, SIGNATURE}
    for path in wanted:
        if path in folders or path.startswith("manifest/"):
            raise Broken("malformed", path, "目録に、たがいに重なる名前があります")


def _may_name_people(path: str) -> bool:
    """The list does not say which tables are of people, so none of them is kept in a cache."""
    return path.removeprefix("k/").removeprefix("i/").startswith("t/")


def _kind(word: str) -> PageKind:
    """What the neighbour's program calls it; anything that we do not know is data."""
    try:
        return PageKind(word)
    except ValueError:
        return PageKind.DATA


def records(ledger: Ledger, since: int) -> list[PageRecord]:
    """The files of a site that changed after a serial, the list's own first, as a bundle holds them."""
    found = [record for record in ledger.pages.changed_since(since) if record.kind is not PageKind.ALIVE]
    return sorted(found, key=lambda r: (r.path != ROOT, r.path != SIGNATURE, r.kind is not PageKind.MANIFEST, r.path))
