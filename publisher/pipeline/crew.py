"""The hands that read and render: our own for a few files, one process a core for many. Which of them it was shows in no byte."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from zlib import crc32

from publisher.editions import Frame
from publisher.errors import SiteError
from publisher.intake.archive import Moved
from publisher.model import Problem
from publisher.pipeline.examine import refused
from publisher.pipeline.hand import Bench, Hand, Job, Source, Taken

WORTH_WORKERS = 60
"""With fewer files than this, starting worker processes costs more than it saves."""

MOST = 8
"""Processes at most: each holds what it read, and one process records what they did."""


WARM = ("publisher.pipeline.hand", "publisher.readers.notice", "publisher.review", "markdown_it", "jinja2", "charset_normalizer")
"""Imported once by the server that workers are forked from, so that none of them has to import it again."""


class Asked(Protocol):
    """What was asked of a worker."""

    def result(self) -> list[Any]: ...


class Crew(Protocol):
    """``ask`` has a worker do something (``take``, ``again``, ``render``, ``lists`` of ``Hand``) and comes back at once."""

    size: int

    def ask(self, worker: int, call: str, argument: Sequence[Any]) -> Asked: ...


@dataclass(frozen=True, slots=True)
class _Done:
    answers: list[Any]

    def result(self) -> list[Any]:
        return self.answers


class Alone:
    """The publisher's own hands."""

    size = 1

    def __init__(self, bench: Bench, frame: Callable[[], Frame] | None = None) -> None:
        self._hand = Hand(bench, frame)

    def ask(self, _worker: int, call: str, argument: Sequence[Any]) -> Asked:
        return _Done(getattr(self._hand, call)(argument))


class Processes:
    """Processes of one pair of hands each. One that a file brings down is replaced, and what was asked of it is asked again."""

    def __init__(self, bench: Bench, size: int) -> None:
        self.size = size
        self._bench = bench
        self._pools: list[ProcessPoolExecutor | None] = [None] * size
        self._started = 0

    def ask(self, worker: int, call: str, argument: Sequence[Any]) -> Asked:
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
        path = piece.question.path if isinstance(piece, (Job, Source)) else ""
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


@contextmanager
def crew(bench: Bench, files: int, frame: Callable[[], Frame] | None = None) -> Iterator[Crew]:
    """Hands for so many files."""
    size = workers(files)
    if size == 0:
        yield Alone(bench, frame)
        return
    hands = Processes(bench, size)
    try:
        yield hands
    finally:
        hands.close()


def workers(files: int) -> int:
    """Processes that so many files are worth on this machine; 0: none."""
    if files < WORTH_WORKERS:
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, MOST))


def worker_of(key: str, crew_: Crew) -> int:
    """The worker for what belongs to a document: files of one stem go to the same."""
    return crc32(key.rpartition(".")[0].encode() or key.encode()) % crew_.size


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
    gc.set_threshold(50_000, 20, 100)  # contents are trees, not rings: looking for rings all the time costs a tenth
    _hand = Hand(Bench(bench.settings, bench.theme, bench.archive, bench.stager.again(prefix)))


def _work(call: str, argument: Sequence[Any]) -> list[Any]:
    assert _hand is not None
    return getattr(_hand, call)(argument)
