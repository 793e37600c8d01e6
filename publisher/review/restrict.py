"""Whom a person took off a list: known by keyed digests alone, and found again in editions that write them a little differently.

A restriction keeps no name. It keeps digests (BLAKE2b with a key, RFC 7693) of what tells somebody from others in the *source*: the
number of the key column, name or reading with date of birth or address. Widths, spaces, forms of kana and variants of kanji do not
count (髙橋　ｼｹﾞﾙ is 高橋しげる).

Somebody of the same name and reading is the same person unless something contradicts: two dates of birth that can be read and differ, or two
addresses of which neither says the other in more or fewer words. What is not said contradicts nothing: who has to be hidden must not come back
because a clerk left out the birthday. Somebody of the same name with another birthday or another address is another person.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from operator import itemgetter

from publisher.model import Table
from publisher.patterns import pattern
from publisher.review.address import within
from publisher.review.called import MARKS, SAME, all_called, called
from publisher.review.headers import Meaning, is_whole_name, meaning
from publisher.review.likeness import former_names
from publisher.values import field, frozen

_ERAS = {"明治": 1867, "m": 1867, "大正": 1911, "t": 1911, "昭和": 1925, "s": 1925, "平成": 1988, "h": 1988, "令和": 2018, "r": 2018}
_BIRTH = pattern(r"(明治|大正|昭和|平成|令和|[mtshr])?\s*(\d{1,4}|元)\s*[年/.\-]\s*(\d{1,2})\s*[月/.\-]\s*(\d{1,2})")
_ISO = pattern(r"((?:18|19|20)\d\d)[/.-](\d{1,2})[/.-](\d{1,2})")
_COMPACT = pattern(r"((?:18|19|20)\d\d)(\d\d)(\d\d)")
_PREFECTURE = pattern(r"^(?:東京都|北海道|(?:京都|大阪)府|[^\d県]{2,3}県)")
_NUMBERING = pattern(r"丁目|番地の?|番|号|大字|字|の(?=\d)|[^\w]|_|ー(?=\d)")
_KANJI_DIGITS = str.maketrans("〇一二三四五六七八九", "0123456789")
_COUNTED = pattern(r"([一二三四五六七八九]?)(十?)([一二三四五六七八九]?)(?=丁目|番|号|条(?!市)|線)")
_POSTAL = pattern(r"^〒?\s*\d{3}-?\d{4}(?!\d)\s*")
_DAY = pattern(r"(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_HOME = pattern(r"(?:\D*\d+(?:条|線)[東西南北]?)?[^\d]*(?:\d+(?:-\d+){0,2})?")
"""A town and up to three numbers; of what follows (a building, a room) nobody can tell how the next edition writes it."""
_NOWHERE = pattern(r"(?:住所)?(?:不明|不詳|なし|無し?|未定|未記入|未確認|確認中|調査中|聞き?取り中|非公[開表]|秘匿|同上|同じ|同居|市[内外]|町[内外]|村[内外]|県[内外]|内|外)?")
_KANA = pattern(r"[ァ-ヺ]+")

SECOND = 2
"""The form of a restriction that says by digests what is known of the person, so that a contradiction can be told. Older ones are of the first."""


@frozen
class Restriction:
    """One person who is not shown. ``digests`` say who, ``bare`` that neither a birthday nor an address is known, ``form`` which rule tells."""

    id: str
    digests: frozenset[str] = field(repr=False)
    bare: bool = False
    form: int = 1


@frozen
class Restrictions:
    """Those of one table, and the key of their digests."""

    key: bytes = field(repr=False)
    entries: tuple[Restriction, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.entries)


@frozen
class Person:
    """What tells one row from others, in one form: "" for what the table does not say.

    ``homes``: the address within the municipality down to its numbers, and the same from each smaller place on (大字山田字川端12, 川端12).
    """

    number: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    reading: str = field(default="", repr=False)
    birth: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    homes: tuple[str, ...] = field(default=(), repr=False)

    @property
    def bare(self) -> bool:
        return not (self.birth or self.address)

    @property
    def forms(self) -> tuple[str, ...]:
        """Name and reading, whichever column they stand in."""
        return tuple(dict.fromkeys(form for form in (self.name, self.reading) if form))

    @property
    def birthday(self) -> str:
        """The date of birth, where it can be read."""
        return self.birth if _DAY.fullmatch(self.birth) else ""

    def parts(self) -> Iterator[tuple[str, ...]]:
        """What is digested of a person when they are restricted."""
        if self.number:
            yield "number", self.number
        for who, form in (("name", self.name), ("reading", self.reading)):
            if form:
                yield who, form
                for what, said in (("birth", self.birth), ("address", self.address)):
                    if said:
                        yield who, form, what, said
        for form in self.forms:
            yield "who", form
            yield from (("who", form, *known) for known in self._known())

    def _known(self) -> Iterator[tuple[str, str]]:
        """What could contradict another row, bound to the name by ``parts``: nobody learns the town of somebody whose name they cannot tell."""
        yield from (("says", script(form)) for form in self.forms)
        if self.birthday:
            yield from (("says", "birth"), ("birth", self.birthday))
        if self.homes:
            yield from (("says", "home"), ("home", self.homes[0]))
            yield from (("within", piece) for piece in pieces(self.homes))

    def sure(self) -> Iterator[tuple[str, ...]]:
        """Any one of these is enough, also where name and reading have changed places."""
        for form in self.forms:
            for who in ("name", "reading"):
                for what, said in (("birth", self.birth), ("address", self.address)):
                    if said:
                        yield who, form, what, said


def digest(key: bytes, parts: Iterable[str]) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "replace"), key=key, digest_size=16).hexdigest()


def restriction(id_: str, key: bytes, person: Person) -> Restriction:
    """What is kept of somebody who is to be shown no more."""
    return Restriction(id_, frozenset(digest(key, parts) for parts in person.parts()), person.bare, SECOND)


# --- one form ---


def born(text: str) -> str:
    """A date of birth as YYYYMMDD; what is none, as it is."""
    if text.isascii() and (found := _ISO.fullmatch(text)):
        return f"{found[1]}{int(found[2]):02}{int(found[3]):02}"
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if found := _BIRTH.search(plain):
        era, year, month, day = found.groups()
        number = 1 if year == "元" else int(year)
        return f"{number + _ERAS.get(era or '', 0):04}{int(month):02}{int(day):02}"
    if found := _COMPACT.fullmatch(plain):
        return "".join(found.groups())
    return MARKS.sub("", plain)


def lives(text: str) -> str:
    """An address without prefecture and without the words between its numbers: 本町三丁目4番5号 is 本町3-4-5."""
    plain = unicodedata.normalize("NFKC", text).translate(SAME).lower()
    plain = re.sub(r"[〇一二三四五六七八九](?=丁目|番|号)", lambda found: found[0].translate(_KANJI_DIGITS), plain)
    plain = _PREFECTURE.sub("", re.sub(r"^〒?\s*\d{3}-?\d{4}\s*", "", plain).strip())
    return re.sub(r"-+", "-", _NUMBERING.sub("-", re.sub(r"\s", "", plain))).strip("-")


def script(form: str) -> str:
    """In which letters a name is written: those of one script can contradict each other, a reading says nothing against a name."""
    return "kana" if _KANA.fullmatch(form) else "latin" if form.isascii() else "kanji"


def homes(text: str) -> tuple[str, ...]:
    """The ways to say an address shortly, the whole one first; none where it says no place within a municipality."""
    plain = _POSTAL.sub("", unicodedata.normalize("NFKC", text).translate(SAME)).strip()
    plain = _COUNTED.sub(_counted, re.sub(r"(?<=\d)[ノ之](?=\d)", "-", plain))
    whole = _home(within(plain))
    if not whole:
        return ()
    # where the municipality ends is not always sure: 大字, 字 and whatever else ends in 市区町村 (Kyoto: 上る) may begin the address of another edition
    starts = [found.end() for found in re.finditer(r"[市区町村郡字]|[上下][るル]|[東西]入[るル]?", plain.split("丁目")[0])]
    return tuple(dict.fromkeys((whole, *(home for at in starts if (home := _home(plain[at:])) and not home[0].isdigit()))))


def _home(rest: str) -> str:
    if _NOWHERE.fullmatch(rest.strip()):
        return ""
    found = _HOME.match(re.sub(r"(?<=[^\d])-|-(?=[^\d])", "", lives(rest)))
    return found[0] if found else ""


def _counted(found: re.Match[str]) -> str:
    """十二丁目 as 12丁目."""
    tens, ten, ones = found.groups()
    if not ten:
        return (tens + ones).translate(_KANJI_DIGITS)
    return f"{tens.translate(_KANJI_DIGITS) or 1}{ones.translate(_KANJI_DIGITS) or 0}"


def pieces(several: Iterable[str]) -> Iterator[str]:
    """The beginnings of addresses: 本, 本町, 本町3, 本町3-4, 本町3-4-5. A number is never cut."""
    for home in several:
        for found in re.finditer(r"\d+|[^\d-]", home):
            yield home[: found.end()]


def number(text: str) -> str:
    """A number of the key column."""
    return "".join(unicodedata.normalize("NFKC", text).split()).lower()


# --- in a table ---


class People:
    """The rows of a table as persons. ``key_column``: the column by which rows are told apart, where there is one."""

    def __init__(self, table: Table, key_column: str | None = None) -> None:
        self._table = table
        self._texts: dict[Meaning, list[str]] = {}
        self._forms: dict[Meaning, list[str]] = {}
        wanted = number(key_column) if key_column else None
        self._number = next((c for c, name in enumerate(table.columns) if wanted is not None and number(name) == wanted), None)
        about = [meaning(name) for name in table.columns]
        self._places = {what: [c for c, said in enumerate(about) if said is what] for what in set(about) if what is not None}
        whole = [c for c in self._places.get(Meaning.NAME, ()) if is_whole_name(table.columns[c])]
        if whole:  # beside it, 要配慮者 and 旧姓 are no parts of the name
            self._places[Meaning.NAME] = whole[:1]

    def _joined(self, row: Sequence[str], what: Meaning) -> str:
        places = self._places.get(what, ())
        return row[places[0]] if len(places) == 1 else "".join([row[c] for c in places])

    def texts(self, what: Meaning) -> list[str]:
        """What each row says of this, as it stands there."""
        if what not in self._texts:
            places, rows = self._places.get(what, ()), self._table.rows
            if len(places) == 1:
                self._texts[what] = list(map(itemgetter(places[0]), rows))
            else:
                self._texts[what] = [self._joined(row, what) for row in rows] if places else [""] * len(rows)
        return self._texts[what]

    def forms(self, what: Meaning) -> list[str]:
        """The names or readings in one form, as ``all_called`` writes them, each different text made once."""
        if what not in self._forms:
            texts = self.texts(what)
            distinct = list(set(texts))
            if len(distinct) * 2 > len(texts):
                self._forms[what] = all_called(texts)  # as quick as to find for each where it stands among the different ones
                return self._forms[what]
            made = all_called(distinct) if distinct else []
            known = dict(zip(distinct, made, strict=True))
            self._forms[what] = [known[text] for text in texts]
        return self._forms[what]

    def births(self, rows: Sequence[int]) -> list[str]:
        """The days of birth of these rows; one that cannot be read is ""."""
        texts = list(map(self.texts(Meaning.BIRTH).__getitem__, rows))
        known = {text: day if _DAY.fullmatch(day := born(text)) else "" for text in set(texts)}
        return list(map(known.__getitem__, texts))

    def named(self, rows: Iterable[int]) -> set[str]:
        """The names and readings of these rows, in one form; former names, too."""
        rows = list(rows)
        names, readings = self.forms(Meaning.NAME), self.forms(Meaning.READING)
        said = [text for what in (Meaning.NAME, Meaning.READING) for text in map(self.texts(what).__getitem__, rows)]
        return {text for i in rows for text in (names[i], readings[i]) if text} | former_names(said)

    def person(self, row: Sequence[str]) -> Person:
        number_ = number(row[self._number]) if self._number is not None else ""
        address = self._joined(row, Meaning.ADDRESS) + self._joined(row, Meaning.HOUSE)
        return Person(
            number_,
            called(self._joined(row, Meaning.NAME)),
            called(self._joined(row, Meaning.READING)),
            born(self._joined(row, Meaning.BIRTH)),
            lives(address),
            homes(address),
        )

    def hidden(self, restrictions: Restrictions | None) -> dict[int, str]:
        """Index of each row that is not to be shown → the restriction that says so."""
        return self.judged(restrictions)[0]

    def judged(self, restrictions: Restrictions | None) -> tuple[dict[int, str], list[int]]:
        """As ``hidden``; and the rows of people who bear the name of a restricted one, and are taken for somebody else."""
        if not restrictions:
            return {}, []
        key, entries = restrictions.key, restrictions.entries
        every = frozenset().union(*(entry.digests for entry in entries))
        # a name is looked for among the readings, too; older restrictions have no digest for that
        kinds = (*(("who",) if any(entry.form >= SECOND for entry in entries) else ()), *(("name", "reading") if any(entry.form < SECOND for entry in entries) else ()))

        def likely(texts: Sequence[str], forms: Callable[[Sequence[str]], list[str]], what: Sequence[str]) -> set[int]:
            distinct = list(dict.fromkeys(texts))
            told = zip(distinct, forms(distinct), strict=True)
            same = {text for text, form in told if form and any(digest(key, (kind, form)) in every for kind in what)}
            return {i for i, text in enumerate(texts) if text in same} if same else set()

        rows = self._table.rows
        found = likely([self._joined(row, Meaning.NAME) for row in rows], all_called, kinds)
        found |= likely([self._joined(row, Meaning.READING) for row in rows], all_called, kinds)
        if (place := self._number) is not None:
            found |= likely([row[place] for row in rows], lambda texts: [number(text) for text in texts], ("number",))
        hidden: dict[int, str] = {}
        alike: list[int] = []
        for i in sorted(found):
            person = self.person(rows[i])
            entry = next((entry for entry in entries if matching(entry, person, key)), None)
            if entry is not None:
                hidden[i] = entry.id
            elif any(namesake(entry, person, key) for entry in entries):
                alike.append(i)
        return hidden, alike

    def find(self, wanted: str) -> list[int]:
        """The rows that an official may mean: by row number (行12, 12), by the number of the key column, by name or reading."""
        said = unicodedata.normalize("NFKC", wanted).strip()
        line = re.fullmatch(r"(?:(?:row|line|行)\s*)(\d+)(?:\s*行目)?|(\d+)\s*行目", said, re.IGNORECASE)
        rows, lines = self._table.rows, self._table.lines
        if line:
            return [i for i, at in enumerate(lines) if at == int(line[1] or line[2])]
        if self._number is not None:
            found = [i for i, row in enumerate(rows) if row[self._number] and number(row[self._number]) == number(said)]
            if found:
                return found
        if said.isdigit():
            return [i for i, at in enumerate(lines) if at == int(said)]
        name = called(said)
        if not name:
            return []
        names = all_called([self._joined(row, Meaning.NAME) for row in rows]) if rows else []
        readings = all_called([self._joined(row, Meaning.READING) for row in rows]) if rows else []
        return [i for i, forms in enumerate(zip(names, readings, strict=True)) if name in forms]


def matching(entry: Restriction, person: Person, key: bytes) -> bool:
    """Whether a person of a table is the restricted one."""

    def has(*parts: str) -> bool:
        return digest(key, parts) in entry.digests

    if person.number and has("number", person.number):
        return True
    if any(has(*parts) for parts in person.sure()):
        return True
    if entry.form >= SECOND:
        return _same_name(has, person) and not _contradicts(has, person)
    if not (person.bare or entry.bare):
        return False
    named, read = person.name and has("name", person.name), person.reading and has("reading", person.reading)
    return bool((named and (read or not person.reading)) or (read and not person.name))


def namesake(entry: Restriction, person: Person, key: bytes) -> bool:
    """Whether somebody bears the name of the restricted person; the same reading alone, of another name, is too common to tell of."""

    def has(*parts: str) -> bool:
        return digest(key, parts) in entry.digests

    if entry.form < SECOND:
        return bool((person.name and has("name", person.name)) or (person.reading and not person.name and has("reading", person.reading)))
    return any(script(form) != "kana" and has("who", form) for form in person.forms) or _same_name(has, person)


def _same_name(has: Callable[..., bool], person: Person) -> bool:
    """Name and reading are the same, as far as both are known, in whichever columns they stand."""
    common = [form for form in person.forms if has("who", form)]
    if not common:
        return False
    told = {script(form) for form in common}
    return not any(script(form) not in told and has("who", common[0], "says", script(form)) for form in person.forms)


def _contradicts(has: Callable[..., bool], person: Person) -> bool:
    who = ("who", next(form for form in person.forms if has("who", form)))
    if person.birthday and has(*who, "says", "birth") and not has(*who, "birth", person.birthday):
        return True
    if not (person.homes and has(*who, "says", "home")):
        return False
    return not (any(has(*who, "within", home) for home in person.homes[:1]) or any(has(*who, "home", piece) for piece in pieces(person.homes)))
