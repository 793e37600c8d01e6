"""What a person is told."""

from __future__ import annotations

from publisher.values import frozen


@frozen
class Problem:
    """One thing a person has to know, in Japanese: what happened, where, what the public sees, what to do.

    ``code`` is a stable ASCII word for scripts and tests (``bad-date``). ``where`` names the file and the place in it
    (sheet, cell, line). Nothing in a problem quotes personal data.
    """

    code: str
    what: str
    where: str = ""
    shown: str = ""
    todo: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return place + "".join(part for part in (self.what, self.shown, self.todo) if part)
