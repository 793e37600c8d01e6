"""People who stand in a list more than once and are marked in one of the rows only: somebody who must not be found would be found by the other.

Two rows are about the same person as ``restrict`` sees it: the same name and reading, and nothing that contradicts, neither two dates of
birth, nor two addresses, nor two ages. A mark (閲覧の制限) needs no more: of whom it is about, the address is often left out on purpose. A
refusal to be published (同意しない) is only taken over where something beside the name agrees: in a long list many people share a name.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from publisher.patterns import pattern
from publisher.review.headers import Meaning
from publisher.review.restrict import People, all_called, all_written, born, is_one_home
from publisher.values import field, frozen, record

_YEARS = pattern(r"\s*満?\s*(\d{1,3})(?:\.0)?\s*[歳才]?\s*")
_DAY = pattern(r"(?:18|19|20)\d{6}")


@frozen
class _Row:
    people: People = field(repr=False)
    index: int
    is_refusal: bool = False


_Known = dict[str, dict[str, list[_Row]]]
"""A name in one form → date of birth, "" where none can be read → rows."""


@record
class Marked:
    """Those in all tables of a file who are not to be shown, by name, by reading, and by reading those of whom no name is said."""

    named: _Known = field(default_factory=dict, repr=False)
    read: _Known = field(default_factory=dict, repr=False)
    nameless: _Known = field(default_factory=dict, repr=False)

    def add(self, people: People, rows: Sequence[int], is_refusal: bool) -> None:
        """Notes these rows as those of people who are not to be shown."""
        told = (_forms(people, rows, what) for what in (Meaning.NAME, Meaning.READING, Meaning.BIRTH))
        for i, name, reading, birth in zip(rows, *told, strict=True):
            for form, known in ((name, self.named), (reading, self.read), ("" if name else reading, self.nameless)):
                if form:
                    known.setdefault(form, {}).setdefault(birth, []).append(_Row(people, i, is_refusal))

    def among(self, people: People, rows: Sequence[int]) -> list[int]:
        """Which of these rows are about one of those people."""
        if not (self.named or self.read):
            return []
        names = _forms(people, rows, Meaning.NAME)
        alike = [(i, self.named[name]) for i, name in zip(rows, names, strict=True) if name in self.named]
        # where both say a name, that alone tells
        for known, by_reading in ((self.read, [i for i, name in zip(rows, names, strict=True) if not name]), (self.nameless, rows if self.nameless else ())):
            alike += [(i, known[reading]) for i, reading in zip(by_reading, _forms(people, by_reading, Meaning.READING), strict=True) if reading in known]
        births = _forms(people, [i for i, _ in alike], Meaning.BIRTH)
        return sorted({i for (i, known), birth in zip(alike, births, strict=True) if any(_is_one(row, people, i) for row in _born_so(known, birth))})


_SHORTEST = 3
"""Letters of a name that is looked for within other words: shorter ones stand in too many (小林実 is not 林実)."""


def mentioned(people: People, rows: Sequence[int], texts: Sequence[str]) -> set[str]:
    """Which of the texts name one of these people: 浜野茂と同室."""
    names: dict[str, list[str]] = {}
    for name in {*_forms(people, rows, Meaning.NAME), *_forms(people, rows, Meaning.READING)}:
        if len(name) >= _SHORTEST:
            names.setdefault(name[:_SHORTEST], []).append(name)
    if not (names and texts):
        return set()
    return {
        text
        for text, plain in zip(texts, all_written(texts), strict=True)
        if any(plain.startswith(name, at) for at in range(len(plain) - _SHORTEST + 1) for name in names.get(plain[at : at + _SHORTEST], ()))
    }


def _born_so(known: dict[str, list[_Row]], birth: str) -> list[_Row]:
    """The rows that this date of birth does not contradict."""
    if birth:
        return [*known.get(birth, ()), *known.get("", ())]
    return [row for rows in known.values() for row in rows]


def _forms(people: People, rows: Sequence[int], what: Meaning) -> list[str]:
    """The cells of these rows in one form, each different one made once."""
    if not rows:
        return []
    every = people.texts(what)
    texts = [every[i] for i in rows]
    distinct = list(set(texts))
    if what is Meaning.BIRTH:
        forms = [day if _DAY.fullmatch(day := born(text)) else "" for text in distinct]
    else:
        forms = all_called(distinct)
    known = dict(zip(distinct, forms, strict=True))
    return [known[text] for text in texts]


def _is_one(row: _Row, people: People, index: int) -> bool:
    """Whether the row is about the person of the marked one."""
    one, other = row.people.person_at(row.index), people.person_at(index)
    if False in (_agree(one.name, other.name), _agree(one.reading, other.reading)):
        return False
    ages = [_years(them.text(i, Meaning.AGE)) for them, i in ((row.people, row.index), (people, index))]
    about = (
        _agree(one.birthday, other.birthday),
        is_one_home(one.homes, other.homes) if one.homes and other.homes else None,
        abs(ages[0] - ages[1]) < 2 if ages[0] is not None and ages[1] is not None else None,
    )
    return False not in about and (True in about or not row.is_refusal)


def _agree(one: str, other: str) -> bool | None:
    """None where one of them is not said."""
    return one == other if one and other else None


def _years(text: str) -> int | None:
    found = _YEARS.fullmatch(unicodedata.normalize("NFKC", text))
    return int(found[1]) if found else None

