"""Three kinds of lists of people, three rules: who may be on them, and which columns they may have.

*Evacuees* tell of themselves: with their own consent to publication (安否情報省令 様式第1号 asks each for it).
*Missing* people cannot be asked. Their prefecture may publish name, address down to the 大字, sex and age, after the people under
protection from violence or stalking were taken out (住民基本台帳事務における支援措置; 消防庁 and 内閣府, 令和3年9月16日付け通知 on the publication of
the names of missing people), and takes a name back at once when somebody's right is hurt.
*Deceased* people are named only where their family agreed, with name, reading and town, and nothing about kin, age or cause.

Where the rule that a list needs is not set, or its profile names no name, it is counted and nobody is shown (災害対策基本法 86条の15 and
個人情報の保護に関する法律 give no ground for more).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from publisher.model import TableKind
from publisher.patterns import pattern
from publisher.review.headers import Meaning, meaning, narrow

if TYPE_CHECKING:
    from publisher.settings import TableProfile

PERSONAL = frozenset((TableKind.EVACUEES, TableKind.MISSING, TableKind.DECEASED))

NEVER = frozenset(
    (
        Meaning.BIRTH,
        Meaning.PHONE,
        Meaning.EMAIL,
        Meaning.MY_NUMBER,
        Meaning.HEALTH,
        Meaning.NATIONALITY,
        Meaning.HOUSEHOLD,
        Meaning.RECORD,
        Meaning.HOUSE,
    )
)
"""On no public list of people, whatever its profile says."""

_ONLY = {
    TableKind.MISSING: frozenset((Meaning.NAME, Meaning.READING, Meaning.ADDRESS, Meaning.SEX, Meaning.AGE)),
    TableKind.DECEASED: frozenset((Meaning.NAME, Meaning.READING, Meaning.ADDRESS)),
}
_PLACES = pattern(r"^(?:市区?町村|市町村名|区市町村|地区|地域|町名|大字|字|番号|no\.?|通番|整理番号|安否|安否区分|区分|発表日|公表日)$")
"""Columns beside those of a person that lists of missing and deceased people have: where, in which order, since when."""


def may_show(kind: TableKind, column: str, group: str | None) -> bool:
    """Whether a list of this kind may have this column. Of missing and deceased people only what is known to be harmless."""
    about = meaning(column)
    if about in NEVER:
        return False
    allowed = _ONLY.get(kind)
    if allowed is None or about in allowed:
        return True
    return about is None and (_PLACES.search(narrow(column)) is not None or (group is not None and narrow(group) == narrow(column)))


def names_people(publish: Sequence[str]) -> bool:
    """Whether the profile says that names are published."""
    return any(meaning(column) in (Meaning.NAME, Meaning.READING) for column in publish)


def gate(profile: TableProfile) -> str:
    """What the profile of a list of people lacks before anybody may be named on it: "" or the key of ``publisher.toml``."""
    if profile.kind is TableKind.MISSING:
        return "" if profile.withhold or profile.consent else "withhold"
    return "" if profile.consent else "consent"
