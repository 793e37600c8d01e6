"""Applies a table's profile: allowed columns only, masked, and only the rows that may be shown."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from itertools import compress
from typing import TYPE_CHECKING

from publisher.model import Problem, PublicTable, Table
from publisher.patterns import pattern
from publisher.review import anonymity, answers, misfits, persons, showing, slips, unseen
from publisher.review import rows as row_care
from publisher.review.address import towns
from publisher.review.facilities import looks
from publisher.review.headers import Meaning, is_roll, may_withhold, meaning
from publisher.review.kinds import PERSONAL, gate, may_show, names_people
from publisher.review.masks import MASKS
from publisher.review.names import joined
from publisher.review.persons import quoted
from publisher.review.privacy import header
from publisher.review.remarks import key
from publisher.values import field, record

if TYPE_CHECKING:
    from publisher.settings import TableProfile

_HELD = "この表はまだ公開していません。前に公開した版があれば、それが表示されたままです。"
_LOST_ZERO = pattern(r"(?<![\d.+-])[789]0-?\d{4}-?\d{4}(?![\d-])")
"""A mobile number whose first digit a spreadsheet has taken away."""
_SAMPLE = 2_000
"""Cells at most that tell whether those of a column repeat."""
_OTHERS = "ほかの列は設定どおりに公開します。"

@record
class Applied:
    """The outcome for one table: the public table, or the faults that hold it."""

    table: PublicTable | None = None
    faults: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def apply(
    table: Table, profile: TableProfile, slug: str, title: str, where: str, hidden: frozenset[int] = frozenset(), others: showing.Others | None = None,
    odd: Mapping[int, frozenset[str]] | None = None,
) -> Applied:
    """What of the table may be shown. Faults are about columns the profile needs and the file lacks; they
    cannot be released. ``hidden``: indexes of rows that a person took off the list. ``others``: what the rows of the whole file say of each other, in a list of people.
    ``odd``: its ``misfits_of``, where they are known.
    """
    work = _Work(table, profile, where)
    shown = work.columns()
    work.row_rules()
    if work.applied.faults:
        return work.applied
    personal = profile.kind in PERSONAL
    if personal:
        work.look_at_rows(work.misfits(shown) if odd is None else odd)
    rows = work.rows(shown, hidden, others) if not (personal and work.nobody()) else []
    names = tuple(name for name, _, _ in shown)
    if personal:
        work.check_cells(names, rows)
        alone = anonymity.warning(names, rows, where)
        work.applied.warnings += [alone] if alone else []
    if work.applied.faults:
        return work.applied
    public = PublicTable(
        slug=slug,
        title=title,
        kind=profile.kind,
        columns=names,
        rows=rows,
        total=len(table.rows),
        withheld=len(table.rows) - len(rows),
        personal=personal,
        reading=_index(names, profile.reading),
        group=_group(names, profile),
        as_of=table.as_of,
        notes=() if personal else table.notes,
        pfif=profile.pfif if personal else None,
        lasts=profile.expires,
        identities=work.identities,
        shown=work.shown,
    )
    work.applied.table = joined(public)
    if personal and (table.notes or table.title):
        work.warn(
            "notes-dropped",
            "表の上や下にある文章は、名簿では公開しません。",
            "必要な説明は、別のお知らせに書いてください。",
        )
    return work.applied


def misfits_of(table: Table, profile: TableProfile, where: str) -> Mapping[int, frozenset[str]]:
    """The cells of a list of people that do not fit their columns (``misfits``), of the columns that would be shown; none where a fault holds it."""
    work = _Work(table, profile, where)
    shown = work.columns()
    work.row_rules()
    return {} if work.applied.faults else work.misfits(shown)


class _Work:
    def __init__(self, table: Table, profile: TableProfile, where: str) -> None:
        self.table, self.profile, self.where = table, profile, where
        self.applied = Applied()
        self._places: dict[str, int] = {}
        for c, name in enumerate(table.columns):
            self._places.setdefault(key(name), c)
        self.personal = profile.kind in PERSONAL
        self.odd: Mapping[int, frozenset[str]] = {}
        self.identities: tuple[bytes, ...] = ()
        self.shown = b""

    def warn(self, code: str, what: str, todo: str) -> None:
        self.applied.warnings.append(Problem(code, what, self.where, _OTHERS, todo))

    def _fault(self, code: str, what: str, todo: str) -> None:
        self.applied.faults.append(Problem(code, what, self.where, _HELD, todo))

    def place(self, name: str, purpose: str) -> int | None:
        """Where the column stands; a fault that names the nearest present column when it does not."""
        found = self._places.get(key(name))
        if found is not None:
            return found
        near = difflib.get_close_matches(key(name), list(self._places), n=1, cutoff=0.5)
        hint = f"{self._header(self._places[near[0]])}という列ならあります。" if near else ""
        self._fault(
            "missing-column",
            f"{purpose}「{name}」がありません。{hint}",
            f"見出しを「{name}」に直すか、publisher.toml の「{self.profile.name}」の設定を直してください。",
        )
        return None

    def _header(self, place: int) -> str:
        """A column for a message."""
        return header(self.table.columns, self.table.rows, place)

    # --- columns
    # ---------------------------------------------------------------------------------------------

    def columns(self) -> list[tuple[str, int, Callable[[str], str]]]:
        """Name, place and mask of each column to show, in the profile's order."""
        if not self.profile.publish and not self.personal:
            return self._open_columns()
        shown: list[tuple[str, int, Callable[[str], str]]] = []
        for name in self.profile.publish:
            place = self.place(name, "公開する列")
            if place is None:
                continue
            if self.personal and not may_show(self.profile.kind, name, self.profile.group):
                self.warn(
                    "never-shown",
                    f"「{name}」の列は、この種類の名簿では公開できないので外しました。",
                    "publisher.toml の publish から外してください。",
                )
                continue
            shown.append((name, place, self._mask(name, place)))
        if not shown and not self.applied.faults:
            self._fault(
                "no-columns",
                "公開する列が1つもありません。",
                "publisher.toml の publish に公開する列を書いてください。",
            )
        self._tell_others({place for _, place, _ in shown})
        return shown

    def _open_columns(self) -> list[tuple[str, int, Callable[[str], str]]]:
        seen = looks(self.table.columns, self.table.rows)
        private = {*seen.columns, *seen.mobiles} if seen.personal else set()
        if seen.personal and is_roll(self.table.columns):
            self._fault(
                "roll-of-people",
                f"人の名簿のようですが、「{self.profile.name}」の設定は、人の名簿のためのものではありません。",
                "名簿のためのフォルダーに入れてください。名簿ではないなら、publisher.toml の publish に公開する列をすべて書いてください。",
            )
            return []
        if private:
            listed = "、".join(map(self._header, sorted(private)))
            self.warn(
                "private-columns",
                f"個人に関する列と見て、公開しません：{listed}。",
                "公開してよい列なら、publisher.toml の publish に公開する列をすべて書いてください。",
            )
        rest = [c for c in range(len(self.table.columns)) if c not in private]
        return [(self.table.columns[c], c, self._mask(self.table.columns[c], c)) for c in rest]

    def _mask(self, name: str, place: int) -> Callable[[str], str]:
        asked = {key(column): mask for column, mask in self.profile.mask.items()}.get(key(name))
        if self.personal:
            if meaning(name) is Meaning.ADDRESS or (asked in (None, "none") and self._addresses(place)):
                if asked not in ("town", "initial"):
                    self.warn(
                        "address-masked",
                        f"「{name}」の列は、町の名前までにして公開します。",
                        "この種類の表では、番地は公開できません。",
                    )
                return MASKS[asked if asked == "initial" else "town"]
            if meaning(name) is Meaning.AGE and asked is None:
                asked = "band"
        return MASKS[asked or "none"]

    def _addresses(self, place: int) -> bool:
        """Whether a column holds addresses with house numbers although its name does not say so."""
        values = [value for value in {row[place] for row in self.table.rows[:5000]} if value]
        return (
            len(values) >= 3
            and persons.share(lambda v: persons.HOUSE.search(persons.narrow(v)), values) > 0.3
        )

    def _tell_others(self, shown: set[int]) -> None:
        rules = (self.profile.consent, self.profile.withhold)
        used = {key(rule.column) for rule in rules if rule} | {key(name) for name in self.profile.publish}
        used |= {key(self.profile.key or "")}
        others = [
            c for c, name in enumerate(self.table.columns) if c not in shown and key(name) not in used
        ]
        if others:
            listed = "、".join(map(self._header, others[:20])) + ("など" if len(others) > 20 else "")
            self.warn(
                "columns-dropped",
                f"設定にない列は公開しません：{listed}。",
                "載せてはいけない方の印の列がこの中にあれば、その印を withhold の列に移すか、設定の withhold に書いてください。公開する列なら publish に加えてください。どちらでもなければ、直す必要はありません。"
                if self.personal
                else "直す必要はありません。公開する列なら設定に加えてください。",
            )

    def _refuse_marks(self) -> None:
        """A column of which the profile says nothing may mark people of whom nothing is to be shown: somebody filled it for a reason, unless all it says is
        that nobody is marked."""
        rules = [rule.column for rule in (self.profile.consent, self.profile.withhold) if rule]
        used = {key(name) for name in (*rules, *self.profile.publish)}
        others = [c for c, name in enumerate(self.table.columns) if key(name) not in used and may_withhold(name)] if self.personal else []
        said = {c: _answers([row[c] for row in self.table.rows]) for c in others}
        told = [c for c in others if not answers.marks_nobody(self.table.columns[c], said[c])]
        hidden = unseen.marking_columns(self.table, set(map(key, rules))) if self.personal and not self.applied.faults else []
        if hidden:
            self._fault(
                "unread-marks",
                f"載せてはいけない方の印か同意の列が、非表示になっています（列{'、'.join(hidden)}）。記入がありますが、設定にある列ではないので、どなたを外すのか確かめられません。",
                "その列を再表示し、印を設定にある列に移してください。要らない列なら、削除して保存し直してください。",
            )
        crossed = [c for c in others if c not in told and any(map(answers.is_cross, said[c]))]
        if crossed:
            listed = "、".join(quoted(self.table.columns[c]) for c in crossed)
            self.applied.warnings.append(
                Problem(
                    "crosses", f"設定にない列の×を、印がないという意味に読みました：{listed}。", self.where, "この列では、どなたも外していません。",
                    f"×が載せてはいけない方の印なら、すぐに publisher.toml の「{self.profile.name}」の withhold にその列を書いてください。印でないなら、×を消すか「無」と書いてください。",
                )
            )
        if told and not self.applied.faults:
            listed = "、".join(quoted(self.table.columns[c]) for c in told)
            self._fault(
                "unread-marks",
                f"載せてはいけない方の印と読める列に記入がありますが、設定にないので、どなたを外すのか確かめられません：{listed}。",
                f"その印なら、publisher.toml の「{self.profile.name}」の withhold にその列を書くか、印を設定にある列に移してください。印でないなら、その列を消すか、見出しを変えてください。",
            )

    def _refuse_doubled(self) -> None:
        """Two columns of one name: which of them is meant, nobody can tell. The second was renamed when the file was read."""
        wanted = {key(name): name for name in (*self.profile.publish, self.profile.reading or "", self.profile.key or "", self.profile.group or "") if name}
        for name in wanted.values() if self.personal else ():
            if self._is_doubled(name):
                self._fault("two-columns", f"公開に使う列「{name}」が2つあり、どちらが正しいか決められません。", "片方を削除するか、名前を変えてください。")

    def _is_doubled(self, name: str) -> bool:
        begins = key(name) + "_"
        return any(key(column).startswith(begins) and key(column)[len(begins) :].isdigit() for column in self.table.columns)

    # --- rows -----------------------------------------------------------------------------------------------

    def row_rules(self) -> None:
        """Finds the columns of consent and withholding; a second column of the same name is a fault."""
        self._refuse_doubled()
        for rule, purpose in ((self.profile.consent, "公表の同意"), (self.profile.withhold, "閲覧の制限")):
            if rule is None or not rule.column or self.place(rule.column, f"{purpose}の列") is None:
                continue
            if self._is_doubled(rule.column):
                self._fault(
                    "two-columns",
                    f"{purpose}の列「{rule.column}」が2つあり、どちらが正しいか決められません。",
                    "片方を削除するか、名前を変えてください。",
                )
        self._refuse_marks()

    def rows(self, shown: Sequence[tuple[str, int, Callable[[str], str]]], hidden: frozenset[int], others: showing.Others | None) -> list[tuple[str, ...]]:
        """The rows that may be shown, masked. Each different cell is masked once."""
        odd = misfits.rows_of(self.table, self.odd) if self.odd else ()
        rules = tuple(showing.rules_of(self.table, self.profile))
        sifted = showing.Sifting(self.table, self.profile, self.where, rules, tuple([place for _, place, _ in shown])).sift({*hidden, *odd}, others if self.personal else None)
        for place in sifted.refused:
            self._count_only(
                "nobody-agreed",
                f"「{self.table.columns[place]}」の列の値が、どの行でも設定の値と違うので、人数だけを公開します。",
                f"本当にそうか、それとも publisher.toml の「{self.profile.name}」に書いた値と書き方が違うだけか、確かめてください。",
            )
        self.applied.warnings += sifted.warnings
        self.shown = sifted.kept
        source = list(compress(self.table.rows, sifted.kept))
        self.identities = self._identities(source)
        cells = [_masked([row[place] for row in source], mask) for _, place, mask in shown]
        return list(zip(*cells, strict=True))

    def misfits(self, shown: Sequence[tuple[str, int, Callable[[str], str]]]) -> Mapping[int, frozenset[str]]:
        # addresses under a name of the town's own are cut down to their town; 年齢 with addresses in it is a shift
        cut = [place for name, place, mask in shown if mask is MASKS["town"] and meaning(name) is None]
        found = misfits.misfits(self.table, [place for _, place, _ in shown if place not in cut])
        for place in cut:
            found |= misfits.left_by(self.table, place, towns)
        return slips.with_slipped(self.table, found, {place for _, place, _ in shown})

    def look_at_rows(self, found: Mapping[int, frozenset[str]]) -> None:
        """Tells of rows whose cells do not fit their columns, and leaves them out; of readings and numbers that need care."""
        rows = misfits.rows_of(self.table, found) if found else []
        if rows and misfits.shifted(self.table, rows):
            self.applied.faults.append(misfits.fault(self.table, found, rows, self.where))
            return
        if rows:
            self.odd = found
            self.applied.warnings.append(misfits.warning(self.table, found, rows, self.where))
        reading = self._places.get(key(self.profile.reading or ""))
        told = row_care.readings(self.table, reading, self.where) if reading is not None else None
        self.applied.warnings += [told] if told else []
        number = self._places.get(key(self.profile.key or ""))
        told = row_care.doubled(self.table, number, key, self.where) if number is not None else None
        self.applied.warnings += [told] if told else []

    def nobody(self) -> bool:
        """Whether the list is counted only, because its profile names no name or lacks the rule that its kind needs."""
        if not names_people(self.profile.publish):
            self._count_only("no-names", "公開する列に氏名がないので、人数だけを公開します。", "名前を載せるときは、publish に氏名の列を書いてください。")
            return True
        lacks = gate(self.profile)
        if lacks:
            rule = "公表の同意" if lacks == "consent" else "閲覧の制限"
            self._count_only(
                f"no-{lacks}-rule",
                f"{rule}を確かめる列が設定されていないので、人数だけを公開します。",
                f"publisher.toml の「{self.profile.name}」の {lacks} に、その列と公開してよい値を書いてください。",
            )
        return bool(lacks)

    def _count_only(self, code: str, what: str, todo: str) -> None:
        self.applied.warnings.append(Problem(code, what, self.where, "名前は、どなたのものも載せていません。", todo))

    def _identities(self, rows: Sequence[Sequence[str]]) -> tuple[bytes, ...]:
        """A digest of the key column by row: the number itself goes no further than here."""
        if not self.profile.key:
            return ()
        place = self._places.get(key(self.profile.key))
        if place is None:
            self.warn(
                "missing-key",
                f"行を見分ける列「{self.profile.key}」がありません。前の版との差は、公開する列の内容で数えました。",
                f"見出しを「{self.profile.key}」に直すか、publisher.toml の「{self.profile.name}」の key を直してください。",
            )
            return ()
        return tuple(
            blake2b(value.encode("utf-8", "replace"), digest_size=8).digest() if value else b""
            for value in (key(row[place]) for row in rows)
        )

    def check_cells(self, names: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
        """Telephone numbers and mail addresses among what would be shown: columns are shifted or a note
        says too much.
        """
        for c, name in enumerate(names):
            text = "\n".join({row[c] for row in rows})
            if not any(mark in text for mark in "@＠0０+＋"):
                continue
            text = persons.narrow(text)
            if persons.PHONE.search(text) or persons.EMAIL.search(text) or _LOST_ZERO.search(text):
                self._fault(
                    "private-cell",
                    f"公開する列「{name}」に、電話番号かメールアドレスと読める文字が入っています。",
                    "列がずれていないか確かめ、電話番号やメールアドレスを別の列に移してください。",
                )


def _answers(cells: Sequence[str]) -> Counter[str]:
    """How often each is said, in one form."""
    said: Counter[str] = Counter()
    for cell, count in Counter(cells).items():
        said[key(cell)] += count
    return said


def _masked(values: Sequence[str], mask: Callable[[str], str]) -> Sequence[str]:
    if mask is MASKS["none"]:
        return _together(values)
    known = towns(set(values)) if mask is MASKS["town"] else {value: mask(value) for value in set(values)}
    return [known[value] for value in values]


def _together(values: Sequence[str]) -> Sequence[str]:
    """The same cells, copied where they are mostly different ones. Between those of a large file stand the cells that nobody may see:
    only when no cell of the neighbourhood is used any more is the memory free, and what stands together is read faster.
    """
    some = values[:: len(values) // _SAMPLE + 1]
    if 2 * len(set(some)) <= len(some):
        return values
    copied = "\n".join(values).split("\n")
    return copied if len(copied) == len(values) else values


def _index(names: Sequence[str], wanted: str | None) -> int | None:
    if not wanted:
        return None
    return next((c for c, name in enumerate(names) if key(name) == key(wanted)), None)


def _group(names: Sequence[str], profile: TableProfile) -> int | None:
    found = _index(names, profile.group)
    if found is None and profile.group is None:
        found = next(
            (
                place
                for word in ("避難所", "避難所名", "避難場所")
                if (place := _index(names, word)) is not None
            ),
            None,
        )
    return found
