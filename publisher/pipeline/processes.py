"""Workers: processes that take files in and render, each with a pair of hands of its own."""

from __future__ import annotations

import copyreg
import os
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, fields, replace
from importlib import import_module
from multiprocessing.context import BaseContext
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

FOR_TABLES = ("publisher.editions.tables", "publisher.pipeline.memory", "publisher.readers.delimited", "publisher.review")
"""What a lone worker, which makes a large table, and we ourselves need for it: imported before it is copied, so that it is imported once."""


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
            self._started += 1
            pool = ProcessPoolExecutor(1, self._context(), _begin, (self._bench, f"{self._started}-", os.getpid()))
            self._pools[worker] = pool
        return pool

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


def _begin(bench: Bench, prefix: str, asking: int) -> None:
    """In a worker, once. ``asking``: the process that asked for it, without which it has nothing to do."""
    import gc
    import signal

    global _hand
    if os.getppid() == asking:
        _end_with_parent(asking)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the publisher's to answer
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    own = replace(bench, stager=bench.stager.again(prefix))
    _hand = Hand(own, alone=True)


def _end_with_parent(parent: int) -> None:
    """A copy of the publisher holds both ends of what it is asked through, and so does not see it go: the kernel tells (prctl(2))."""
    import ctypes
    import signal

    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)


def _work(call: str, argument: Sequence[Any]) -> list[Any]:
    assert _hand is not None
    return getattr(_hand, call)(argument)
