"""Writing files so that nobody ever meets half of one, and so that whoever owns a folder can read what is in it."""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Callable
from pathlib import Path


def put_down(place: str, body: bytes, flags: int = os.O_EXCL) -> None:
    """Write a file under a name that nobody looks at yet: the caller renames it. Costs three system calls, for tens of thousands of files.

    ``flags``: O_EXCL where nothing may stand there, O_TRUNC where what a killed run left may be written over.
    """
    number = os.open(place, os.O_WRONLY | os.O_CREAT | flags | os.O_CLOEXEC, 0o666)
    try:
        rest = memoryview(body)
        while rest:
            rest = rest[os.write(number, rest) :]
    finally:
        os.close(number)


@functools.cache
def _renameat2() -> Callable[[int, bytes, int, bytes, int], int] | None:
    import ctypes  # a hundredth of a second, for the few runs that exchange thousands of files

    try:
        return ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return None


_HERE, _EXCHANGE = -100, 2
"""AT_FDCWD and RENAME_EXCHANGE of Linux."""


def exchange(one: str, other: str) -> None:
    """Give two files each other's name in one step: whoever asks for either name meets one of them, whole. See rename(2): Linux 3.15, glibc 2.28.

    Raises ``OSError``: ``FileNotFoundError`` where one is missing, another where the system or this file system does not know of it.
    """
    import ctypes

    swap = _renameat2()
    if swap is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if swap(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), one, None, other)


def keep(file: Path, body: bytes, mode: int = 0o600, lasting: bool = True) -> None:
    """Write or replace a file that must outlive a power cut: whole on the disk before its name says so. By default for its owner alone.

    ``lasting`` false: after a power cut it may be half a file; for what is checked when it is read, and made again.
    """
    part = file.with_name(f".{file.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode), "wb") as out:
        hand_over(out.fileno(), file.parent)
        out.write(body)
        out.flush()
        if lasting:
            os.fsync(out.fileno())
    part.replace(file)


def own_folder(folder: Path) -> None:
    """Make a folder that its owner alone may enter, where it is missing."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        hand_over(folder, folder.parent)


def hand_over(what: int | Path, folder: Path) -> None:
    """What root writes belongs to whom the folder belongs to: else the service could not read what an administrator decided."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(what, owner.st_uid, owner.st_gid)
