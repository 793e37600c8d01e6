"""People who stand in a list more than once and are marked in one of the rows only: somebody who must not be found would be found by the other.

Two rows are about the same person where the names agree, as far as both say them in the same letters, and the dates of birth; or where
nothing contradicts, neither two dates of birth, nor two addresses, nor two ages. A mark (閲覧の制限) needs no more: of whom it is about, the address
is often another one, or left out, on purpose. A refusal to be published (同意しない) is only taken over where something beside the name agrees
and nothing contradicts: in a long list many people share a name. So it is with a name that has to be turned, or loses a number, to be the other one;
what else is glued to a name, and a former family name in brackets, is looked through (``likeness``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import chain, compress

from publisher.patterns import pattern
from publisher.review.headers import Meaning
from publisher.review.homes import Homes
from publisher.review.likeness import Further, further, turned
from publisher.review.restrict import People, script
from publisher.values import field, frozen, record

_YEARS = pattern(r"\s*満?\s*(\d{1,3})(?:\.0)?\s*[歳才]?\s*")


@frozen
class _About:
    """What a row says: the forms of name and reading, day of birth, address and age as they stand."""

    forms: tuple[str, ...] = field(repr=False)
    birthday: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    age: str = field(default="", repr=False)
    further: Further = field(default=Further(), repr=False)

    @property
    def keys(self) -> Iterator[str]:
        """Everything by which the row may be found."""
        return chain(self.forms, self.further)

    def common(self, other: _About, is_sure: bool) -> set[str]:
        """The forms in which both are the same, be it after what is glued to the name was taken off, or under a former one."""
        mine, others = ({*one.forms, *one.further.sure, *one.further.former} for one in (self, other))
        found = mine & others
        return found if is_sure else found | other.further.unsure.intersection(self.forms) | self.further.unsure.intersection(other.forms)

    def was_called(self, other: _About) -> bool:
        """Whether one of them bears the former name of the other."""
        return not self.further.former.isdisjoint(other.forms) or not other.further.former.isdisjoint(self.forms)

    def named_alike(self, other: _About, is_sure: bool = True) -> bool:
        """Whether no letters in which both are written tell them apart (a reading says nothing against a name), and some agree."""
        common = self.common(other, is_sure)
        if not common:
            return False
        told = {script(form) for form in common}
        mine = {script(form) for form in self.forms} - told
        return not any(script(form) in mine for form in other.forms)


@record
class Marked:
    """Those in all tables of a file who are not to be shown: a form of the name → day of birth ("": not said) → what the rows say → whether it
    is a refusal only. Rows that say the same are one."""

    known: _Known = field(default_factory=dict, repr=False)
    _homes: Homes = field(default_factory=Homes, repr=False)

    def add(self, people: People, rows: Sequence[int], is_refusal: bool) -> None:
        """Notes these rows as those of people who are not to be shown."""
        for _, one in _about(people, rows):
            if is_refusal and not (one.birthday or one.address or _years(one.age) is not None):
                continue  # nothing could agree with it
            for form in one.keys:
                same = self.known.setdefault(form, {}).setdefault(one.birthday, {})
                same[one] = is_refusal and same.get(one, True)

    def beyond(self, other: Marked) -> Marked:
        """What these rows say and the others do not: a mark is more than a refusal."""
        found = Marked()
        for form, by_day in self.known.items():
            for birthday, said in by_day.items():
                theirs = other.known.get(form, {}).get(birthday, {})
                more = {one: is_refusal for one, is_refusal in said.items() if one not in theirs or (theirs[one] and not is_refusal)}
                if more:
                    found.known.setdefault(form, {})[birthday] = more
        return found

    def among(self, people: People, rows: Sequence[int]) -> list[int]:
        """Which of these rows are about one of those people."""
        if not (self.known and rows):
            return []
        verdicts: dict[_About, bool] = {}
        found = []
        for i, one in _about(people, rows, self.known):
            if one not in verdicts:
                verdicts[one] = any(self._is_one(other, one, is_refusal) for form in one.keys for other, is_refusal in self._likely(form, one.birthday))
            if verdicts[one]:
                found.append(i)
        return found

    def _likely(self, form: str, birthday: str) -> Iterator[tuple[_About, bool]]:
        """The rows under a name that this date of birth does not contradict."""
        by_day = self.known.get(form, {})
        for day in (birthday, "") if birthday else by_day:
            yield from by_day.get(day, {}).items()

    def _is_one(self, marked: _About, other: _About, is_refusal: bool) -> bool:
        told = (_agree(marked.birthday, other.birthday), self._homes.agree(marked.address, other.address), _near(_years(marked.age), _years(other.age)))
        is_alike = marked.named_alike(other)
        if not (is_alike or (told[0] and marked.was_called(other)) or marked.named_alike(other, is_sure=False)):
            return False  # who was born on the same day may be read otherwise under a former name
        if told[0] and not is_refusal:
            return True
        return False not in told and (True in told or (is_alike and not is_refusal))


_Known = dict[str, dict[str, dict[_About, bool]]]


def _about(people: People, rows: Sequence[int], known: _Known | None = None) -> Iterator[tuple[int, _About]]:
    """What the rows say, of those that bear a name; of those only that may be one of the ``known``, where they are given."""
    names, readings = (people.forms(what) for what in (Meaning.NAME, Meaning.READING))
    addresses, houses, ages = (people.texts(what) for what in (Meaning.ADDRESS, Meaning.HOUSE, Meaning.AGE))
    said = [people.texts(what) for what in (Meaning.NAME, Meaning.READING)]
    more = further({text for texts in said for text in (texts if len(rows) == len(texts) else map(texts.__getitem__, rows))}, known)
    if known is not None:
        seen = [set(compress(texts, map(more.__contains__, texts))) for texts in said] if more else [set(), set()]
        rows = [i for i in rows if names[i] in known or readings[i] in known or said[0][i] in seen[0] or said[1][i] in seen[1]]
    for i, birthday in zip(rows, people.births(rows), strict=True):
        name, reading = names[i], readings[i]
        if not (name or reading):
            continue
        one = Further()
        for texts, form in zip(said, (name, reading), strict=True):
            told = more.get(texts[i], Further())
            is_apart = known is None and (birthday or addresses[i] or houses[i] or ages[i])  # else nothing could agree with it
            one |= told | Further(unsure=turned(texts[i], form)) if is_apart and form else told
        # most bear the name of somebody who was born on another day
        if known is not None and not any(_may_be(known.get(form), birthday) for form in (name, reading, *one)):
            continue
        forms = (name, reading) if name and reading and name != reading else (name or reading,)
        yield i, _About(forms, birthday, addresses[i] + houses[i], ages[i], one)


def _may_be(by_day: dict[str, dict[_About, bool]] | None, birthday: str) -> bool:
    return by_day is not None and (not birthday or birthday in by_day or "" in by_day)


def _agree(one: str, other: str) -> bool | None:
    """None where one of them is not said."""
    return one == other if one and other else None


def _near(one: int | None, other: int | None) -> bool | None:
    return abs(one - other) < 2 if one is not None and other is not None else None


def _years(text: str) -> int | None:
    found = _YEARS.fullmatch(text if text.isascii() else unicodedata.normalize("NFKC", text))
    return int(found[1]) if found else None
