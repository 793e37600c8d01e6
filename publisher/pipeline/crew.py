"""The hands that read and render: our own for a few files, one process a core for many. Which of them it was shows in no byte."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol
from zlib import crc32

from publisher.editions import Frame
from publisher.pipeline.hand import Bench, Hand
from publisher.values import frozen

WORTH_WORKERS = 60
"""With fewer files than this, starting worker processes costs more than it saves."""

LARGE = 1_000_000
"""Bytes of a table (some ten thousand rows) that are worth one: it copies itself to use two cores, and its memory is gone when it ends."""

MOST = 8
"""Processes at most: each holds what it read, and one process records what they did."""

GARBAGE = (50_000, 20, 100)
"""How seldom Python looks for rings of garbage meanwhile: contents are trees, and looking all the time costs a tenth."""


class Asked(Protocol):
    """What was asked of a worker."""

    def result(self) -> list[Any]: ...


class Crew(Protocol):
    """``ask`` has a worker do something (``take``, ``again``, ``still_shown``, ``render``, ``lists`` of ``Hand``) and comes back at once. ``dismiss``: nothing
    more will be asked; whoever made the crew waits for the workers, who may have something to write down still."""

    size: int

    def ask(self, worker: int, call: str, argument: Sequence[Any]) -> Asked: ...

    def dismiss(self) -> None: ...


@frozen
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

    def dismiss(self) -> None:
        """Our own hands stay where they are."""


@contextmanager
def crew(bench: Bench, sizes: Sequence[int] = (), frame: Callable[[], Frame] | None = None) -> Iterator[Crew]:
    """Hands for some files: for each the bytes of a table, 0 for anything else."""
    size = workers(len(sizes)) or int(max(sizes, default=0) >= LARGE)
    with seldom_collected():
        if size == 0:
            yield Alone(bench, frame)
            return
        from publisher.pipeline.processes import Processes

        hands = Processes(bench, size)
        try:
            yield hands
        finally:
            hands.close()


@contextmanager
def seldom_collected() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*GARBAGE)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def workers(files: int) -> int:
    """Processes that so many files are worth on this machine; 0: none."""
    if files < WORTH_WORKERS:
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, MOST))


def worker_of(key: str, crew_: Crew) -> int:
    """The worker for what belongs to a document: files of one stem go to the same."""
    return crc32(key.rpartition(".")[0].encode() or key.encode()) % crew_.size
