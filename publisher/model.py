"""The frozen values that travel from stage to stage.

    intake ─► readers ─► review ─► ledger ─► editions ─► site ─► mirrors
    Arrival   Notice     Accepted  Bulletin   Page      Plan     Receipt
              Workbook   or Held
              Scan

Every moment in them is an aware ``datetime``; every path is NFC, relative, with ``/`` between its parts;
every hash is SHA-256 in lower-case hexadecimal digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

# --- what a person is told ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing a person has to know, in Japanese: what happened, where, what the public sees, what to do.

    ``code`` is a stable ASCII word for scripts and tests (``bad-date``). ``where`` names the file and the place in it
    (sheet, cell, line). Nothing in a problem quotes personal data.
    """

    code: str
    what: str
    where: str = ""
    shown: str = ""
    todo: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return place + "".join(part for part in (self.what, self.shown, self.todo) if part)


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


# --- intake -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arrival:
    """The bytes that stood at a path of the drop folder. They are in the archive before an arrival exists."""

    path: str
    sha256: str
    size: int
    arrived: datetime


# --- readers: the text of a document, without any look --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """``href`` is http(s), mailto, tel or a path of the site; readers refuse every other scheme."""

    href: str
    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Break:
    """A line break within a paragraph."""


@dataclass(frozen=True, slots=True)
class Ruby:
    base: str
    reading: str


Inline = Text | Strong | Link | Break | Ruby


@dataclass(frozen=True, slots=True)
class Heading:
    """``level`` 2 to 4: level 1 is the title of the page."""

    level: int
    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list; ``start`` is None for bullets, the first number otherwise."""

    items: tuple[tuple[Block, ...], ...]
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """A table within a notice: ``header`` may be empty; each cell is a run of inlines; rows are as long as each other."""

    header: tuple[tuple[Inline, ...], ...]
    rows: tuple[tuple[tuple[Inline, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class Quote:
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Preformatted:
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A thematic break."""


@dataclass(frozen=True, slots=True)
class Figure:
    picture: Picture
    alt: str


Block = Heading | Paragraph | Listing | Grid | Quote | Preformatted | Rule | Figure


@dataclass(frozen=True, slots=True)
class Jpeg:
    """An upright baseline JPEG in sRGB or grey without any metadata."""

    sha256: str
    width: int
    height: int
    data: bytes = field(repr=False)

    @property
    def path(self) -> str:
        """Its address on the site, named by content."""
        return f"m/{self.sha256[:16]}.jpg"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture or scanned page in the three sizes that the editions use (largest for the web)."""

    large: Jpeg
    medium: Jpeg
    small: Jpeg


@dataclass(frozen=True, slots=True)
class Head:
    """What the top of a document (front matter, its first heading, its first lines) says of it; None: it says nothing."""

    title: str
    date: datetime | None = None
    publish: datetime | None = None
    expires: datetime | None = None
    severity: Severity = Severity.NORMAL
    districts: tuple[str, ...] = ()
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """A document with a text. ``pages`` are pictures of its paper pages when it came as a PDF.

    In all three contents ``warnings`` are told to staff, and ``doubts`` hold the document until a person decides (text under a
    black box, say): the reader finds them, the review acts on them.
    """

    head: Head
    blocks: tuple[Block, ...]
    pages: tuple[Picture, ...] = ()
    warnings: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """A document that is pictures only: a photo, a fax, a scanned PDF."""

    head: Head
    pages: tuple[Picture, ...]
    warnings: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One table as it stood in the file: every cell a string as people see it there, hidden cells left out.

    ``lines[i]`` is the line (CSV) or row (sheet) number, from 1, at which ``rows[i]`` stands in the file. Rows are as long as
    ``columns``. ``as_of`` is the moment that the table itself names (title rows, column names, a column of times).
    ``ends[i]`` is when ``rows[i]`` may be shown no longer, None: never said; empty when no row says it.
    """

    name: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    lines: Sequence[int]
    title: str = ""
    notes: tuple[str, ...] = ()
    as_of: datetime | None = None
    ends: Sequence[datetime | None] = ()


@dataclass(frozen=True, slots=True)
class Workbook:
    """A table file: one table for a CSV, one a visible sheet for a spreadsheet."""

    head: Head
    tables: tuple[Table, ...]
    warnings: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()


Content = Notice | Scan | Workbook

# --- review --------------------------------------------------------------------------------------------------


class TableKind(StrEnum):
    EVACUEES = "evacuees"
    MISSING = "missing"
    DECEASED = "deceased"
    SHELTERS = "shelters"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class PublicWorkbook:
    """The tables of one document that may be shown; the first has the document's own address."""

    head: Head
    tables: tuple[PublicTable, ...]


PublicContent = Notice | Scan | PublicWorkbook


@dataclass(frozen=True, slots=True)
class Accepted:
    content: PublicContent
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """Not published until a person decides (or mends the file). A ``final`` one cannot be released as it is."""

    reasons: tuple[Problem, ...]
    final: bool = False


Verdict = Accepted | Held

# --- ledger --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Category:
    """A folder of the drop folder. ``path`` "" is the drop folder itself."""

    path: str
    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class Version:
    """One published state of a document. ``number`` counts from 1; ``moment`` is when it arrived."""

    number: int
    moment: datetime
    sha256: str


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


# --- editions and site ---------------------------------------------------------------------------------------


class PageKind(StrEnum):
    """What a published file is: decides its cache rule and when it is written and uploaded."""

    PICTURE = "picture"
    DATA = "data"
    DOCUMENT = "document"
    LIST = "list"
    FEED = "feed"
    MANIFEST = "manifest"
    ALIVE = "alive"


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mirror holds this file: these bytes under these headers (``headers``: their SHA-256), confirmed at ``moment``."""

    mirror: str
    path: str
    sha256: str
    headers: str
    moment: datetime
