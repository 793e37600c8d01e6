"""Workers: processes that take files in and render, each with a pair of hands of its own."""

from __future__ import annotations

import copyreg
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any

from publisher.errors import SiteError
from publisher.intake.archive import Moved
from publisher.model import Card, Category, Head, Problem, Version
from publisher.pipeline.crew import GARBAGE
from publisher.pipeline.examine import Answer, Digest, Question, refused
from publisher.pipeline.hand import Bench, Hand, Job, ListOrder, Order, Rendered, Source, Taken

WARM = ("publisher.pipeline.hand", "publisher.readers.notice", "publisher.review", "markdown_it", "jinja2", "charset_normalizer")
"""Imported once by the server that workers are forked from, so that none of them has to import it again."""


def _plainly(what: type) -> None:
    """Have values of a dataclass travel as its name and its fields: what Python does for frozen ones with slots takes five times as long."""
    values = attrgetter(*(one.name for one in fields(what)))
    copyreg.pickle(what, lambda one: (what, values(one)))


for _what in (Question, Job, Source, Order, ListOrder, Taken, Answer, Digest, Rendered, Card, Category, Head, Version):
    _plainly(_what)


class Processes:
    """Processes of one pair of hands each. One that a file brings down is replaced, and what was asked of it is asked again."""

    def __init__(self, bench: Bench, size: int) -> None:
        self.size = size
        self._bench = bench
        self._pools: list[ProcessPoolExecutor | None] = [None] * size
        self._started = 0

    def ask(self, worker: int, call: str, argument: Sequence[Any]) -> _Asked:
        return _Asked(self, worker, call, argument, self._submit(worker, call, argument))

    def _submit(self, worker: int, call: str, argument: Sequence[Any]) -> Future[list[Any]]:
        try:
            return self._pool(worker).submit(_work, call, argument)
        except BrokenProcessPool:
            self._bury(worker)
            return self._pool(worker).submit(_work, call, argument)

    def _pool(self, worker: int) -> ProcessPoolExecutor:
        pool = self._pools[worker]
        if pool is None:
            import multiprocessing

            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(list(WARM))
            self._started += 1
            pool = ProcessPoolExecutor(1, context, _begin, (self._bench, f"{self._started}-"))
            self._pools[worker] = pool
        return pool

    def _bury(self, worker: int) -> None:
        pool, self._pools[worker] = self._pools[worker], None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def once_more(self, worker: int, call: str, piece: Any) -> Any:
        """A worker died over a run of pieces, of which this is one. A file that brings one down alone is refused."""
        for _ in range(2):
            try:
                return self._submit(worker, call, [piece]).result()[0]
            except BrokenProcessPool:
                continue
        path = piece.question.path if isinstance(piece, (Job, Source)) else _address(piece)
        if isinstance(piece, Job):
            return Taken(piece.question, self._hash(piece), refused(path, _brought_down(path)))
        raise SiteError(_brought_down(path))

    def _hash(self, job: Job) -> str:
        """Of the file as it stands, so that it is not tried again at every run."""
        try:
            return self._bench.archive.take(self._bench.settings.paths.content / job.real, job.size, job.mtime).sha256
        except (OSError, Moved):
            return ""

    def close(self) -> None:
        for pool in self._pools:
            if pool is not None:
                pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Asked:
    crew: Processes
    worker: int
    call: str
    argument: Sequence[Any]
    future: Future[list[Any]]

    def result(self) -> list[Any]:
        try:
            return self.future.result()
        except (BrokenProcessPool, CancelledError):
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


_hand: Hand | None = None


def _begin(bench: Bench, prefix: str) -> None:
    """In a worker, once."""
    import gc
    import signal

    global _hand
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the publisher's to answer
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    own = replace(bench, stager=bench.stager.again(prefix))
    _hand = Hand(own, alone=True)


def _work(call: str, argument: Sequence[Any]) -> list[Any]:
    assert _hand is not None
    return getattr(_hand, call)(argument)
