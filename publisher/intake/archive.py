"""The archive: every version of every dropped file, named by its content, never changed, never deleted."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from publisher.files import put_down
from publisher.values import frozen


@frozen
class Taken:
    """The bytes that were read at one moment, and that the archive now holds."""

    sha256: str
    size: int
    data: bytes


class Moved(Exception):
    """The file changed or vanished while it was read: somebody is still writing it. Look again later."""


def _read(number: int, limit: int) -> bytes:
    """At most ``limit`` bytes of an open file."""
    pieces = []
    while limit > 0 and (piece := os.read(number, limit)):
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)


class Archive:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folders: set[str] = set()

    def place(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def holds(self, sha256: str) -> bool:
        return self.place(sha256).is_file()

    def read(self, sha256: str) -> bytes:
        """Raises ``OSError`` when it is not there, ``ValueError`` when the bytes are not the ones that were archived."""
        data = self.place(sha256).read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ValueError(f"archived bytes differ from their name: {sha256}")
        return data

    def take(self, path: Path, size: int, mtime: int) -> Taken:
        """Read a file of the drop folder and keep it. Raises ``Moved`` when it is no longer as it was listed, ``OSError`` as it comes."""
        try:
            number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                after = os.fstat(number)
                data = _read(number, size + 1) if stat.S_ISREG(after.st_mode) else b""
                after = os.fstat(number)
            finally:
                os.close(number)
        except FileNotFoundError as error:
            raise Moved(str(path)) from error
        if (after.st_size, after.st_mtime_ns) != (size, mtime) or len(data) != size or not stat.S_ISREG(after.st_mode):
            raise Moved(str(path))
        sha256 = hashlib.sha256(data).hexdigest()
        self.keep(sha256, data)
        return Taken(sha256, len(data), data)

    def keep(self, sha256: str, data: bytes) -> None:
        """Atomic: the name appears only with all of its bytes behind it."""
        folder = f"{self._folder}/{sha256[:2]}"
        place, temporary = f"{folder}/{sha256}", f"{folder}/.{sha256[:16]}.{os.getpid()}"
        if os.access(place, os.F_OK):
            return
        if folder not in self._folders:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self._folders.add(folder)
        try:
            put_down(temporary, data, os.O_TRUNC)
            os.replace(temporary, place)  # noqa: PTH105 - a hundred thousand Paths take seconds
        except BaseException:
            self._folders.discard(folder)
            Path(temporary).unlink(missing_ok=True)
            raise


class Overlay(Archive):
    """For dry runs: reads what is archived, keeps what is new in another folder that goes away afterwards."""

    def __init__(self, folder: Path, aside: Path) -> None:
        super().__init__(folder)
        self._aside = Archive(aside)

    def read(self, sha256: str) -> bytes:
        return super().read(sha256) if super().holds(sha256) else self._aside.read(sha256)

    def keep(self, sha256: str, data: bytes) -> None:
        if not super().holds(sha256):
            self._aside.keep(sha256, data)
