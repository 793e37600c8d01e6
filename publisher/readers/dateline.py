"""The line near the top of a document that says when it was written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from publisher.patterns import pattern
from publisher.readers.dates import find_as_of, find_moment, parse_moment

LOOK = 10
"""So many lines at the top may be the date line."""

LENGTH = 60
"""A longer line is running text."""

_PERIOD = pattern(r"から|まで|より|[～〜~]|以降|以前|予定|[はにをへ。]")
_YEAR = pattern(r"年|[12]\d{3}|[RHSrhs]\s*\d")
_MARKS = "()（）【】[]［］#＃*＊ 　\t"


def date_of(lines: Sequence[str], reference: datetime) -> datetime | None:
    """The moment that a document gives for itself, or None.

    First a line that says so (「…現在」「…発表」); then one that is a date and nothing else; then a full date with the issuer beside it
    (「令和8年10月16日　汐見市税務課」). A date within a sentence or a period is the matter's, not the document's.
    """
    short = [re.sub(r"年[（(][^()（）]{1,12}[)）]", "年", line) for line in lines if line.strip()][:LOOK]
    short = [line.strip(_MARKS) for line in short if len(line) <= LENGTH]
    for line in short:
        if (found := find_as_of(line, reference)) is not None:
            return found
    for line in short:
        if find_moment(line, reference) is not None and (found := parse_moment(line, reference)) is not None:
            return found
    for line in short:
        if _YEAR.search(line) and not _PERIOD.search(line) and (found := _beside_issuer(line, reference)) is not None:
            return found
    return None


def _beside_issuer(line: str, reference: datetime) -> datetime | None:
    """The date at one end of a line, the rest of which is a short name."""
    parts = line.split()
    for cut in range(len(parts) - 1, 0, -1):
        for date, issuer in ((parts[:cut], parts[cut:]), (parts[-cut:], parts[:-cut])):
            text = " ".join(date)
            named = len("".join(issuer)) <= 20 and _YEAR.search(text) and find_moment(text, reference) is not None
            if named and (found := parse_moment(text, reference)) is not None:
                return found
    return None
