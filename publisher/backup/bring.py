"""Bringing a backup back: every object is checked; what is lost is named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from publisher.backup.pages import Layout, assemble
from publisher.backup.seal import Damaged
from publisher.backup.snapshot import Snapshot, parts, unpack_shard
from publisher.backup.vault import SHOWN, Vault
from publisher.errors import BackupError
from publisher.ledger.copies import Standing, sound
from publisher.model import Problem
from publisher.values import field, frozen


@frozen
class Found:
    """A snapshot whose lists are whole: its name, itself, and the archive's files (SHA-256 → size)."""

    name: str
    snapshot: Snapshot
    files: dict[str, int] = field(repr=False)


class Bringer:
    """Reads one vault. Remembers lists it has read, so that looking again for news asks little."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self._lists: dict[str, list[tuple[str, int]]] = {}
        self._before: tuple[Layout, Path] | None = None

    def find(self, problems: list[Problem], ledger: Path, keep: Path | None = None) -> Found:
        """The newest snapshot that is whole, with its ledger written to ``ledger``. What was passed over is told in ``problems``.

        ``keep``: a file for a copy of it, whose pages need not be fetched the next time. Raises ``BackupError`` when none is whole.
        """
        names = self.vault.snapshots()
        if not names:
            raise BackupError(
                Problem("backup-none", "ここには、バックアップがありません。", self._where, SHOWN, "場所（バケットとその中の位置、フォルダー）を確かめてください。")
            )
        for name in names:
            try:
                snapshot = self.vault.snapshot(name)
                files = dict(self._files(snapshot))
                self._ledger(snapshot, ledger, keep)
            except Damaged as error:
                problems.append(self._passed_over(name, str(error)))
                continue
            return Found(name, snapshot, files)
        raise BackupError(
            Problem(
                "backup-broken", f"バックアップが{len(names)}回分ありますが、どれも欠けているか壊れていて、戻せません。", self._where, SHOWN,
                "置き場所の管理画面に前の版（バージョニング）があれば、戻してから、もう一度実行してください。写しが別にあれば、そちらを指定してください。",
            )
        )  # fmt: skip

    @property
    def _where(self) -> str:
        return f"バックアップ先（{self.vault.place}）"

    def _passed_over(self, name: str, lost: str) -> Problem:
        return Problem(
            "backup-passed-over", f"バックアップ {_number(name)} は、一部が欠けているか壊れています（{lost}）。", self._where, SHOWN,
            "ひとつ前のバックアップから戻します。それより後の変更は、入っていません。",
        )  # fmt: skip

    def _files(self, snapshot: Snapshot) -> Iterable[tuple[str, int]]:
        wanted = list(snapshot.shards.values())
        new = [name for name in wanted if name not in self._lists]
        for name, data in zip(new, self.vault.each(new, self.vault.get), strict=True):
            self._lists[name] = unpack_shard(data)
        self._lists = {name: self._lists[name] for name in wanted}
        for files in self._lists.values():
            yield from files

    def _ledger(self, snapshot: Snapshot, target: Path, keep: Path | None) -> None:
        layout = snapshot.layout
        digest = assemble(layout, snapshot.size, target, self._before, lambda names: self.vault.each(names, self.vault.get))
        if digest != snapshot.sha256 or not sound(target):
            self._before = None
            raise Damaged("記録")
        if keep is not None:
            shutil.copyfile(target, keep)
            self._before = (layout, keep)

    # --- the archive ---

    def archive(self, found: Found, folder: Path) -> set[str]:
        """Fetch what the archive below ``folder`` lacks; returns the hashes of what is lost. A file appears with all of its bytes."""
        wanted = [sha256 for sha256, size in found.files.items() if not _stands(folder / sha256[:2] / sha256, size)]

        def one(sha256: str) -> str:
            try:
                data = self.vault.file(sha256, parts(found.files[sha256]))
            except Damaged:
                return sha256
            _write(folder / sha256[:2] / sha256, data)
            return ""

        return {sha256 for sha256 in self.vault.each(wanted, one) if sha256}

    def settings(self, found: Found, directory: Path) -> None:
        """Write publisher.toml, which says where everything else belongs. Raises ``BackupError`` when it is lost."""
        for item in found.snapshot.config:
            if item.path == "publisher.toml":
                try:
                    _write(directory / item.path, self.vault.get(item.name), item.mode)
                    return
                except Damaged:
                    break
        raise BackupError(
            Problem(
                "backup-no-settings", "バックアップの中の設定ファイル（publisher.toml）が、欠けているか壊れています。", self._where, SHOWN,
                "publisher.toml の控えをフォルダーに置いて、管理者に連絡してください。",
            )
        )  # fmt: skip

    def config(self, found: Found, directory: Path, state: Path) -> list[str]:
        """Write the other files of the configuration; returns the paths of those that are lost."""
        lost = []
        for item in found.snapshot.config:
            if item.path == "publisher.toml":
                continue
            target = item.place(directory, state)
            try:
                data = self.vault.get(item.name)
            except Damaged:
                target = None
            if target is None:
                lost.append(item.path)
            else:
                _write(target, data, item.mode)
        return lost


def lay_out(files: Iterable[Standing], archive: Path, content: Path) -> list[str]:
    """Put the drop folder's files where they stood, with their times, so that nothing seems to have changed. Returns the paths that are lost.

    A file that stands there is left alone.
    """
    lost = []
    for file in files:
        target = content / file.path
        if target.exists():
            continue
        source = archive / file.sha256[:2] / file.sha256
        try:
            data = source.read_bytes()
        except OSError:
            lost.append(file.path)
            continue
        _write(target, data)
        if file.mtime >= 0:
            os.utime(target, ns=(file.mtime, file.mtime))
    return lost


def _stands(place: Path, size: int) -> bool:
    try:
        return place.stat().st_size == size
    except OSError:
        return False


def _write(target: Path, data: bytes, mode: int | None = None) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name[:32]}.{os.getpid()}.part")
    part.write_bytes(data)
    if mode is not None:
        part.chmod(mode)
    part.replace(target)


def _number(name: str) -> str:
    return name.removeprefix("s/").rpartition("-")[0]


def clear(folder: Path) -> None:
    """Remove what an unfinished run left."""
    for item in folder.iterdir():
        shutil.rmtree(item) if item.is_dir() and not item.is_symlink() else item.unlink()
