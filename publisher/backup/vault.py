"""A store with a backup in it: checked for whose it is, filled with content-named objects, cleared of what no snapshot needs."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from publisher.backup.key import Key
from publisher.backup.seal import MAGIC, Damaged, Sealer
from publisher.backup.snapshot import Snapshot, unpack_shard
from publisher.errors import BackupError, MirrorUnavailable
from publisher.mirrors.objects import Entry, Item, Objects, Told
from publisher.model import Problem

HEADER = "vault"
WORKERS = 8
TRIES = 3
GRACE = timedelta(hours=24)
"""An object that no snapshot names is left alone for so long: another run may be about to name it."""

DAYS = 14
"""Beside the newest snapshots, the last one of each of so many days is kept."""

SHOWN = "公開中のページは、そのまま見えています。"


class Vault:
    """A backup in a store. ``open`` it before anything else. Safe to use from several threads."""

    def __init__(self, store: Objects, key: Key, place: str) -> None:
        self.store: Objects = Told(store, f"バックアップ先（{place}）", SHOWN, "[backup]")
        self.key, self.place = key, place
        self.sealer = Sealer(key)
        self.id = key.id.hex()

    # --- whose is it ---

    def open(self, make: bool) -> None:
        """Check that the store holds the backup of this key; ``make`` one where there is none. Raises ``BackupError``."""
        found = _again(lambda: self.store.get(HEADER))
        if found is None and not make:
            if next(iter(self.store.list("s/")), None) is None:
                raise self._bad(
                    "backup-none", "ここには、バックアップがありません。", "場所（バケットとその中の位置、フォルダー）を確かめてください。"
                )
            raise self._bad(
                "backup-headless", "バックアップの表紙にあたるファイル（vault）がなくなっています。",
                "正しい鍵があれば、元の機械で publisher backup を実行すると作り直されます。",
            )  # fmt: skip
        if found is None:
            _again(lambda: self.store.put(HEADER, MAGIC + self.key.id))
            return
        self._is_ours(found)

    def check(self) -> None:
        """Like ``open``, but an empty store is fine and stays empty."""
        found = _again(lambda: self.store.get(HEADER))
        if found is not None:
            self._is_ours(found)

    def _is_ours(self, found: Item) -> None:
        if found.body[: len(MAGIC)] != MAGIC or len(found.body) != len(MAGIC) + 16:
            raise self._bad(
                "backup-foreign", "ここにあるのは、このプログラムのバックアップではありません。", "場所を確かめてください。何も書きかえていません。"
            )
        if found.body[len(MAGIC) :] != self.key.id:
            theirs, ours = found.body[len(MAGIC) :].hex()[:8], self.id[:8]
            raise self._bad(
                "backup-other-key",
                f"ここにあるのは、別の鍵で作られたバックアップです（ここの鍵の番号は {theirs}、渡された鍵は {ours}）。",
                "ほかの市町村のものか、前の鍵のものです。場所と鍵を確かめてください。何も書きかえていません。",
            )

    def _bad(self, code: str, what: str, todo: str) -> BackupError:
        return BackupError(Problem(code, what, f"バックアップ先（{self.place}）", SHOWN, todo))

    # --- objects ---

    def put(self, name: str, content: bytes) -> int:
        """Store content under its name; returns the bytes that were sent."""
        body = self.sealer.seal(name, content)
        _again(lambda: self.store.put(name, body))
        return len(body)

    def get(self, name: str) -> bytes:
        """The content behind a name. Raises ``Damaged`` when it is missing, cut or changed."""
        found = _again(lambda: self.store.get(name))
        if found is None:
            raise Damaged(name)
        return self.sealer.open(name, found.body)

    def file(self, sha256: str, count: int) -> bytes:
        """An archived file of ``count`` parts. Raises ``Damaged``."""
        import hashlib

        data = b"".join(self.get(self.sealer.name_of_part(sha256, number)) for number in range(count))
        if hashlib.sha256(data).hexdigest() != sha256:
            raise Damaged(sha256)
        return data

    def names(self) -> dict[str, int]:
        """Every content-named object that is there, with its size: one listing."""
        return {entry.key: entry.size for entry in self._content()}

    def _content(self) -> Iterator[Entry]:
        for kind in ("a", "c", "l", "x"):
            yield from self.store.list(f"{kind}/")

    # --- snapshots ---

    def snapshots(self) -> list[str]:
        """The names of all snapshots, the newest first."""
        return [entry.key for entry in self._snapshots()]

    def _snapshots(self) -> list[Entry]:
        return sorted(self.store.list("s/"), key=lambda entry: entry.key, reverse=True)

    def snapshot(self, name: str) -> Snapshot:
        """Raises ``Damaged``."""
        try:
            found = Snapshot.unpack(self.get(name))
            found.layout  # noqa: B018 - it can be read
        except (ValueError, TypeError, KeyError) as error:
            raise Damaged(name) from error
        if found.vault != self.id or not name.startswith(_prefix(found)):
            raise Damaged(name)
        return found

    def latest(self) -> tuple[str, Snapshot | None]:
        """(the name of the newest snapshot, the newest one that can be read); ("", None) when there is none."""
        names = self.snapshots()
        for name in names:
            try:
                return names[0], self.snapshot(name)
            except Damaged:
                continue
        return next(iter(names), ""), None

    def enter(self, snapshot: Snapshot) -> str:
        """Store a snapshot, after everything it names."""
        name = f"{_prefix(snapshot)}{secrets.token_hex(4)}"
        self.put(name, snapshot.pack())
        return name

    # --- clearing ---

    def prune(self, keep: int) -> int:
        """Delete old snapshots and what only they needed; returns how many objects went. Nothing that a kept one names is touched.

        Kept are the newest ``keep`` and the last of each of ``DAYS`` days. A snapshot that cannot be read stops the clearing: what it
        needs is not known.
        """
        entries = self._snapshots()
        kept = [entry.key for entry in entries[:keep]]
        days: dict[object, str] = {}
        for entry in entries[keep:]:
            days.setdefault(entry.modified.date(), entry.key)
        kept += list(days.values())[:DAYS]
        needed: set[str] = set()
        lists: set[str] = set()
        try:
            for name in kept:
                snapshot = self.snapshot(name)
                needed.update((pack for pack, _ in snapshot.packs), (item.name for item in snapshot.config), snapshot.shards.values())
                lists.update(snapshot.shards.values())
            for data in self.each(sorted(lists), self.get):
                for sha256, size in unpack_shard(data):
                    needed.update(self.names_of_file(sha256, size))
        except Damaged:
            return 0
        newest = max((entry.modified for entry in entries), default=None)
        gone = [entry.key for entry in entries if entry.key not in kept]
        gone += [entry.key for entry in self._content() if entry.key not in needed and _old(entry, newest)]
        for _ in self.each(gone, self.store.delete):
            pass
        return len(gone)

    def names_of_file(self, sha256: str, size: int) -> list[str]:
        from publisher.backup.snapshot import parts

        return [self.sealer.name_of_part(sha256, number) for number in range(parts(size))]

    def each(self, items: Iterable[str], act: Callable):
        """``act`` on every item, several at a time, the answers in order. The first failure is raised, and no further item is begun."""
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="backup") as pool:
            futures = [pool.submit(act, item) for item in items]
            try:
                for future in futures:
                    yield future.result()
            finally:
                for future in futures:
                    future.cancel()


def _old(entry: Entry, newest: datetime | None) -> bool:
    """By the store's own clock alone."""
    return newest is not None and newest - entry.modified > GRACE


def _prefix(snapshot: Snapshot) -> str:
    return f"s/{snapshot.fence:08d}-{snapshot.serial:010d}-"


def order_of(name: str) -> tuple[int, int]:
    """(fence, serial) by the name of a snapshot, also of one that cannot be read; less than any for what is no such name."""
    try:
        fence, serial, _ = name.removeprefix("s/").split("-")
        return int(fence), int(serial)
    except ValueError:
        return -1, -1


def _again(call: Callable[[], Item | str | None]):
    """Once more where the store did not answer; a random pause between, so that many do not come back together."""
    import random
    import time

    for attempt in range(1, TRIES):
        try:
            return call()
        except MirrorUnavailable:
            time.sleep(random.uniform(0, 0.5 * 2**attempt))
    return call()
