"""What a workbook hides, and what it says of the people in its lists: a mark in a hidden column, a comment on a name, a hidden sheet of those who must not
be found. None of it is shown or quoted; staff are told where it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from publisher.model import Beside, Problem, Table
from publisher.readers.layout import numbers
from publisher.review import answers
from publisher.review.called import all_called
from publisher.review.headers import Meaning, may_withhold
from publisher.review.persons import quoted
from publisher.review.remarks import key, rows_saying, says_of_people
from publisher.review.restrict import People

_SHORTEST = 3
"""Letters of a name that is looked for in cells of any kind: 林実 and 李明 may be something else there."""


def hidden_rows(table: Table) -> Table:
    """The rows of a table that were out of sight, as a table of their own."""
    return Table(table.name, table.columns, table.aside, table.aside_lines, beside=table.beside)


def remarked(table: Table) -> list[int]:
    """The rows of whose people a hidden column or a comment says that they must not be found."""
    lines = {line for one in table.beside for line in _telling(one)}
    return [i for i, line in enumerate(table.lines) if line in lines] if lines else []


def _telling(one: Beside) -> list[int]:
    lines = list(one.cells)
    return [lines[i] for i in rows_saying(one.name, list(one.cells.values()))]


def places(table: Table, rows: Collection[int]) -> str:
    """Where that stands which says so of these rows, for staff: 非表示の列K、セルのコメント."""
    lines = {table.lines[i] for i in rows}
    told = [one.letter for one in table.beside if not lines.isdisjoint(_telling(one))]
    return "、".join([*(f"非表示の列{letter}" for letter in told if letter), *(["セルのコメント"] if "" in told else [])])


def marking_columns(table: Table, rules: Collection[str]) -> list[str]:
    """The letters of hidden columns that are filled and would hold the list if they were seen: that may mark people, or bear the name of one
    of the ``rules`` a second time (as ``key`` writes it)."""
    return [one.letter for one in table.beside if one.letter and one.cells and (key(one.name) in rules or _may_mark(one.name, one.cells.values()))]


def _may_mark(name: str, cells: Iterable[str]) -> bool:
    """Whether a column may mark people; one that asks for consent does, since blank cells of it say more than those that are filled."""
    return may_withhold(name) and (answers.asks_consent(name) or not answers.marks_nobody(name, Counter(map(key, cells))))


# --- hidden sheets ---


def has_people(table: Table) -> bool:
    """Whether a hidden sheet has columns in which people are named."""
    people = People(table)
    return any(any(people.texts(what)) for what in (Meaning.NAME, Meaning.READING))


def is_of_withheld(table: Table) -> bool:
    """Whether a hidden sheet says of itself that those in it must not be found."""
    return any(map(says_of_people, (table.name, table.title, *table.notes)))


def marked_rows(table: Table, ruled: Collection[int]) -> tuple[list[int], bool]:
    """The rows of a hidden sheet that are filled in a column of marks which no rule reads, and whether there are columns of which nobody knows which of
    their cells are marks (公開フラグ)."""
    marking = [c for c, name in enumerate(table.columns) if c not in ruled and may_withhold(name) and any(row[c] for row in table.rows)]
    sure = [c for c in marking if says_of_people(table.columns[c])]
    return [i for i, row in enumerate(table.rows) if any(row[c] and not answers.clears(key(row[c])) for c in sure)], len(sure) < len(marking)


def names_in(table: Table) -> set[str]:
    """All cells of a hidden sheet that may be names, in the form of ``People.named``: for one without a header, or with none that says who they are."""
    cells = {text for row in (table.columns, *table.rows) for text in row if text} | {text for text in (table.title, *table.notes) if text}
    return {form for form in all_called(list(cells)) if len(form) >= _SHORTEST} if cells else set()


def numbers_in(sheet: Table, tables: Sequence[Table], column: str) -> bool:
    """Whether a hidden sheet has numbers by which rows of the tables are told apart: ``column`` is that of these."""
    cells = {key(text) for row in (sheet.columns, *sheet.rows) for text in row if text}
    places = [(table, c) for table in tables for c, name in enumerate(table.columns) if key(name) == key(column)]
    return any(key(row[c]) in cells for table, c in places for row in table.rows if row[c])


def doubt(path: str, sheets: Sequence[str], held: str, release: str) -> Problem:
    """That people of the list stand in hidden sheets, and nobody can tell why."""
    listed = "、".join(map(quoted, sheets))
    return Problem(
        "hidden-people", f"名簿の方の名前が、非表示のシートにもあります（シート{listed}）。載せてはいけない方の一覧かどうか、確かめられません。", path, held,
        f"載せてはいけない方の一覧なら、名簿の「閲覧制限」などの列に印を入れてください。要らないシートなら、削除して保存し直してください。{release}",
    )  # fmt: skip


def told(table: Table, rows: Sequence[int], effect: str, rule: str, where: str) -> Problem:
    """That rows are not shown because of what is hidden beside them. ``rule``: the column into which marks belong."""
    lines = numbers([table.lines[i] for i in rows])
    return Problem(
        "hidden-remarks", f"見えないところ（{places(table, rows)}）に、載せてはいけない方と読める言葉か印のある行があります（{lines}行目）。", where, effect,
        f"そこを表示して確かめてください。載せてはいけない方なら、印を{rule}に入れてください。載せてよい方なら、その言葉を消して保存し直してください。",
    )  # fmt: skip
