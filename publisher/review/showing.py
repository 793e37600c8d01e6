"""Which rows of a roll may be shown: by the columns of consent and withholding, by what is written beside them, by other rows of the same person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from operator import and_, itemgetter
from typing import TYPE_CHECKING

from publisher.model import Problem, Table
from publisher.readers.layout import numbers
from publisher.review import answers, households, repeats, unseen
from publisher.review.headers import Meaning, meaning
from publisher.review.households import Households
from publisher.review.mentions import Names
from publisher.review.remarks import key, remarked, rows_with, says_always
from publisher.review.restrict import People
from publisher.values import field, frozen, record

if TYPE_CHECKING:
    from publisher.settings import TableProfile

OWN = (Meaning.AGE, Meaning.SEX, Meaning.ADDRESS)
"""What these say is about the person of the row."""
NAMED = (Meaning.NAME, Meaning.READING)
ELSEWHERE = "marked-elsewhere"
_COUNTED = "その行の方は人数にだけ数え、載せていません。"


@frozen
class Rule:
    """The column of consent or withholding, and the cells (as ``key`` makes them) under which a row may be shown."""

    place: int
    allowed: frozenset[str]
    is_consent: bool

    def marks(self, cell: str) -> bool:
        """Whether somebody wrote into the cell what lets nobody be shown."""
        return bool(cell) and cell not in self.allowed

    def refuses(self, cell: str) -> bool:
        """Whether the person said no, which is more than not having been asked."""
        return self.marks(cell) and answers.refuses(cell)


def rules_of(table: Table, profile: TableProfile) -> list[Rule]:
    """The rules of a profile whose columns the table has."""
    first: dict[str, int] = {}
    for c, name in enumerate(table.columns):
        first.setdefault(key(name), c)
    told = ((profile.consent.column, profile.consent.yes, True) if profile.consent else None, (profile.withhold.column, profile.withhold.unless, False) if profile.withhold else None)
    return [
        Rule(first[key(column)], frozenset(map(key, values)), is_consent)
        for column, values, is_consent in filter(None, told)
        if column and key(column) in first
    ]


# --- marks ---


@record
class _Kin:
    """``is_asked``: a table numbers its households; ``marked``: those with a mark; ``rows``: of each table, those of their households; ``untold``: of each
    table, those with a mark and without a number."""

    is_asked: bool = False
    marked: repeats.Marked = field(default_factory=repeats.Marked, repr=False)
    households: Households = field(default_factory=Households)
    rows: list[tuple[Table, list[int]]] = field(default_factory=list, repr=False)
    untold: list[tuple[Table, list[int]]] = field(default_factory=list, repr=False)

    def of(self, table: Table) -> list[int]:
        return next((rows for one, rows in self.rows if one is table), [])

    def unnumbered(self, table: Table) -> list[int]:
        return sorted({i for one, rows in self.untold if one is table for i in rows})


@record
class Others:
    """What the rows of all tables of a file say of each other. ``kin``: who lives with people who must not be found; ``absent``: names and readings of those
    who are not shown; ``remarks``: of each table, the rows that say so of their person. ``unsure``: hidden sheets in which people of the tables stand,
    nobody knows why."""

    marked: repeats.Marked = field(default_factory=repeats.Marked)
    kin: _Kin = field(default_factory=_Kin)
    absent: set[str] = field(default_factory=set, repr=False)
    remarks: list[tuple[Table, People, list[int]]] = field(default_factory=list, repr=False)
    unsure: list[str] = field(default_factory=list)

    def of(self, table: Table) -> tuple[People, list[int]]:
        """The people of a table, and the rows with a remark."""
        return next((people, rows) for one, people, rows in self.remarks if one is table)


def others_of(tables: Sequence[Table], profile: TableProfile, hidden: Sequence[Iterable[int]], sheets: Sequence[Table] = ()) -> Others:
    """What the tables of a list of people say of whom nobody may see. ``hidden``: of each table, the rows of people who were taken off the list.
    ``sheets``: the tables of hidden sheets."""
    found = Others(kin=_Kin(any(map(households.has_numbers, tables))))
    for table, off in zip(tables, hidden, strict=True):
        people, rules = People(table), rules_of(table, profile)
        remarks = remarks_of(table, rules)
        found.remarks.append((table, people, remarks))
        if found.kin.is_asked:
            found.kin.households.add(table, people, off, table.name)
        _add_marks(found, table, people, rules, remarks, table.name)
        if table.aside:
            _add_unseen(found, unseen.hidden_rows(table), profile, (), table.name)
        if len(tables) > 1:  # of one table alone, this is told when its rows are
            kept = Sifting(table, profile, "", tuple(rules)).sift({*off, *remarks}, None).kept
            found.absent |= people.named([i for i, is_kept in enumerate(kept) if not is_kept])
    for sheet in sheets:
        _add_sheet(found, sheet, profile)
    if found.kin.is_asked:
        _add_kin(found)
    return found


def _add_kin(found: Others) -> None:
    """Who is of the household of somebody marked, in whichever row either of them stands, is marked too; of their own households, where they stand once more,
    nothing is said: one row without an address would lead to everybody."""
    kin = found.kin
    for table, people, _ in found.remarks:
        kin.households.add(table, people, kin.marked.among(people, range(len(table.rows))), table.name)
    for table, people, _ in found.remarks:
        rows = kin.households.among(table, people)
        kin.rows.append((table, rows))
        found.marked.add(people, rows, False)
        found.absent |= people.named(rows)


def _add_marks(found: Others, table: Table, people: People, rules: Sequence[Rule], remarks: list[int], sheet: str | None) -> None:
    denied = {i for rule in rules if not rule.is_consent for i in rows_with(table, rule.place, answers.clears)} if found.kin.is_asked else ()
    for rows, is_refusal in marks(table, rules, remarks):
        found.marked.add(people, rows, is_refusal)
        if found.kin.is_asked and not is_refusal:
            sure = [i for i in rows if i not in denied]
            found.kin.marked.add(people, sure, False)
            found.kin.untold.append((table, found.kin.households.add(table, people, sure, sheet)))


def _add_unseen(found: Others, table: Table, profile: TableProfile, marked: Iterable[int], sheet: str | None) -> list[int]:
    """Notes what rows say that are out of sight; the rows of which nothing is said that would keep them from being shown. ``marked``: rows with a mark
    that no rule reads; ``sheet``: where numbers of households are of."""
    people, rules = People(table), rules_of(table, profile)
    remarks = sorted({*remarks_of(table, rules), *marked})
    _add_marks(found, table, people, rules, remarks, sheet)
    kept = Sifting(table, profile, "", tuple(rules)).sift(remarks, None).kept
    found.absent |= people.named([i for i, is_kept in enumerate(kept) if not is_kept])
    return [i for i, is_kept in enumerate(kept) if is_kept]


def _add_sheet(found: Others, sheet: Table, profile: TableProfile) -> None:
    """A hidden sheet of people is judged by its columns; one that calls them withheld, or has not the columns by which to judge, says more than it shows."""
    rules = rules_of(sheet, profile)
    if unseen.has_people(sheet):
        marked, is_unsure = unseen.marked_rows(sheet, {rule.place for rule in rules})
        left = _add_unseen(found, sheet, profile, range(len(sheet.rows)) if unseen.is_of_withheld(sheet) else marked, households.ANYWHERE)
        is_unsure |= len(rules) < (profile.consent is not None) + (profile.withhold is not None)
        names = People(sheet).named(left) if is_unsure else set()
    else:
        names = unseen.names_in(sheet)
    named = any(not names.isdisjoint(people.named(range(len(table.rows)))) for table, people, _ in found.remarks) if names else False
    tables = [table for table, _, _ in found.remarks]
    if named or (profile.key and unseen.is_of_withheld(sheet) and not unseen.has_people(sheet) and unseen.numbers_in(sheet, tables, profile.key)):
        found.unsure.append(sheet.name)


def remarks_of(table: Table, rules: Sequence[Rule]) -> list[int]:
    """The rows of whose people it is said, where anybody sees it or out of sight, that they must not be found."""
    return sorted({*remarked(table, {rule.place for rule in rules}), *unseen.remarked(table)})


def marks(table: Table, rules: Sequence[Rule], remarks: list[int]) -> Iterator[tuple[list[int], bool]]:
    """Rows with a mark or a refusal, and whether it is a refusal. That nothing is said says nothing of another row."""
    for rule in rules:
        yield rows_with(table, rule.place, rule.refuses if rule.is_consent else rule.marks), rule.is_consent
        if rule.is_consent:  # DVのため同意しない
            yield rows_with(table, rule.place, lambda cell, rule=rule: rule.marks(cell) and says_always(cell)), False
    yield remarks, False


def tells_whom(column: str, profile: TableProfile) -> bool:
    """Whether a column may say who somebody is, or whether they may be shown: all do but those that no remark is looked for in."""
    rules = (profile.consent, profile.withhold)
    told = {key(rule.column) for rule in rules if rule is not None} | set(map(key, profile.publish))
    return meaning(column) is not Meaning.ROLE or key(column) in told


def fates(table: Table, profile: TableProfile, where: str) -> Shown:
    """Which rows of a list of people the rules let be shown. ``table`` needs no column but those that tell."""
    return sifting(table, profile, where).sift((), others_of([table], profile, [()]))


def sifting(table: Table, profile: TableProfile, where: str) -> Sifting:
    """What is needed to tell the rows of a table that may be shown, by the columns that its profile publishes."""
    public = set(map(key, profile.publish))
    places = tuple(c for c, name in enumerate(table.columns) if key(name) in public)
    return Sifting(table, profile, where, tuple(rules_of(table, profile)), places)


# --- rows ---


@frozen
class Shown:
    """``kept``: one byte a row, 1 where it may be shown. ``refused``: the rule's column under which nobody's cell says what the profile knows."""

    kept: bytes
    warnings: tuple[Problem, ...] = ()
    refused: tuple[int, ...] = ()


@frozen
class Sifting:
    """What is needed to tell the rows that may be shown. ``places``: the columns that would be shown as they stand."""

    table: Table = field(repr=False)
    profile: TableProfile
    where: str
    rules: tuple[Rule, ...]
    places: tuple[int, ...] = ()

    def sift(self, hidden: Iterable[int], others: Others | None) -> Shown:
        """The rows that may be shown, and what staff is told of those that may not. ``others``: only in a list of people."""
        table = self.table
        kept = bytearray(b"\1") * len(table.rows)
        for i in hidden:
            kept[i] = 0
        told: list[Problem] = []
        refused = []
        for rule in self.rules:
            cells = list(map(itemgetter(rule.place), table.rows))
            verdict = {value: key(value) in rule.allowed for value in set(cells)}
            agreed = bytearray(map(and_, kept, map(verdict.__getitem__, cells)))
            if any(kept) and not any(agreed):
                refused.append(rule.place)
            kept = agreed
            told += self._other_words(rule, cells)
        if others is not None:
            told += self._cut(kept)
            told += self._struck(kept)
            people, remarks = others.of(table)
            told += self._remarked(kept, remarks)
            told += self._kin(kept, others.kin.of(table))
            told += self._untold(others.kin.unnumbered(table))
            told += self._elsewhere(kept, people, others.marked)
            told += self._mentions(kept, people, others.absent)
        return Shown(bytes(kept), tuple(told), tuple(refused))

    def _other_words(self, rule: Rule, cells: Sequence[str]) -> list[Problem]:
        """People who agreed, or are not restricted, in other words than the profile knows are not shown: that must not pass unsaid. No word is
        quoted that may be a name."""
        unread = {cell: said for cell in set(cells) if (said := key(cell)) and said not in rule.allowed}
        quotable = answers.agrees if rule.is_consent else answers.clears
        plain = {cell for cell, said in unread.items() if quotable(said) or answers.is_ditto(said)}
        words = plain | {cell for cell, said in unread.items() if rule.is_consent and answers.may_agree(said)}
        lines = [line for line, cell in zip(self.table.lines, cells, strict=True) if cell in words]
        if not lines:
            return []
        listed = "、".join([*(f"「{cell.strip()}」" for cell in sorted(plain)[:8]), *(["ほかの書き方"] if words - plain else [])])
        means, setting = ("同意", "consent の yes") if rule.is_consent else ("制限なし", "withhold の unless")
        what = f"「{self.table.columns[rule.place]}」の列に、{means}と読めるのに設定にない書き方が{len(lines)}行あります：{listed}（{numbers(lines)}行目）。"
        todo = f"{means}なら、publisher.toml の「{self.profile.name}」の {setting} にその書き方を加えるか、表の書き方をそろえてください。"
        if any(answers.is_ditto(unread[cell]) for cell in plain):
            todo += "「同上」や「〃」は上の行の値として読みません。1行ずつ書いてください。"
        return [Problem("other-consent" if rule.is_consent else "other-withhold", what, self.where, _COUNTED, todo)]

    def _cut(self, kept: bytearray) -> list[Problem]:
        """A row that ends before the columns of consent and withholding says nothing of them: nobody left them blank."""
        table = self.table
        if not table.cut:
            return []
        unsure = [i for i, line in enumerate(table.lines) if line in table.cut and any(not table.rows[i][rule.place] for rule in self.rules)]
        if not unsure:
            return []
        self._leave_out(kept, unsure)
        what = f"途中で終わっている行があり、公表の同意や閲覧の制限を確かめられません（{self._numbers(unsure)}行目）。"
        return [Problem("cut-rows", what, self.where, _COUNTED, "行の終わりの列が抜けていないか、セルの中で改行していないか確かめ、直して保存し直してください。")]

    def _struck(self, kept: bytearray) -> list[Problem]:
        """Of whom a clerk struck something out, nobody can tell whether they are to stay."""
        rows = [i for i, line in enumerate(self.table.lines) if line in self.table.struck and kept[i]] if self.table.struck else []
        if not rows:
            return []
        self._leave_out(kept, rows)
        what = f"一部に取り消し線を引いた行があります（{self._numbers(rows)}行目）。"
        return [Problem("struck-rows", what, self.where, _COUNTED, "取り消す方なら行を削除し、載せる方なら取り消し線を外して保存し直してください。")]

    def _remarked(self, kept: bytearray, remarks: Sequence[int]) -> list[Problem]:
        rule = f"「{self.profile.withhold.column}」の列" if self.profile.withhold else "withhold に設定した列"
        rows = [i for i in unseen.remarked(self.table) if kept[i]] if self.table.beside else []
        told = [unseen.told(self.table, rows, _COUNTED, rule, self.where)] if rows else []
        self._leave_out(kept, rows)
        rows = [i for i in remarks if kept[i]]
        if not rows:
            return told
        self._leave_out(kept, rows)
        what = f"備考や名前のない列などに、載せてはいけない方と読める言葉か印（DV、支援措置、非公開、×など）のある行があります（{self._numbers(rows)}行目）。"
        return [*told, Problem("remarks", what, self.where, _COUNTED, f"載せてはいけない方なら、印を{rule}に入れてください。載せてよい方なら、その言葉か印を消して（名前のない列の×などが別のことなら、列に名前を入れて）保存し直してください。")]

    def _elsewhere(self, kept: bytearray, people: People, others: repeats.Marked) -> list[Problem]:
        rows = others.among(people, list(compress(range(len(kept)), kept)))
        if not rows:
            return []
        self._leave_out(kept, rows)
        what = f"別の行（非表示の行やシートも見ています）に、載せない印か「同意しない」がある方と同じ方と見た行があります（{self._numbers(rows)}行目）。"
        return [Problem(ELSEWHERE, what, self.where, _COUNTED, "同じ方が2度入っていないか確かめてください。別の方なら、生年月日か住所を入れると見分けられます。")]

    def _kin(self, kept: bytearray, kin: Sequence[int]) -> list[Problem]:
        rows = [i for i in kin if kept[i]]
        if not rows:
            return []
        self._leave_out(kept, rows)
        what = f"載せない印（閲覧制限など）のある方と、世帯番号が同じ行があります（{self._numbers(rows)}行目）。一緒にいる方から、居場所が知られるおそれがあります。"
        return [Problem("household", what, self.where, _COUNTED, "載せてはいけない方なら、その行にも印を入れてください。載せてよいと確かめた方なら、その行に別の世帯番号を入れて保存し直してください。")]

    def _untold(self, rows: Sequence[int]) -> list[Problem]:
        """The mark of somebody whose household nobody can tell protects nobody else."""
        if not rows:
            return []
        what = f"載せない印（閲覧制限など）のある方の世帯番号がありません（{self._numbers(rows)}行目）。いっしょにいるご家族が分かりません。"
        todo = "世帯番号を入れるか、いっしょにいるご家族の行にも印を入れてください。ひとりの方なら、直す必要はありません。"
        return [Problem("household-unknown", what, self.where, "ご家族の行は、ほかに印がなければ載っています。", todo)]

    def _mentions(self, kept: bytearray, people: People, absent: set[str]) -> list[Problem]:
        """Rows that would name somebody who is not shown: in the place of a shelter, in a remark, in the name of their kin."""
        rows = self.table.rows
        names = Names(absent | people.named([i for i, is_kept in enumerate(kept) if not is_kept]))
        found: set[int] = set()
        for place in self.places:
            about = meaning(self.table.columns[place])
            if about in OWN:
                continue
            cells = list(map(itemgetter(place), compress(rows, kept)))
            told = names.in_names(cells) if about in NAMED else names.in_cells(cells)
            if told:
                found.update(i for i, row in enumerate(rows) if kept[i] and row[place] in told)
        if not found:
            return []
        self._leave_out(kept, found)
        what = f"載せない方の名前が、ほかの方の行に書かれています（{self._numbers(found)}行目）。"
        return [Problem("mentions", what, self.where, _COUNTED, "その名前を消して保存し直してください。")]

    @staticmethod
    def _leave_out(kept: bytearray, rows: Iterable[int]) -> None:
        for i in rows:
            kept[i] = 0

    def _numbers(self, rows: Iterable[int]) -> str:
        return numbers([self.table.lines[i] for i in rows])
