"""The bytes that came, and the text of a document without any look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from publisher.model.card import Severity
from publisher.model.problem import Problem
from publisher.values import field, frozen


@frozen
class Arrival:
    """The bytes that stood at a path of the drop folder. They are in the archive before an arrival exists."""

    path: str
    sha256: str
    size: int
    arrived: datetime


@frozen
class Text:
    text: str


@frozen
class Strong:
    inlines: tuple[Inline, ...]


@frozen
class Link:
    """``href`` is http(s), mailto, tel or a path of the site; readers refuse every other scheme."""

    href: str
    inlines: tuple[Inline, ...]


@frozen
class Break:
    """A line break within a paragraph."""


@frozen
class Ruby:
    base: str
    reading: str


Inline = Text | Strong | Link | Break | Ruby


@frozen
class Heading:
    """``level`` 2 to 4: level 1 is the title of the page."""

    level: int
    inlines: tuple[Inline, ...]


@frozen
class Paragraph:
    inlines: tuple[Inline, ...]


@frozen
class Listing:
    """A list; ``start`` is None for bullets, the first number otherwise."""

    items: tuple[tuple[Block, ...], ...]
    start: int | None = None


@frozen
class Grid:
    """A table within a notice: ``header`` may be empty; each cell is a run of inlines; rows are as long as each other."""

    header: tuple[tuple[Inline, ...], ...]
    rows: tuple[tuple[tuple[Inline, ...], ...], ...]


@frozen
class Quote:
    blocks: tuple[Block, ...]


@frozen
class Preformatted:
    text: str


@frozen
class Rule:
    """A thematic break."""


@frozen
class Figure:
    picture: Picture
    alt: str


Block = Heading | Paragraph | Listing | Grid | Quote | Preformatted | Rule | Figure


@frozen
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


@frozen
class Picture:
    """One picture or scanned page in the three sizes that the editions use (largest for the web)."""

    large: Jpeg
    medium: Jpeg
    small: Jpeg


@frozen
class Head:
    """What the top of a document (front matter, its first heading, its first lines) says of it; None: it says nothing."""

    title: str
    date: datetime | None = None
    publish: datetime | None = None
    expires: datetime | None = None
    severity: Severity = Severity.NORMAL
    districts: tuple[str, ...] = ()
    drill: bool = False


@frozen
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


@frozen
class Scan:
    """A document that is pictures only: a photo, a fax, a scanned PDF."""

    head: Head
    pages: tuple[Picture, ...]
    warnings: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()


@frozen
class Beside:
    """What a sheet hides beside its rows: a column out of sight (``letter``), or all comments on its cells (``letter`` is ""). Nothing of it is
    shown, quoted or kept, its ``name`` no more than its cells; in a list of people it may say who is not to be.

    ``cells``: line of a row (of ``Table.lines`` or ``Table.aside_lines``) → what stands there. ``around``: what stands beside no row.
    """

    letter: str
    name: str = field(default="", repr=False)
    cells: Mapping[int, str] = field(default_factory=dict, repr=False)
    around: tuple[str, ...] = field(default=(), repr=False)


@frozen
class Table:
    """One table as it stood in the file: every cell a string as people see it there, hidden cells left out.

    ``lines[i]`` is the line (CSV) or row (sheet) number, from 1, at which ``rows[i]`` stands in the file. Rows are as long as
    ``columns``. ``as_of`` is the moment that the table itself names (title rows, column names, a column of times).
    ``ends[i]`` is when ``rows[i]`` may be shown no longer, None: never said; empty when no row says it.
    ``cut``: lines of rows that end before the header does, so that their last cells are blank because nobody wrote them.
    ``struck``: rows of which some cells had a line through them, and are blank therefore.
    ``aside``: rows that were hidden in the sheet, in the same columns, ``aside_lines`` their numbers; nothing of them is shown, but they may say who
    is not to be. ``beside``: what else was hidden, see there.
    """

    name: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    lines: Sequence[int]
    title: str = ""
    notes: tuple[str, ...] = ()
    as_of: datetime | None = None
    ends: Sequence[datetime | None] = ()
    cut: frozenset[int] = frozenset()
    struck: frozenset[int] = frozenset()
    aside: Sequence[tuple[str, ...]] = field(default=(), repr=False)
    aside_lines: Sequence[int] = ()
    beside: tuple[Beside, ...] = field(default=(), repr=False)


@frozen
class Workbook:
    """A table file: one table for a CSV, one a visible sheet for a spreadsheet. ``unseen``: the tables of hidden sheets, of which the same holds as
    of ``Table.aside``."""

    head: Head
    tables: tuple[Table, ...]
    warnings: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()
    unseen: tuple[Table, ...] = field(default=(), repr=False)


Content = Notice | Scan | Workbook
