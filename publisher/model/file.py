"""The files of the site, and what is done with them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from publisher.values import field, frozen


class PageKind(StrEnum):
    """What a published file is: decides its cache rule and when it is written and uploaded."""

    PICTURE = "picture"
    DATA = "data"
    DOCUMENT = "document"
    LIST = "list"
    FEED = "feed"
    MANIFEST = "manifest"
    ALIVE = "alive"


@frozen
class Page:
    """One file of the site: an ASCII path, its bytes. ``personal`` ones are sent with ``no-store``."""

    path: str
    body: bytes = field(repr=False)
    kind: PageKind = PageKind.DOCUMENT
    personal: bool = False


class Reason(StrEnum):
    """Why a file is written or sent."""

    NEW = "new"
    CHANGED = "changed"
    HEADERS = "headers"
    MISSING = "missing"
    GONE = "gone"


class Put(NamedTuple):
    path: str
    reason: Reason

    def __str__(self) -> str:
        return f"{self.path} ({self.reason})"


@frozen
class Delete:
    path: str
    reason: Reason = Reason.GONE

    def __str__(self) -> str:
        return f"{self.path} ({self.reason})"


class PageRecord(NamedTuple):
    """What the ledger knows of a file of the site: a plain tuple, since a town has a hundred thousand of them. ``serial`` is the site's serial at its last change."""

    path: str
    sha256: str
    size: int
    kind: PageKind
    personal: bool
    serial: int


@frozen
class Receipt:
    """A mirror holds this file: these bytes under these headers (``headers``: their SHA-256), confirmed at ``moment``. ``is_new``: nothing that readers
    can reach led there yet."""

    mirror: str
    path: str
    sha256: str
    headers: str
    moment: datetime
    is_new: bool = False
