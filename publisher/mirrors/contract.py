"""What every mirror promises, whatever it is made of.

A mirror is a place from which the public reads a copy of the site: a folder, a bucket. It stores whole files
under the site's own paths and knows nothing of their meaning or order: the plan decides, ``sync`` acts.

*Whole*       A reader sees a file as it was before ``put`` or as it is after, never a part of it; a
              store may answer with an error in between.
*Stored*      When ``put`` or ``delete`` returns, the store has confirmed it. When they raise, it may have
              happened or not.
*Repeatable*  Every operation may be called again at any time with the same result.
*Concurrent*  Every operation may be called from several threads at once, for different paths.
*Errors*      ``MirrorUnavailable`` when the same call may succeed later as it is: time-outs, lost lines, an
              overloaded or broken store, a damaged transfer. ``MirrorRefused`` when a person has to change
              something first: credentials, bucket, clock, region, space, permissions. Nothing else is raised.
              Each carries a ``Problem`` that names the mirror; the library's exception is its cause.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from typing import Protocol, runtime_checkable

from publisher.mirrors.headers import Headers
from publisher.mirrors.trouble import refused
from publisher.patterns import pattern
from publisher.values import field, frozen


@frozen
class Stored:
    """A file as it stands on a mirror.

    ``headers`` is None where the store keeps none (a folder: its web server decides). ``claimed`` is the
    SHA-256 that was stored beside the body, "" where none is kept; ``sha256`` that of the body itself. Where
    they differ the copy is damaged.
    """

    body: bytes = field(repr=False)
    headers: Headers | None = None
    claimed: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @property
    def damaged(self) -> bool:
        """The body is not what was stored."""
        return bool(self.claimed) and self.claimed != self.sha256


@frozen
class Head:
    """What a store says of a file without sending it: ``size`` in bytes, the rest as in ``Stored``.

    ``md5`` is the store's own digest of what it holds, "" where it gives none. It may be that of something else (of
    an encrypted copy, say): equal to ours it proves the body, unequal it proves nothing.
    """

    size: int
    headers: Headers | None = None
    claimed: str = ""
    md5: str = ""


def unasked() -> None:
    """Nobody has to be asked before a deletion."""


@runtime_checkable
class Mirror(Protocol):
    """One mirror. Paths are those of the site: relative, ASCII, ``/`` between parts; see ``checked``."""

    name: str

    def put(self, path: str, body: bytes, headers: Headers) -> None:
        """Store a file, in place of any that stands there. Safe to repeat."""
        ...

    def delete(self, path: str) -> None:
        """Remove a file. One that is not there is removed already. Safe to repeat."""
        ...

    def get(self, path: str) -> Stored | None:
        """The file as the store gives it back, or None when there is none. A truncated answer is an error."""
        ...

    def head(self, path: str) -> Head | None:
        """What the store says of a file, or None when there is none."""
        ...

    def purge(self, prefix: str, keep: Collection[str], ask: Callable[[], None] = unasked) -> int:
        """Leave nothing of what ever stood under paths that start so, but the files of ``keep`` as they are now.

        Where the store keeps older versions of files, they go for good, and so do the marks of deletion. Returns how many things
        went. Safe to repeat. ``ask`` is called before each look and each deletion, from several threads; what it raises ends the work.
        """
        ...

    def walk(self) -> Iterator[str]:
        """Every file there, also what somebody else put, in no order. Slow: for verification only."""
        ...


#: A file of the site's own folder.
_FILE = pattern(r"[A-Za-z0-9_-]+\.[A-Za-z0-9.]*[A-Za-z0-9]")


def checked_prefix(mirror: str, prefix: str) -> str:
    """The beginning of paths itself when it names one document, folder or file; ``MirrorRefused`` when it could mean the whole site."""
    head, _, rest = prefix.partition("/")
    if not (head and rest.strip("/")) and not _FILE.fullmatch(prefix):
        raise refused(mirror, "path", path=prefix)
    checked(mirror, prefix.rstrip("/") or "?")
    return prefix


def checked(mirror: str, path: str) -> str:
    """The path itself when it may be stored; ``MirrorRefused`` when it could lead outside or is not portable.

    Printable ASCII without a backslash, no empty part, no ``.`` or ``..``, at most 1,024 bytes (the limit of
    S3 keys).
    """
    fine = (
        0 < len(path) <= 1024
        and all(" " < character <= "~" and character != "\\" for character in path)
        and all(part not in ("", ".", "..") for part in path.split("/"))
    )
    if not fine:
        raise refused(mirror, "path", path=path)
    return path
