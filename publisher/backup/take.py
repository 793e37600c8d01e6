"""Making a backup: what changed since the last one is stored, then the list of the whole."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from publisher.backup import pages
from publisher.backup.pages import Layout
from publisher.backup.seal import Damaged
from publisher.backup.snapshot import PART, STATE, Config, Snapshot, pack_shard, sharded, unpack_shard
from publisher.backup.vault import Vault, order_of
from publisher.errors import SiteError
from publisher.ledger.copies import copy_ledger, facts_of
from publisher.model import Problem
from publisher.values import field, frozen, record

MEMORY = "backup.pages"
"""In the state folder: whose pages the last snapshot of this machine holds."""


def last_entered(state: Path, vault: str) -> tuple[int, int] | None:
    """(fence, serial) of the last snapshot that this machine entered into a vault; None where it has not, or does not know any more."""
    try:
        with (state / MEMORY).open("rb") as file:
            found, fence, serial, *_ = file.readline(1000).decode().split(" ")
        return (int(fence), int(serial)) if found == vault else None
    except (OSError, ValueError):
        return None


@frozen
class Sources:
    """Where the state lies: the folder of publisher.toml, and the state folder, whose ``keys/`` are kept too."""

    directory: Path
    state: Path

    @property
    def ledger(self) -> Path:
        return self.state / "ledger.db"

    @property
    def archive(self) -> Path:
        return self.state / "archive"

    def called(self, path: Path) -> str:
        """Its name in the backup: files of the state folder keep theirs wherever that folder lies on another machine."""
        if path.parent == self.state / "keys":
            return f"{STATE}/{path.relative_to(self.state).as_posix()}"
        return path.relative_to(self.directory).as_posix()

    def config(self) -> list[Path]:
        """publisher.toml, the files of themes/, the keys. Links that lead elsewhere are not followed."""
        themes, keys = self.directory / "themes", self.state / "keys"
        found = [self.directory / "publisher.toml", *sorted(themes.rglob("*")), *(p for p in sorted(keys.glob("*")) if not p.name.startswith("."))]
        return [path for path in found if path.is_file() and not path.is_symlink()]


@frozen
class Taken:
    """What a backup did. ``uploaded`` objects of ``bytes`` in all; no snapshot is entered when nothing had changed."""

    serial: int
    site_serial: int
    uploaded: int = 0
    bytes: int = 0
    files: int = 0
    pruned: int = 0
    seconds: float = 0.0
    unchanged: bool = False
    problems: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "serial": self.serial, "site_serial": self.site_serial, "uploaded": self.uploaded, "bytes": self.bytes, "files": self.files,
            "pruned": self.pruned, "unchanged": self.unchanged, "seconds": round(self.seconds, 3), "problems": [str(p) for p in self.problems],
        }  # fmt: skip


@record
class Taker:
    """Makes backups of one state in one vault, one at a time. It remembers what the vault holds, so that the second one asks little.

    ``dry``: nothing is sent, only counted.
    """

    vault: Vault
    sources: Sources
    keep: int = 30
    fence: int = 0
    holder: str = ""
    title: str = ""
    dry: bool = False
    _last: Snapshot | None = None
    _newest: str | None = None
    _hashes: tuple[str, bytes] = ("", b"")
    _sent: int = 0
    _bytes: int = 0
    _problems: list[Problem] = field(default_factory=list)

    def take(self, moment: datetime, check: bool = False) -> Taken:
        """Bring the vault up to date. ``check``: ask the store what is really there, and send again what is missing.

        Raises ``BackupError``, ``MirrorError`` (the store) and ``SiteError`` (our own files); the last snapshot stands then.
        """
        start = time.perf_counter()
        self._sent = self._bytes = 0
        self._problems = []
        if self._newest is None or next(iter(self.vault.snapshots()), "") != self._newest:
            self._newest, self._last = self.vault.latest()
        there = self.vault.names() if check else None
        try:
            snapshot = self._collect(moment, there)
        except BaseException:
            self._newest = None  # what was sent before the failure is not counted on
            raise
        if snapshot.same_as(self._last) and self._last is not None:
            last = self._last
            return Taken(
                last.serial, last.site_serial, self._sent, self._bytes, last.files, unchanged=True, problems=tuple(self._problems),
                seconds=time.perf_counter() - start,
            )  # fmt: skip
        if self.dry:
            return Taken(snapshot.serial, snapshot.site_serial, self._sent + 1, self._bytes, snapshot.files, seconds=time.perf_counter() - start)
        self._newest, self._last = self.vault.enter(snapshot), snapshot
        self._remember(snapshot)
        pruned = self.vault.prune(self.keep) if snapshot.serial % max(1, self.keep) == 0 else 0
        return Taken(
            snapshot.serial, snapshot.site_serial, self._sent + 1, self._bytes, snapshot.files, pruned, time.perf_counter() - start,
            problems=tuple(self._problems),
        )  # fmt: skip

    # --- what there is ---

    def _collect(self, moment: datetime, there: dict[str, int] | None) -> Snapshot:
        """The ledger first: what it names is in the archive already."""
        last = self._last
        highest = max(last.serial if last is not None else 0, order_of(self._newest or "")[1])  # also of one that cannot be read
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=self.sources.state) as aside:
            copy = Path(aside) / "ledger.db"
            copy_ledger(self.sources.ledger, copy)
            site_serial = int(facts_of(copy).get("serial", 0))
            layout, digest = self._ledger(copy, there)
            size = copy.stat().st_size
        shards, files = self._archive(there)
        config = self._config(there)
        return Snapshot(
            self.vault.id, self.fence, 1 + highest, site_serial, moment, self.holder, self.title, size, digest,
            layout.packs, layout.text(), shards, files, config,
        )  # fmt: skip

    def _ledger(self, copy: Path, there: dict[str, int] | None) -> tuple[Layout, str]:
        new, digest = pages.hashes(copy)
        count, last = len(new) // 16, self._last
        packs = {name for name, _ in last.packs} if last is not None else set()
        before = last.layout if last is not None and (there is None or all(name in there for name in packs)) else None
        if last is not None and before is not None and last.sha256 == digest:
            self._hashes = (last.identity, new)
            return before, digest
        old = self._known_pages(last)
        wanted = pages.fresh(new, old)
        if before is None or not old or pages.worn(before, len(wanted), count):
            before, wanted = None, list(range(count))
        layout = pages.arrange(
            copy, wanted, count, before, lambda content: self.vault.sealer.name("l", content),
            lambda made: self._send((name, content) for name, content in made if self._missing(name, packs, there)),
        )  # fmt: skip
        self._hashes = ("", new)
        return layout, digest

    @property
    def _memory(self) -> Path:
        return self.sources.state / MEMORY

    def _known_pages(self, last: Snapshot | None) -> bytes:
        """The hashes of the pages of the last snapshot, from here or from the last run; nothing where it was made elsewhere."""
        if last is None:
            return b""
        if self._hashes[0] == last.identity:
            return self._hashes[1]
        try:
            name, _, hashes = self._memory.read_bytes().partition(b"\n")
        except OSError:
            return b""
        return hashes if name == last.identity.encode() else b""

    def _remember(self, snapshot: Snapshot) -> None:
        self._hashes = (snapshot.identity, self._hashes[1])
        part = self._memory.with_suffix(".part")
        try:
            part.write_bytes(snapshot.identity.encode() + b"\n" + self._hashes[1])
            part.replace(self._memory)
        except OSError:
            part.unlink(missing_ok=True)  # the next run sends a little more

    def _archive(self, there: dict[str, int] | None) -> tuple[dict[str, str], int]:
        before = self._last.shards if self._last is not None else {}
        found = sharded(_archived(self.sources.archive))
        shards = {prefix: self.vault.sealer.name("x", pack_shard(files)) for prefix, files in found.items()}
        changed = [prefix for prefix, name in shards.items() if before.get(prefix) != name or there is not None]
        known: set[str] = set()
        for files in self.vault.each([before[p] for p in changed if p in before], self._known_files):
            known |= files
        broken: set[str] = set()
        self._send(self._fresh_files([item for prefix in changed for item in found[prefix]], known, broken, there))
        lists = {}
        for prefix in changed:
            content = pack_shard(item for item in found[prefix] if item[0] not in broken)
            shards[prefix] = name = self.vault.sealer.name("x", content)
            if self._missing(name, set(before.values()), there):
                lists[name] = content
        self._send(lists.items())
        return shards, sum(map(len, found.values())) - len(broken)

    def _known_files(self, shard: str) -> set[str]:
        try:
            return {sha256 for sha256, _ in unpack_shard(self.vault.get(shard))}
        except Damaged:
            return set()

    def _fresh_files(
        self, files: Iterable[tuple[str, int]], known: set[str], broken: set[str], there: dict[str, int] | None
    ) -> Iterable[tuple[str, bytes]]:
        """The parts of every file that the vault does not have; a file whose bytes are not those of its name goes to ``broken``."""
        for sha256, size in files:
            names = self.vault.names_of_file(sha256, size)
            if sha256 in known and (there is None or all(name in there for name in names)):
                continue
            try:
                data = (self.sources.archive / sha256[:2] / sha256).read_bytes()
            except OSError as error:
                raise SiteError(_unreadable(self.sources.archive, error)) from error
            if hashlib.sha256(data).hexdigest() != sha256:
                broken.add(sha256)
                self._problems.append(_broken(sha256))
                continue
            yield from ((name, data[number * PART : (number + 1) * PART]) for number, name in enumerate(names))

    def _config(self, there: dict[str, int] | None) -> tuple[Config, ...]:
        known = {item.name for item in self._last.config} if self._last is not None else set()
        found = []
        for path in self.sources.config():
            try:
                data, mode = path.read_bytes(), path.stat().st_mode & 0o777
            except OSError as error:
                raise SiteError(_unreadable(path, error)) from error
            name = self.vault.sealer.name("c", data)
            if self._missing(name, known, there):
                self._send([(name, data)])
            found.append(Config(self.sources.called(path), mode, name))
        return tuple(found)

    # --- sending ---

    def _missing(self, name: str, known: set[str], there: dict[str, int] | None) -> bool:
        return name not in known or (there is not None and name not in there)

    def _send(self, objects: Iterable[tuple[str, bytes]]) -> None:
        """Several at a time, a bounded number of them in memory."""
        from itertools import islice

        rest = iter(objects)
        while some := dict(islice(rest, 64)):
            if self.dry:
                self._sent, self._bytes = self._sent + len(some), self._bytes + sum(map(len, some.values()))
                continue
            for sent in self.vault.each(list(some), lambda name, some=some: self.vault.put(name, some[name])):
                self._sent += 1
                self._bytes += sent


def _archived(folder: Path) -> Iterable[tuple[str, int]]:
    """Every file of the archive: (SHA-256, size)."""
    if not folder.is_dir():
        return
    for below in sorted(os.listdir(folder)):  # noqa: PTH208 - ten thousand Paths cost ten times as much
        if len(below) != 2:
            continue
        with os.scandir(folder / below) as entries:
            for entry in entries:
                if len(entry.name) == 64 and entry.is_file():
                    yield entry.name, entry.stat().st_size


def _unreadable(path: Path, error: OSError) -> Problem:
    return Problem(
        "backup-unreadable", f"バックアップするファイルを読めません（{error.strerror or error}）。", str(path), "公開中のページは、そのまま見えています。",
        "ファイルの権限とディスクを確かめて、もう一度実行してください。前のバックアップは残っています。",
    )  # fmt: skip


def _broken(sha256: str) -> Problem:
    return Problem(
        "archive-broken", "保管庫の原本が壊れているため、バックアップに入れていません。", sha256[:12], "公開中のページは、そのまま見えています。",
        "ディスクを確かめてください。前のバックアップに無事な写しがあれば、restore で戻せます。",
    )  # fmt: skip
