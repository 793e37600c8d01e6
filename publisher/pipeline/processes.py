"""Workers: processes that take files in and render, each with a pair of hands of its own."""

from __future__ import annotations

import copyreg
import threading
from collections.abc import Iterator, Sequence
from importlib import import_module
from multiprocessing.context import BaseContext
from operator import attrgetter
from typing import Any

from publisher.errors import SiteError
from publisher.intake.archive import Moved
from publisher.ledger.documents import VersionRow
from publisher.model import Card, Category, Head, Problem, Version
from publisher.pipeline.crew import GARBAGE
from publisher.pipeline.examine import Answer, Digest, Question, refused
from publisher.pipeline.hand import (
    Bench,
    Finished,
    Hand,
    Job,
    ListOrder,
    NewDocument,
    Order,
    Overtaken,
    Source,
    Taken,
)
from publisher.pipeline.line import Given, Line, WorkerDied, exchange
from publisher.values import fields, frozen, replace

WARM = ("publisher.pipeline.hand", "publisher.readers.notice", "publisher.review", "markdown_it", "jinja2", "charset_normalizer")
"""Imported once by the server that workers are forked from, so that none of them has to import it again."""

FOR_TABLES = ("publisher.editions.tables", "publisher.pipeline.memory", "publisher.readers.delimited", "publisher.review")
"""What a lone worker, which makes a large table, and we ourselves need for it: imported before it is copied, so that it is imported once."""


def _plainly(what: type) -> None:
    """Have values travel as the name of their class and their fields: states of frozen ones with slots take five times as long."""
    values = attrgetter(*(one.name for one in fields(what)))
    copyreg.pickle(what, lambda one: (what, values(one)))


for _what in (Question, NewDocument, Job, Source, Overtaken, Order, ListOrder, Finished, Taken, Answer, Digest, Card, Category, Head, Version, VersionRow):
    _plainly(_what)


class Processes:
    """Processes of one pair of hands each. One that a file brings down is replaced, and what was asked of it is asked again."""

    def __init__(self, bench: Bench, size: int) -> None:
        self.size = size
        self._bench = bench
        self._lines: list[Line | None] = [None] * size
        self._started = 0

    def ask(self, worker: int, call: str, argument: Sequence[Any]) -> _Asked:
        given = self._submit(worker, call, argument)
        exchange(self._alive, wait=False)
        return _Asked(self, worker, call, argument, given)

    def _submit(self, worker: int, call: str, argument: Sequence[Any]) -> Given:
        try:
            return self._line(worker).ask((call, argument))
        except WorkerDied:
            self._bury(worker)
            return self._line(worker).ask((call, argument))

    def wait(self, given: Given) -> list[Any]:
        """The answer, when it is there; meanwhile all lines are served. Raises ``WorkerDied``, and what the work raised."""
        while not given.there:
            exchange(self._alive, wait=True)
        return given.take()

    @property
    def _alive(self) -> list[Line]:
        return [line for line in self._lines if line is not None and line.open]

    def _line(self, worker: int) -> Line:
        line = self._lines[worker]
        if line is None:
            self._started += 1
            line = self._lines[worker] = Line.to(self._context(), _serve, (self._bench, f"{self._started}-"))
        return line

    def _context(self) -> BaseContext:
        """A lone worker is a copy of this process where nothing else runs in it: what it needs is imported already. Else they come from a server."""
        import multiprocessing

        if self.size == 1 and threading.active_count() == 1:
            for name in FOR_TABLES:
                import_module(name)
            return multiprocessing.get_context("fork")
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(WARM))
        return context

    def _bury(self, worker: int) -> None:
        line, self._lines[worker] = self._lines[worker], None
        if line is not None:
            line.close()

    def once_more(self, worker: int, call: str, piece: Any) -> Any:
        """A worker died over a run of pieces, of which this is one. A file that brings one down alone is refused."""
        for _ in range(2):
            try:
                return self.wait(self._submit(worker, call, [piece]))[0]
            except WorkerDied:
                continue
        path = piece.question.path if isinstance(piece, (Job, Source, Overtaken)) else _address(piece)
        if isinstance(piece, Job):
            return Taken(piece.question, self._hash(piece), refused(path, _brought_down(path)))
        raise SiteError(_brought_down(path))

    def _hash(self, job: Job) -> str:
        """Of the file as it stands, so that it is not tried again at every run."""
        try:
            return self._bench.archive.take(self._bench.settings.paths.content / job.real, job.size, job.mtime).sha256
        except (OSError, Moved):
            return ""

    def dismiss(self) -> None:
        for line in self._lines:
            if line is not None:
                line.dismiss()

    def close(self) -> None:
        for line in self._lines:
            if line is not None:
                line.close()


@frozen
class _Asked:
    crew: Processes
    worker: int
    call: str
    argument: Sequence[Any]
    given: Given

    def result(self) -> list[Any]:
        try:
            return self.crew.wait(self.given)
        except WorkerDied:
            return [self.crew.once_more(self.worker, self.call, piece) for piece in self.argument]


def _address(order: Order | ListOrder) -> str:
    return order.card.path if isinstance(order, Order) else order.owner


def _brought_down(path: str) -> Problem:
    return Problem(
        "reader-died",
        "このファイルを読む途中で、読み取りの処理が止まりました（壊れているか、大きすぎるおそれがあります）。",
        path,
        "前に公開したものがあれば、そのまま見えています。",
        "元のソフトで開いて別の名前で保存し直すか、別の形式（テキスト、CSV、JPEG）で入れてください。",
    )


def _serve(asked: Iterator[tuple[str, Sequence[Any]]], bench: Bench, prefix: str) -> Iterator[list[Any]]:
    """In a worker: an answer to each question, as long as there are any."""
    import gc
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the publisher's to answer
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    hand = Hand(replace(bench, stager=bench.stager.again(prefix)), alone=True)
    try:
        for call, argument in asked:
            yield getattr(hand, call)(argument)
    finally:
        hand.close()
