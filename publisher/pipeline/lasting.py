"""Large tables from one edition to the next: what the last one left for this one, and what this one leaves for the next."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.model import PublicContent, PublicTable, PublicWorkbook
from publisher.pipeline.examine import Answer, Lent, Question, examine
from publisher.turns import Both, in_turn
from publisher.values import frozen

if TYPE_CHECKING:
    from publisher.editions.tables import Parts
    from publisher.editions.tables.known import Known
    from publisher.editions.tables.search import Found
    from publisher.pipeline.aside import Aside, Behind
    from publisher.pipeline.memory import Remembered
    from publisher.pipeline.sequel import Sequel

WORTH_MEMORY = 1_000_000
"""Bytes of a table from which it is worth looking for what is remembered of the edition before."""


GARBAGE = (1_000_000, 20, 100)
"""How seldom Python looks for rings of garbage in a process that reads a large table: among millions of cells there are none, and each look takes 20 ms."""

WAITING = 2
"""Large tables at most that are kept from being read until their pages are made: each takes as much memory as its rows."""


@frozen
class _Examined:
    """A large table on its way: what the edition before gives it, whether the next one will ask for it, and whether it was read by what differs."""

    answer: Answer
    known: Known | None
    worth: bool
    is_sequel: bool


class Lasting:
    """``folder``: where large tables are remembered, None: nowhere; ``read`` gives bytes of the archive by their name; ``program``: which
    one works; ``alone``: this process may copy itself, without which nothing is remembered."""

    def __init__(self, folder: Path | None, read: Callable[[str], bytes], program: str = "", alone: bool = True) -> None:
        self._place, self._read, self._program = folder, read, program
        self._folder = folder if alone else None
        self._examined: dict[tuple[str, str, str], _Examined] = {}
        self._behind: Behind | None = None
        self._another: Aside[object, Found] | None = None

    def examine(self, question: Question, sha256: str, data: Lent) -> tuple[Answer, PublicContent | None]:
        """As the function of that name; of a sequel only what differs is read."""
        if self._folder is None:
            return examine(question, data)
        if data.size >= WORTH_MEMORY:
            gc.set_threshold(*GARBAGE)
        self.settle()
        former = self._former(question, data.size)
        found = self._sequel(question, data.data, former) if former is not None else None
        answer, content = (found.answer, found.content) if found is not None else examine(question, data, self._both(data.size))
        if isinstance(content, PublicWorkbook):
            self._keep(question, sha256, answer, content, former, found)
        return answer, content

    def known(self, ref: tuple[str, str, str]) -> Known | None:
        """What was made already of the rows of a table that was examined last: (path, SHA-256, slug)."""
        found = self._examined.get(ref)
        return None if found is None else found.known

    def remember(self, question: Question, sha256: str, table: PublicTable, parts: Parts, another: Aside[object, Found]) -> None:
        """The pages of this edition are made: the next one may begin with it. This takes a while, and nobody waits for it. ``another``: the copy of this
        process that says what it found out about the rows."""
        self.settle()
        self._another = another
        examined = self._examined.pop((question.path, sha256, question.slug), None)
        if self._folder is None:
            self.settle()
            return
        from publisher.editions.tables.known import WIDTH
        from publisher.pipeline.aside import Behind
        from publisher.pipeline.memory import Memory
        from publisher.pipeline.sequel import former

        if examined is None or not examined.worth or examined.answer.digest is None:
            self.forget(question.slug)
            return
        memory = Memory(self._folder, self._program)
        answer, ((_, rows),) = examined.answer, examined.answer.digest.tallies

        def work(wanted: Callable[[], bool]) -> None:
            made = parts.made(rows[: len(table.rows) * WIDTH], another.more())
            if made is None:
                memory.forget(question.slug)
            elif wanted():
                is_plain = examined.is_sequel or self._is_plain(question.path, sha256)
                memory.keep(question, former(sha256, answer, table, made, is_plain))

        self._behind = Behind(work)

    def forget(self, slug: str) -> None:
        """Nothing is remembered of this table any more, nor is what a copy of this process is just writing down."""
        self.settle()
        if self._place is not None and self._place.is_dir():
            from publisher.pipeline.memory import Memory

            Memory(self._place).forget(slug)

    def settle(self) -> None:
        """Wait until all is remembered."""
        behind, self._behind = self._behind, None
        if behind is not None:
            behind.wait()
        another, self._another = self._another, None
        if another is not None:
            another.end()

    def _is_plain(self, path: str, sha256: str) -> bool:
        """Whether each line of a file is a record as it stands: the next edition need not look at those that it has, too."""
        from publisher.readers.delimited import are_plain, lines_of

        try:
            lines = lines_of(path, self._read(sha256))
        except (OSError, ValueError):  # it is not in the archive as it was
            return False
        return bool(lines) and are_plain(lines)

    def _both(self, size: int) -> Both:
        """On both cores what is large."""
        from publisher.pipeline.aside import both

        return both if size >= WORTH_MEMORY else in_turn

    def _former(self, question: Question, size: int) -> Remembered | None:
        """The edition before, of a table that is large enough to be remembered."""
        if size < WORTH_MEMORY or question.profile is None:
            return None
        from publisher.pipeline.memory import Memory

        return Memory(self._folder, self._program).of(question)

    def _sequel(self, question: Question, data: bytes, former: Remembered) -> Sequel | None:
        from publisher.pipeline.aside import both
        from publisher.pipeline.sequel import sequel

        try:
            return sequel(question, data, former, self._read, both)
        except (OSError, ValueError):  # the former edition is not in the archive as it was: this one is read whole
            return None

    def _keep(self, question: Question, sha256: str, answer: Answer, content: PublicWorkbook, former: Remembered | None, found: Sequel | None) -> None:
        """What the pages will be made with, and what is to be remembered when they are made."""
        from publisher.pipeline.sequel import likened, worth_remembering

        known = found.known if found is not None else None
        if known is None and former is not None and len(content.tables) == 1:
            known = likened(former.whole(), content.tables[0])
        worth = worth_remembering(question, answer, content)
        self._examined[question.path, sha256, question.slug] = _Examined(answer, known, worth, found is not None)
        while len(self._examined) > WAITING:
            del self._examined[next(iter(self._examined))]


def tidy(folder: Path | None, slugs: Collection[str]) -> None:
    """Remove what is remembered of tables that no profile has any more: it was public of people once, and nobody will ask for it."""
    if folder is None or not folder.is_dir():
        return
    for file in sorted(folder.iterdir()):
        slug = file.name.removeprefix(".").removesuffix(".part").removesuffix(".roll")
        if slug not in slugs:
            try:
                file.unlink(missing_ok=True)
            except OSError:
                continue  # a disk that refuses stops no publishing: the next run tries again
