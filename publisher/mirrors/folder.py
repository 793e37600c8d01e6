"""A mirror that is a folder: a web server's document root, a disk, a share."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from publisher.errors import MirrorError
from publisher.mirrors.contract import Head, Stored, checked, checked_prefix, unasked
from publisher.mirrors.headers import Headers
from publisher.mirrors.trouble import refused, unavailable

#: Written beside the file it will become, under a name that no file of the site has.
_PART = ".part"

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_LOCKED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY}
_DETAILS = {
    errno.ENOSPC: "ディスクがいっぱいです",
    errno.EDQUOT: "割り当てられた容量を使い切りました",
    errno.EFBIG: "ファイルが大きすぎます",
    errno.EACCES: "権限がありません",
    errno.EPERM: "権限がありません",
    errno.EROFS: "読み取り専用です",
    errno.ENOTDIR: "フォルダーがあるはずの場所にファイルがあります",
    errno.EEXIST: "フォルダーがあるはずの場所にファイルがあります",
    errno.EISDIR: "ファイルがあるはずの場所にフォルダーがあります",
    errno.EIO: "ディスクの読み書きに失敗しました",
}
#: A put and a delete next to each other may take the folder away under a new file: then once more.
_TRIES = 3


class FolderMirror:
    """A folder at ``root``. Headers are not kept: the web server that serves the folder sets them.

    ``root`` itself is made when it is missing, its parents are not: a missing parent is a disk that is not
    mounted, and filling the place where it should be would hide that.
    """

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.root = root

    def put(self, path: str, body: bytes, headers: Headers) -> None:
        with self._words():
            target = self._inside(path)
            self._open_root()
            for attempt in range(1, _TRIES + 1):
                try:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    _replace(target, body)
                    return
                except FileNotFoundError:
                    if attempt == _TRIES:
                        raise

    def delete(self, path: str) -> None:
        with self._words():
            target = self._inside(path)
            self._must_stand()
            try:
                target.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return
            for folder in target.parents:
                if folder == self.root or not _remove_empty(folder):
                    return

    def get(self, path: str) -> Stored | None:
        with self._words():
            target = self._inside(path)
            self._must_stand()
            try:
                return Stored(target.read_bytes())
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return None

    def head(self, path: str) -> Head | None:
        with self._words():
            target = self._inside(path)
            self._must_stand()
            return Head(target.stat().st_size) if target.is_file() else None

    def purge(self, prefix: str, keep: Collection[str], ask: Callable[[], None] = unasked) -> int:
        """A folder keeps no versions; what stands there and is not kept is deleted, torn files of a crash with it."""
        checked_prefix(self.name, prefix)
        gone = 0
        with self._words():
            if not self._must_stand():
                return 0
            start = self._inside(prefix.rstrip("/"))
            top = start if prefix.endswith("/") else start.parent
            for folder, below, names in os.walk(top, onerror=_raise_but_missing):
                if top != start and Path(folder) == top:
                    below[:] = [name for name in below if name.startswith(start.name)]  # not the whole site for one file of it
                for name in names:
                    meant = name[1:].removesuffix(_PART) if _is_part(name) else name
                    path = (Path(folder) / meant).relative_to(self.root).as_posix()
                    if path.startswith(prefix) and (path not in keep or meant != name):
                        ask()
                        (Path(folder) / name).unlink(missing_ok=True)
                        gone += 1
        return gone

    def walk(self) -> Iterator[str]:
        with self._words():
            if not self._must_stand():
                return
            for folder, _, names in os.walk(self.root, onerror=_raise):
                below = Path(folder).relative_to(self.root)
                yield from ((below / name).as_posix() for name in sorted(names) if not _is_part(name))

    def _inside(self, path: str) -> Path:
        """Where a path of the site lies; a link within the folder must not lead out of it."""
        target = self.root / checked(self.name, path)
        if not target.parent.resolve().is_relative_to(self.root.resolve()):
            raise refused(self.name, "outside", path=path)
        return target

    def _open_root(self) -> None:
        if not self.root.is_dir():
            self.root.mkdir(exist_ok=True)

    def _must_stand(self) -> bool:
        """Whether the folder is there already. Where even its parent is missing, nothing can be said."""
        if self.root.is_dir():
            return True
        if not self.root.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.root))
        return False

    @contextmanager
    def _words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._told(error) from error

    def _told(self, error: OSError) -> MirrorError:
        number = error.errno or 0
        detail, folder = _DETAILS.get(number, os.strerror(number)), str(self.root)
        if number in _FULL:
            return refused(self.name, "full", detail=detail)
        if number in _LOCKED:
            return refused(self.name, "locked", folder=folder, detail=detail)
        if isinstance(error, FileNotFoundError):
            return unavailable(self.name, "folder-gone", folder=folder)
        return unavailable(self.name, "folder-line", folder=folder, detail=detail)


def _replace(target: Path, body: bytes) -> None:
    """Write beside the target and take its place once on the disk: readers see the old or the new."""
    part = target.with_name(f".{target.name}{_PART}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(part, flags, 0o666), "wb") as file:
            file.write(body)
            file.flush()
            # A receipt says that the file is there, also after the power has failed.
            os.fsync(file.fileno())
        part.replace(target)
    except OSError:
        _discard(part)
        raise


def _is_part(name: str) -> bool:
    return name.startswith(".") and name.endswith(_PART)


def _discard(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError:
        # The failure that brought us here is the one to tell; the next try overwrites this file.
        return


def _remove_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def _raise_but_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _raise(error: OSError) -> None:
    raise error
