"""What may be shown: tables behind their rules, the numbers of their editions, verdicts, and a document as it is to be published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from publisher.model.card import Card, Version
from publisher.model.content import Head, Notice, Scan
from publisher.model.problem import Problem
from publisher.values import field, frozen


class TableKind(StrEnum):
    EVACUEES = "evacuees"
    MISSING = "missing"
    DECEASED = "deceased"
    SHELTERS = "shelters"
    OPEN = "open"


@frozen
class PublicTable:
    """What may be shown of a table: allowed columns only, masked, rows without consent or with a withhold mark left out.

    ``total`` counts every row of the source, ``withheld`` those not shown. ``reading`` and ``group`` are the indexes
    (in ``columns``) of the column to sort and look up by and of the one to group by (the shelter), or None.
    ``personal`` tables are not indexed by search engines, not cached, and their cells go to no feed, title or log.
    ``pfif`` offers the people as PFIF too: PFIF field → column for those that headers do not say. ``lasts``: for how long after
    ``as_of`` others may keep them. ``identities``: by row, a digest of what tells it from others in all editions (b"": not known); empty
    without a column for that. ``shown``: by row of the source, 1 where it stands in ``rows`` too; empty where the review did not say it.
    ``unnumbered``: no cell of the source holds twelve digits that could be anybody's individual number.
    """

    slug: str
    title: str
    kind: TableKind
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    total: int
    withheld: int = 0
    personal: bool = False
    reading: int | None = None
    group: int | None = None
    as_of: datetime | None = None
    notes: tuple[str, ...] = ()
    pfif: Mapping[str, str] | None = None
    lasts: timedelta | None = None
    identities: Sequence[bytes] = field(default=(), repr=False)
    shown: bytes = field(default=b"", repr=False, compare=False)
    unnumbered: bool = field(default=False, repr=False, compare=False)


@frozen
class Change:
    """What came about between an edition of a table and the one before it, in rows that are shown.

    ``arrived`` were not there before, ``left`` are not there any more, ``moved`` are in another group. ``groups``: (group, how many came,
    how many went) for every group of either edition; where a column counts people, by how many they grew or shrank. ``renamed``: (old, new)
    names of groups that stayed the same.
    """

    since: datetime
    arrived: int
    left: int
    moved: int
    groups: tuple[tuple[str, int, int], ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()


@frozen
class EditionTally:
    """The numbers of one edition of a table, without any row of it.

    ``moment`` and ``sha256`` name the version that it is an edition of, ``as_of`` is the moment that it speaks of. ``groups``: (group, count)
    in the order of the table; a group is a value of the column ``group_name``, its count the rows shown, or, where ``people``, what a column
    of the table says (避難者数). ``change`` is None for the first edition.
    """

    slug: str
    title: str
    kind: TableKind
    personal: bool
    total: int
    shown: int
    withheld: int
    groups: tuple[tuple[str, int], ...] = ()
    group_name: str = ""
    people: bool = False
    as_of: datetime | None = None
    moment: datetime | None = None
    sha256: str = ""
    change: Change | None = None

    @property
    def counted(self) -> int:
        """The total that trends show: people where a column counts them, else every row, shown or not."""
        return sum(count for _, count in self.groups) if self.people else self.total


@frozen
class PublicWorkbook:
    """The tables of one document that may be shown; the first has the document's own address."""

    head: Head
    tables: tuple[PublicTable, ...]


PublicContent = Notice | Scan | PublicWorkbook


@frozen
class Accepted:
    content: PublicContent
    warnings: tuple[Problem, ...] = ()


@frozen
class Held:
    """Not published until a person decides (or mends the file). A ``final`` one cannot be released as it is."""

    reasons: tuple[Problem, ...]
    final: bool = False


Verdict = Accepted | Held


@frozen
class Bulletin:
    """A document as it is to be published: its card, its history, and its content in each language (``ja`` first).

    ``contents`` is empty when the document is withdrawn or has expired: only the tombstone is shown then. ``editions`` are those of all its
    tables, by the moment that they speak of.
    """

    card: Card
    versions: tuple[Version, ...]
    contents: tuple[tuple[str, PublicContent], ...] = ()
    editions: tuple[EditionTally, ...] = ()

    def content(self, language: str) -> PublicContent:
        return dict(self.contents)[language]
