"""A neighbour's site, kept as an exact copy: nothing is put into it that its publisher did not sign, and nothing older than what it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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

FETCHERS = 8

MOST_FILES = 5_000_000
"""Files of a site that is copied at most: a signed list may still be a mistake."""


@dataclass(frozen=True, slots=True)
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
            body, signature = (self.folder / ROOT).read_bytes(), (self.folder / SIGNATURE).read_text(encoding="utf-8")
        except OSError:
            if self.folder.exists() and any(entry.name != ".staging" for entry in self.folder.iterdir()):
                raise Broken("occupied", str(self.folder), "写しではないものが入っているフォルダーです") from None
            return None
        try:
            verify(self._key, body, signature)
        except (Forged, Malformed) as error:
            raise Broken("occupied", str(self.folder), "別の発行者の写しが入っているフォルダーです") from error
        return parse_root(body, signature, signed=True)

    def take(self, fetch: Fetch, tell: Callable[[int, int], None] = lambda *_: None) -> Carried:
        """Bring the copy to what ``fetch`` gives. Everything is checked and put down beside the copy before any of it is shown.

        Raises ``Broken`` (nothing has changed then), ``SiteError`` for the disk, and what ``fetch`` raises.
        """
        root = read_root(fetch, self._key)
        before = self.standing()
        if before is not None:
            self._refuse_older(root, before)
            if root.body == before.body:
                return Carried(root.serial)
        known = {path: entry[0] for path, entry in self._known().items()}
        shards = dict(self._shards(fetch, root, known))
        wanted: dict[str, File] = {}
        for prefix, body in shards.items():
            for file in read_shard(body, prefix, hashlib.sha256(body).hexdigest())[1]:
                wanted[file.path] = file
        if len(wanted) > MOST_FILES or len(wanted) != root.files:
            raise Broken("malformed", ROOT, "目録の件数が合いません")
        return self._apply(fetch, root, shards, wanted, tell)

    def _refuse_older(self, root: Root, before: Root) -> None:
        if root.site != before.site:
            raise Broken("other", ROOT, f"別のサイト（{root.site}）の目録です")
        if root.serial < before.serial:
            raise Broken("older", ROOT, f"古い版です（通し番号 {root.serial}。手元の写しは {before.serial}）")
        if root.serial == before.serial and root.body != before.body:
            raise Broken("older", ROOT, f"同じ通し番号（{root.serial}）で、中身のちがう目録です")

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
            stager, known = site.stager(serial), self._known()
            staged: list[Staged] = []
            size = 0

            def put(path: str, body: bytes, kind: PageKind) -> None:
                one = stager.stage(Page(path, body, kind), known.get(path))
                if one is not None:
                    staged.append(one)

            todo = [f for f in wanted.values() if known.get(f.path, ("",))[0] != f.sha256 or not (self.folder / f.path).is_file()]
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
            self._enter(site, staged, gone, serial)
        finally:
            site.close()
        return Carried(root.serial, len(staged), len(gone), size)

    def _fetch_all(self, fetch: Fetch, todo: Iterable[File]) -> Iterator[tuple[File, bytes]]:
        def one(file: File) -> tuple[File, bytes]:
            page = fetch(file.path)
            check_file(file, page)
            return file, page.body

        with ThreadPoolExecutor(FETCHERS, thread_name_prefix="carry") as pool:
            yield from pool.map(one, todo)

    def _enter(self, site: SiteFolder, staged: list[Staged], gone: list[str], serial: int) -> None:
        """The ledger of the copy and its files change together, in the order in which no link breaks."""
        ledger = self._ledger
        with ledger.transaction():
            ledger.pages.put((item.record, "", "") for item in staged)
            ledger.pages.bury(gone, serial)
            ledger.remember("serial", str(serial))
            site.apply(staged, [Delete(path) for path in gone])


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
