"""What lists, feeds and the ledger say of a document."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from publisher.values import frozen


class Severity(StrEnum):
    URGENT = "緊急"
    IMPORTANT = "重要"
    NORMAL = "通常"


class Kind(StrEnum):
    NOTICE = "notice"
    SCAN = "scan"
    TABLE = "table"


class State(StrEnum):
    """What the public sees of a document; ``held`` and ``rejected`` leave the last good version standing."""

    PUBLISHED = "published"
    HELD = "held"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SCHEDULED = "scheduled"


@frozen
class Category:
    """A folder of the drop folder. ``path`` "" is the drop folder itself."""

    path: str
    name: str
    slug: str


@frozen
class Version:
    """One published state of a document. ``number`` counts from 1; ``moment`` is when it arrived."""

    number: int
    moment: datetime
    sha256: str


@frozen
class Card:
    """What lists and feeds say of a document: nothing that would have to be read from the document again.

    ``path`` is its address in the web edition; ``date`` the moment it speaks of, ``updated`` that of its last version or
    withdrawal. ``summary`` is plain text without personal data (empty for personal tables).
    """

    id: str
    kind: Kind
    path: str
    title: str
    category: Category
    date: datetime
    updated: datetime
    state: State = State.PUBLISHED
    severity: Severity = Severity.NORMAL
    districts: tuple[str, ...] = ()
    drill: bool = False
    version: int = 1
    languages: tuple[str, ...] = ("ja",)
    summary: str = ""

    @property
    def corrected(self) -> bool:
        return self.version > 1
