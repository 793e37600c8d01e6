"""Backup and restore as commands: from the settings to the rooms that do it."""

from __future__ import annotations

import fcntl
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from publisher.backup.bring import Bringer, clear, lay_out
from publisher.backup.key import Key
from publisher.backup.take import Sources, Taken, Taker
from publisher.backup.vault import SHOWN, Vault
from publisher.errors import BackupError, MirrorError, SettingsError, UsageError
from publisher.ledger.copies import begin_anew, facts_of, standing
from publisher.mirrors.objects import Objects, open_objects
from publisher.model import Problem
from publisher.pipeline.doubt import published
from publisher.settings import BackupSettings, Settings, load
from publisher.values import frozen

UNFINISHED = ".restoring"
"""Stands in a folder from the first to the last step of a restore."""


def configured(settings: Settings) -> BackupSettings:
    """The section [backup]. Raises ``SettingsError`` where there is none."""
    if settings.backup is None:
        raise SettingsError(
            Problem(
                "no-backup", "バックアップの置き場所が決まっていません。", str(settings.paths.directory / "publisher.toml"), SHOWN,
                '[backup] という見出しと、url = "s3://バケット/場所" のような行を足してください。docs/operations.md に例があります。',
            )
        )  # fmt: skip
    return settings.backup


def open_vault(settings: Settings) -> Vault:
    """The vault of the settings, not looked into yet. Raises ``SettingsError`` and ``BackupError``."""
    wanted = configured(settings)
    return Vault(open_store(settings, "backup"), Key.read(wanted.key_file), wanted.url)


def open_store(settings: Settings, name: str, timeouts: tuple[float, float] = (3.0, 20.0)) -> Objects:
    """The store of ``[backup]``, over a connection of its own; ``timeouts``: connect and read, in seconds. Raises ``SettingsError`` and ``MirrorRefused``."""
    wanted = configured(settings)
    names = [name for name in (wanted.key_env, wanted.secret_env) if name]
    key, secret = [settings.secret(name) for name in names] or ["", ""]
    return open_objects(name, wanted.url, wanted.endpoint, wanted.region, key, secret, timeouts, wanted.proxy)


def machine() -> str:
    return socket.gethostname()


def holder(state: Path) -> str:
    """What tells this machine's state folder from every other: made once, never backed up."""
    file = state / "holder"
    if not file.exists():
        state.mkdir(parents=True, exist_ok=True)
        file.write_text(secrets.token_hex(16), encoding="ascii")
    return f"{machine()} {file.read_text(encoding='ascii').strip()}"


def taker(settings: Settings, vault: Vault) -> Taker:
    wanted = configured(settings)
    ledger = settings.paths.state / "ledger.db"
    fence = int(facts_of(ledger).get("fence", 0)) if ledger.exists() else 0
    return Taker(vault, Sources(settings.paths.directory, settings.paths.state), wanted.keep, fence, holder(settings.paths.state), settings.site.title)


def backup(settings: Settings, moment: datetime, dry: bool = False) -> Taken:
    """Make one backup now, or say what it would send (``dry``); also while ``watch`` runs. Raises ``BackupError``, ``MirrorError``, ``SettingsError``, ``SiteError``."""
    if not (settings.paths.state / "ledger.db").exists():
        raise UsageError(
            Problem("nothing-to-back-up", "まだ何も公開していないので、控えるものがありません。", str(settings.paths.state), "", "先に publisher build を実行してください。")
        )
    with one_at_a_time(settings.paths.state):
        vault = open_vault(settings)
        if dry and next(iter(vault.store.list("s/")), None) is None:
            vault.check()
        else:
            vault.open(make=not dry)
        taking = taker(settings, vault)
        taking.dry = dry
        return taking.take(moment, check=True)


@contextmanager
def one_at_a_time(state: Path) -> Iterator[None]:
    """Two backups of one state wait for each other."""
    with (state / "backup.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def new_key(settings: Settings) -> Key:
    """Make the key file of the settings. Raises ``BackupError`` when one stands there."""
    key = Key.generate()
    key.write(configured(settings).key_file)
    return key


# --- and back ---


@frozen
class Source:
    """Where a backup lies, for a machine that has no settings yet."""

    url: str
    endpoint: str = ""
    region: str = ""


@frozen
class Restored:
    """What came back. ``problems`` name what did not."""

    directory: Path
    moment: datetime
    serial: int
    documents: int
    files: int
    seconds: float
    problems: tuple[Problem, ...] = ()

    @property
    def exit_code(self) -> int:
        return 3 if self.problems else 0

    def as_json(self) -> dict[str, object]:
        return {
            "directory": str(self.directory), "moment": self.moment.isoformat(), "serial": self.serial, "documents": self.documents, "files": self.files,
            "seconds": round(self.seconds, 3), "problems": [str(problem) for problem in self.problems],
        }  # fmt: skip


def look(source: Source, key: Key, directory: Path) -> Restored:
    """What ``restore`` would bring back: the lists and the ledger are read and checked, nothing is kept. Raises as ``restore`` does."""
    start = time.perf_counter()
    _refuse_occupied(directory, dry=True)
    vault = _vault(source, key)
    vault.open(make=False)
    problems: list[Problem] = []
    with tempfile.TemporaryDirectory(prefix="publisher-") as aside:
        ledger = Path(aside) / "ledger.db"
        shot = Bringer(vault).find(problems, ledger).snapshot
        documents = len(standing(ledger))
    return Restored(directory, shot.moment, shot.site_serial, documents, shot.files, time.perf_counter() - start, tuple(problems))


def _vault(source: Source, key: Key) -> Vault:
    return Vault(open_objects("backup", _address(source.url), source.endpoint, source.region), key, source.url)


def restore(source: Source, key: Key, directory: Path) -> Restored:
    """Bring everything back into an empty folder (or one where an earlier restore broke off).

    Raises ``UsageError`` for a folder with something in it, ``BackupError`` and ``MirrorError`` for the backup; what was written is
    taken away again then.
    """
    start = time.perf_counter()
    vault = _vault(source, key)
    _refuse_occupied(directory)
    try:
        vault.open(make=False)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / UNFINISHED).touch()
        restored = _restore(vault, key, directory, start)
    except OSError as error:
        _undo(directory)
        raise BackupError(
            Problem(
                "restore-unwritable", f"戻す先に書き込めません（{error.strerror or error}）。", str(error.filename or directory), SHOWN,
                "空き容量とフォルダーの権限を確かめて、もう一度実行してください。",
            )
        ) from error  # fmt: skip
    except (BackupError, MirrorError, SettingsError):
        _undo(directory)
        raise
    (directory / UNFINISHED).unlink()
    return restored


def _restore(vault: Vault, key: Key, directory: Path, start: float) -> Restored:
    problems: list[Problem] = []
    bringer = Bringer(vault)
    aside = directory / ".ledger.part"
    found = bringer.find(problems, aside)
    bringer.settings(found, directory)
    settings = load(directory)
    paths = settings.paths
    if (paths.state / "ledger.db").exists():
        raise BackupError(
            Problem(
                "restore-occupied", "設定にある記録のフォルダー（state）に、もう記録があります。", str(paths.state), SHOWN,
                "その機械が今も公開しているなら、戻す必要はありません。そうでなければ、フォルダーを別の名前にしてから実行してください。",
            )
        )  # fmt: skip
    paths.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    lost = bringer.config(found, directory, paths.state)
    gone = bringer.archive(found, paths.state / "archive")
    begin_anew(aside, {"doubt": secrets.token_hex(8), "adopted": found.name}, published=published(settings))
    files = standing(aside)
    paths.content.mkdir(parents=True, exist_ok=True)
    share = any(paths.content.iterdir())
    lost += lay_out(files, paths.state / "archive", paths.content)
    # Last of all, since a state with a ledger is one that somebody publishes from; and by way of its own disk, which may be another one.
    part = paths.state / aside.name
    shutil.move(aside, part)
    part.replace(paths.state / "ledger.db")
    problems += _keep_key(settings, key)
    problems += _told_lost(lost, gone, vault.place)
    if share:
        problems.append(_share(paths.content))
    shot = found.snapshot
    return Restored(directory, shot.moment, shot.site_serial, len(files), shot.files, time.perf_counter() - start, tuple(problems))


def _refuse_occupied(directory: Path, dry: bool = False) -> None:
    if not directory.exists():
        return
    if not directory.is_dir() or (any(directory.iterdir()) and not (directory / UNFINISHED).exists()):
        raise UsageError(
            Problem(
                "restore-occupied", "戻す先のフォルダーが空ではありません。上書きしないように、何もしていません。", str(directory), SHOWN,
                "空のフォルダーか、まだないフォルダーの名前を指定してください。",
            )
        )  # fmt: skip
    if not dry:
        clear(directory)


def _undo(directory: Path) -> None:
    """Everything in the folder is ours: it was empty."""
    if directory.is_dir():
        clear(directory)


def _keep_key(settings: Settings, key: Key) -> list[Problem]:
    """The key stands where the settings want it, so that backups go on; one that is there already stays. Everything else is back without it."""
    if settings.backup is None:
        return []
    try:
        key.write(settings.backup.key_file)
    except BackupError as error:
        return [] if error.problem.code == "backup-key-stands" else [error.problem]
    return []


def _address(url: str) -> str:
    return url if "://" in url else str(Path(url).resolve())


def _told_lost(lost: list[str], gone: set[str], place: str) -> list[Problem]:
    problems = [
        Problem(
            "restore-lost", "バックアップの中の写しが欠けているか壊れていて、戻せませんでした。", path, "公開中のページは、前に送った内容のまま見えています。",
            "もとのファイルがどこかに残っていれば、投入フォルダーに入れ直してください。",
        )
        for path in lost
    ]  # fmt: skip
    if gone:
        todo = "置き場所の管理画面に前の版（バージョニング）があれば、戻してから、空のフォルダーにもう一度 restore してください。"
        problems.append(lost_versions(gone, place, "残りはすべて戻りました。", todo))
    return problems


def lost_versions(gone: set[str], place: str, shown: str, todo: str) -> Problem:
    """Originals (SHA-256) that a backup has lost."""
    names = "、".join(sorted(sha256[:12] for sha256 in gone)[:10])
    what = f"保管庫の原本のうち{len(gone)}個（前の版を含む）が、欠けているか壊れています（{names}）。"
    return Problem("restore-lost-versions", what, f"バックアップ先（{place}）", shown, todo)


def _share(content: Path) -> Problem:
    return Problem(
        "restore-share", "設定にある投入フォルダーに、もうファイルがありました。そこにあるものは、そのまま残しました。", str(content),
        "次の publish から、そこにある内容が公開されます。", "消したはずのファイルや古いファイルが残っていないか、publisher check で確かめてください。",
    )  # fmt: skip
