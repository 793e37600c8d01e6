"""The key that signs the site: where it lies, how it is made. It is read from the environment or a file, and goes nowhere else."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from publisher.errors import SettingsError, UsageError
from publisher.model import Problem
from publisher.proof.minisign import Malformed, SecretKey
from publisher.settings import Settings

VARIABLE = "PUBLISHER_SIGNING_KEY"
"""Holds the key itself; with ``_FILE`` behind it, the path of a file with it (relative: beside publisher.toml)."""


def place(settings: Settings) -> Path:
    """The file of the key: among the keys of the state folder, which are backed up, or where the environment says."""
    named = os.environ.get(f"{VARIABLE}_FILE", "")
    return settings.paths.directory / named if named else settings.paths.state / "keys" / "signing.key"


def signing_key(settings: Settings) -> tuple[SecretKey | None, tuple[Problem, ...]]:
    """The key, None when the site has none and is not signed; and what is to be mended about it. Raises ``SettingsError`` for one that
    cannot be used.

    One that others may read is used and complained of: in an emergency a wrong permission must not keep the town from speaking.
    """
    problems: tuple[Problem, ...] = ()
    text = os.environ.get(VARIABLE, "").strip()
    file = place(settings)
    try:
        if not text:
            if not file.exists() and f"{VARIABLE}_FILE" not in os.environ:
                return None, ()
            status = file.stat()
            if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
                problems = (_open_to_others(file),)
            text = file.read_text(encoding="utf-8")
        return SecretKey.parse(text), problems
    except OSError as error:
        raise SettingsError(_unreadable(file, error.strerror or str(error))) from error
    except (Malformed, ValueError) as error:
        raise SettingsError(_unreadable(file, "署名の鍵として読めません")) from error


def make(settings: Settings) -> SecretKey:
    """Make a key and put it into its file, for its owner alone. A key that is there is never overwritten: raises ``UsageError``."""
    file = place(settings)
    key = SecretKey.make(secrets.token_bytes(40))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UsageError(
            Problem(
                "key-exists", "署名の鍵は、もうあります。作り直すと、これまでの公開鍵で確かめている人が、確かめられなくなります。", str(file), "今の鍵で署名を続けています。",
                "本当に作り直すときは、このファイルを別の場所に移してから、もう一度実行してください。",
            )
        ) from error  # fmt: skip
    except OSError as error:
        raise SettingsError(_unreadable(file, error.strerror or str(error))) from error
    with os.fdopen(number, "w", encoding="utf-8") as out:
        out.write(key.text)
    return key


def _open_to_others(file: Path) -> Problem:
    return Problem(
        "key-open", "署名の鍵のファイルを、ほかの人も読めるようになっています。", str(file), "この鍵で署名して、公開を続けています。",
        f"持ち主だけが読めるように直してください（chmod 600 {file.name}）。ほかの人に読まれたおそれがあれば、鍵を作り直してください。",
    )  # fmt: skip


def _unreadable(file: Path, why: str) -> Problem:
    return Problem(
        "key-unreadable", f"署名の鍵を読めません（{why}）。", str(file), "公開中のページは、前のままです。",
        "鍵のファイルの場所と権限を確かめてください。失くしたときは、publisher keys で作り直し、新しい公開鍵を知らせます。",
    )  # fmt: skip
