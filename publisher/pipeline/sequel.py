"""The next edition of a large list of people: rows that stood in the former one, letter by letter, were read and reviewed then.

What becomes of a row hangs on the row, on the rules and on the beginning of the file. So the reader and the review are asked about a
*sample*: the beginning of the new file, every line that the former one did not have, and its end. Where they find anything at all to
say of it that they did not say of the whole former file (a warning, a doubt, another column), there is no sequel: the whole file is read and
reviewed as if it were the first. Whether somebody is marked in one row and stands in another is asked of the rows that came, that went and that
were not shown (``review.since``), and of all rows where those say something new of others; where that, or anything else of a row that hangs on
others, has changed for one of the former rows, there is no sequel either.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, compress, repeat
from typing import TYPE_CHECKING, Protocol

from publisher.editions.tables.known import MOST_ROWS, Known, Made
from publisher.errors import Unreadable
from publisher.model import (
    Accepted,
    Multiset,
    Problem,
    PublicTable,
    PublicWorkbook,
    Table,
    TableKind,
    Workbook,
)
from publisher.pipeline.examine import Answer, Question, answered
from publisher.readers.delimited import are_plain, lines_of
from publisher.readers.layout import tells_moment
from publisher.review.remarks import key
from publisher.turns import Both, in_turn
from publisher.values import field, frozen, replace

if TYPE_CHECKING:
    from publisher.readers.delimited import PlainColumns
    from publisher.review.showing import Shown
    from publisher.settings import TableProfile

HEAD, TAIL = 5_000, 60
"""Lines at the beginning and at the end that are read again: as many as any rule looks at to understand a file (the masks: 5,000)."""

LEAST = 20_000
"""Rows from which a former edition is remembered."""

MOST = 5
"""One line in so many may be new; of more, the whole is read as quickly."""

_STANDING = ("columns-dropped", "never-shown", "address-masked")
"""Warnings that hang on the columns, and on no row but the first ones."""

_COUNTED = ("singled-out", "marked-elsewhere")
"""The warnings that hang on all rows, so that they are made anew."""



@frozen
class Former:
    """An edition that was read and reviewed: its bytes by name, the ``warnings`` (code, what was said), what was public of it (``rows``;
    ``shown`` by row of the source), what of its rows is ``alike`` beside the names (``review.anonymity``), and what was ``made`` of them.

    ``plain``: it is known that each line of it is a record as it stands (``are_plain``).
    """

    sha256: str
    warnings: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    reading: int | None
    group: int | None
    kind: TableKind
    rows: Sequence[tuple[str, ...]] = field(repr=False)
    shown: bytes = field(repr=False)
    made: Made = field(repr=False)
    alike: Multiset = field(default=Multiset(), repr=False)
    plain: bool = False

    def whole(self) -> Former:
        """It is at hand already."""
        return self


class Before(Protocol):
    """What has to be known of the former edition to find what differs; the rest can be had while that is looked at."""

    @property
    def sha256(self) -> str: ...

    @property
    def shown(self) -> bytes: ...

    @property
    def plain(self) -> bool: ...

    def whole(self) -> Former: ...


@frozen
class Sequel:
    """``known``: what was made of the rows that the former edition had too."""

    answer: Answer
    content: PublicWorkbook
    known: Known


def worth_remembering(question: Question, answer: Answer, content: object) -> bool:
    """Whether a table is one whose next edition may be a sequel."""
    if answer.digest is None or not _simple(question) or not isinstance(content, PublicWorkbook) or len(content.tables) != 1:
        return False
    table = content.tables[0]
    if not (table.personal and table.unnumbered and table.shown and LEAST <= len(table.rows) <= MOST_ROWS):
        return False
    return answer.digest.due is None and all(one.code in (*_STANDING, *_COUNTED) for one in answer.problems)


def _simple(question: Question) -> bool:
    """No rule of which a row's fate hangs on other rows: no numbers that must not come twice, nobody taken off the list."""
    profile = question.profile
    return profile is not None and not profile.key and not question.released and not question.restrictions


def former(sha256: str, answer: Answer, table: PublicTable, made: Made, plain: bool = False) -> Former:
    """What is remembered of an edition that was published."""
    from publisher.review.anonymity import alike, quasi_identifiers

    columns = quasi_identifiers(table.columns)
    groups = Multiset.of(alike(table.rows, columns)) if columns else Multiset()
    return Former(sha256, said(answer.problems), table.columns, table.reading, table.group, table.kind, table.rows, table.shown, made, groups, plain)


def sequel(question: Question, data: bytes, before: Before, read: Callable[[str], bytes], both: Both = in_turn) -> Sequel | None:
    """The answer about these bytes and what is public of them, exactly as ``examine`` would give it; None where only that can tell.

    ``read`` gives the bytes of the former edition.
    """
    if not _simple(question):
        return None
    new, old = lines_of(question.path, data), lines_of(question.path, read(before.sha256))
    if not new or not old or new[0] != old[0] or len(old) != len(before.shown) + 1:
        return None
    known = dict(zip(old, range(-1, len(old) - 1), strict=True))
    came = list(map(known.get, new[1:], repeat(-1)))
    sample = _sample(came)
    if sample is None or not _all_plain(new, old, came, before.plain):
        return None
    lines = [new[0], *(new[i + 1] for i in sample)]

    def look() -> tuple[Former, tuple[str, Accepted] | None]:
        former = before.whole()
        return former, _reviewed(question, lines, former)

    (former, made), fates = both(look, lambda: _fates(question, new, old, came, before.shown))
    if made is None or fates is None or not _same_fates(fates.kept, made[1], former, came, sample):
        return None
    return _joined(question, *made, former, came, sample, fates.warnings)


def _all_plain(new: Sequence[str], old: Sequence[str], came: Sequence[int], is_old: bool) -> bool:
    """Whether all lines of both are plain; those that both have are looked at once, and not at all where the old ones are known to be (``is_old``)."""
    if is_old:
        return are_plain([new[0], *(new[i + 1] for i, at in enumerate(came) if at < 0)])
    stays = set(came)
    return are_plain(new) and are_plain([old[at + 1] for at in range(len(old) - 1) if at not in stays])


def _same_fates(kept: bytes, made: Accepted, former: Former, came: Sequence[int], sample: Sequence[int]) -> bool:
    """Whether the rows are shown that were shown then, and in the sample now: the mark in another row may have come or gone."""
    assert isinstance(made.content, PublicWorkbook)
    now = bytearray(former.shown[at] if at >= 0 else 2 for at in came)
    for i, is_shown in zip(sample, made.content.tables[0].shown, strict=True):
        if came[i] < 0:
            now[i] = is_shown
    return bytes(now) == kept


def _fates(question: Question, new: Sequence[str], old: Sequence[str], came: Sequence[int], shown: bytes) -> Shown | None:
    """Which of all the rows may be shown, since one may be marked in another; None where staff is told of more than that."""
    from publisher.readers.delimited import plain_columns
    from publisher.review.showing import ELSEWHERE, fates, tells_whom

    profile = question.profile
    assert profile is not None
    if _have_slipped(question.path, new, profile):
        return None
    columns = plain_columns(question.path, new, lambda name: tells_whom(name, profile))
    found = _fates_since(question, columns, new, old, came, shown)
    if found is None:
        found = fates(Table("", columns.names, columns.rows(new[1:]), range(2, len(new) + 1)), profile, question.path)
    return found if all(one.code == ELSEWHERE for one in found.warnings) else None


def _have_slipped(path: str, new: Sequence[str], profile: TableProfile) -> bool:
    """Whether a row says where a shelter is asked for what others say of an illness or their kin: that hangs on all rows."""
    from publisher.readers.delimited import plain_columns
    from publisher.review.kinds import may_show
    from publisher.review.slips import may_tell, private

    whole = plain_columns(path, new, lambda _: True)
    wanted = set(map(key, profile.publish))
    shown = {name for name in whole.names if key(name) in wanted and may_show(profile.kind, name, profile.group)}
    told = may_tell(whole.names, [c for c, name in enumerate(whole.names) if name in shown])
    if not told:
        return False
    columns = plain_columns(path, new, {whole.names[c] for c in told}.__contains__)
    table = Table("", columns.names, columns.rows(new[1:]), range(2, len(new) + 1))
    return bool(private(table, [c for c, name in enumerate(columns.names) if name in shown]))


def _fates_since(question: Question, columns: PlainColumns, new: Sequence[str], old: Sequence[str], came: Sequence[int], shown: bytes) -> Shown | None:
    """The same, told by what came, what went, and what was not shown then."""
    from publisher.review.since import Gone, since

    stays = set(came)
    went = [at for at in range(len(shown)) if at not in stays]
    looked = [i for i, at in enumerate(came) if at < 0 or not shown[at]]
    rows = Table("", columns.names, columns.rows([new[i + 1] for i in looked]), [i + 2 for i in looked])
    gone = Gone(Table("", columns.names, columns.rows([old[at + 1] for at in went]), [at + 2 for at in went]), bytes([shown[at] for at in went]))

    def rest() -> Table:
        left = [i for i, at in enumerate(came) if at >= 0 and shown[at]]
        return Table("", columns.names, columns.rows([new[i + 1] for i in left]), [i + 2 for i in left])

    found = since(rows, bytes([came[i] < 0 for i in looked]), gone, rest, question.profile, question.path)
    if found is None:
        return None
    kept = bytearray(b"\1") * len(came)
    for i, is_kept in zip(looked, found.kept, strict=True):
        kept[i] = is_kept
    return replace(found, kept=bytes(kept))


def _sample(came: Sequence[int]) -> list[int] | None:
    """The rows that are looked at, by number; None where they are too many or too few."""
    count = len(came)
    others = [i for i, at in enumerate(came) if at < 0]
    if count < HEAD + TAIL or len(others) * MOST > count:
        return None
    return [*range(HEAD), *(i for i in others if HEAD <= i < count - TAIL), *range(count - TAIL, count)]


def _reviewed(question: Question, lines: Sequence[str], former: Former) -> tuple[str, Accepted] | None:
    """What the reader and the review say of the sample, when they find nothing in it that they did not find in the whole former edition."""
    from publisher.readers import read
    from publisher.review import review

    try:
        book = read(question.path, ("\ufeff" + "\n".join(lines) + "\n").encode(), question.arrived)
    except (Unreadable, UnicodeError):
        return None
    if not isinstance(book, Workbook) or book.warnings or book.doubts or len(book.tables) != 1 or not _is_bare(book.tables[0], len(lines)):
        return None
    verdict = review(question.path, book, question.profile, question.slug, False)
    if not isinstance(verdict, Accepted) or not isinstance(verdict.content, PublicWorkbook) or len(verdict.content.tables) != 1:
        return None
    table = verdict.content.tables[0]
    same = (table.columns, table.reading, table.group, table.kind) == (former.columns, former.reading, former.group, former.kind)
    own = set(table.columns) <= set(book.tables[0].columns)  # a name put together from two columns is another matter
    if not (same and own and table.unnumbered) or _said(verdict.warnings) != _without_counted(former.warnings):
        return None
    return book.head.title, verdict


def _is_bare(table: Table, lines: int) -> bool:
    """Nothing but a header and rows: no line is a title, a note, blank, or says as of when the table is."""
    return (
        list(table.lines) == list(range(2, lines + 1)) and not (table.notes or table.title or table.ends or table.as_of) and not tells_moment(table.columns)
    )


def said(warnings: Iterable[Problem]) -> tuple[tuple[str, str], ...]:
    """What is remembered of warnings: not where, since every edition may have a name of its own."""
    return tuple((one.code, one.what) for one in warnings)


def _said(warnings: Iterable[Problem]) -> tuple[tuple[str, str], ...]:
    return _without_counted(said(warnings))


def _without_counted(warnings: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(one for one in warnings if one[0] not in _COUNTED)


def _joined(question: Question, title: str, made: Accepted, former: Former, came: Sequence[int], sample: Sequence[int], told: Sequence[Problem]) -> Sequel:
    """The whole table: rows of the sample as they were made now, the others as they were made then. ``came``: the former row of each, or -1;
    ``told``: what is said of rows that hang on others."""
    from publisher.review.anonymity import warning

    assert isinstance(made.content, PublicWorkbook)
    new = made.content.tables[0]
    count = len(former.rows)
    where = [at - 1 if is_shown else -1 for at, is_shown in zip(accumulate(former.shown), former.shown, strict=True)]
    where.append(-1)  # what -1 finds: of a row that is new nothing was shown
    places = list(map(where.__getitem__, came))
    for i, is_shown, place in zip(sample, new.shown, accumulate(new.shown), strict=True):
        if is_shown and came[i] < 0:
            places[i] = count + place - 1  # among the rows that were made now
    shown = bytes([place >= 0 for place in places])
    kept = list(compress(places, shown))
    rows = list(map([*former.rows, *new.rows].__getitem__, kept))
    from_ = array("q", [place if place < count else -1 for place in kept])
    table = replace(new, rows=rows, total=len(came), withheld=len(came) - len(rows), shown=shown)
    known = Known.of(from_, former.made)
    alone = warning(table.columns, rows, question.path, _alone(table, former, known))
    warnings = (*(one for one in made.warnings if one.code not in _COUNTED), *told, *((alone,) if alone else ()))
    content = replace(made.content, tables=(table,))
    return Sequel(answered(question, Accepted(content, warnings), title, known=known), content, known)


def _alone(table: PublicTable, former: Former, known: Known) -> int:
    """How many rows are singled out, counted by those that came and went."""
    from publisher.review.anonymity import alike, few, quasi_identifiers

    columns = quasi_identifiers(table.columns)
    if not columns:
        return 0
    came = [*map(table.rows.__getitem__, known.fresh), *map(former.rows.__getitem__, known.again)]
    return few(former.alike.changed(alike(map(former.rows.__getitem__, known.gone), columns), alike(came, columns)).counts)


def likened(former: Former, table: PublicTable) -> Known | None:
    """What was made of the rows of a former edition that this table has too, however it was read."""
    if (table.columns, table.reading, table.group, table.kind) != (former.columns, former.reading, former.group, former.kind):
        return None
    row_of = dict(zip(former.rows, range(len(former.rows)), strict=True))
    return Known.of(array("q", [row_of.get(row, -1) for row in table.rows]), former.made)
