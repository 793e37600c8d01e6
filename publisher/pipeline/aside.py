"""Half of a large piece of work, done by a copy of this process on another core: what was read is there already, nothing is sent but the result."""

from __future__ import annotations

import gc
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

First = TypeVar("First")
Result = TypeVar("Result")
More = TypeVar("More")


class Aside(Generic[Result, More]):
    """Begins ``work`` beside this process. Only for a process without other threads: a copy has none of them, but all of their locks.

    ``work`` sees everything as it is now, and must leave nothing behind but files and its result, which has to be picklable. Where there
    can be no copy, or it ends early (killed for want of memory, or the work raised), ``instead`` is done here, and raises here.
    ``after`` is done by the same process as the work, when its result is handed over already: what nobody waits for.
    """

    def __init__(self, work: Callable[[], Result], instead: Callable[[], Result], after: Callable[[], More] | None = None) -> None:
        self._instead, self._after = instead, after
        self._is_here = False
        gc.freeze()  # else the first look for garbage in the copy would copy all of the memory too
        source, to = os.pipe()
        self._from = os.fdopen(source, "rb", 1 << 20)
        try:
            self._child = os.fork()
        except OSError:  # no memory, or as many processes as this user may have
            self._child = -1
        if self._child == 0:
            self._from.close()
            _do([work, *([after] if after is not None else [])], to)
        os.close(to)

    def result(self) -> Result:
        """Wait for it."""
        try:
            said = pickle.load(self._from)
        except (EOFError, pickle.UnpicklingError, MemoryError):
            self._is_here = True
        gc.unfreeze()
        if self._after is None or self._is_here:
            self.end()
        return self._instead() if self._is_here else said

    def more(self) -> More | None:
        """What came ``after`` the result; None where it ended early. Once, be it here or in a copy of this process that was made meanwhile."""
        if self._after is None:
            return None
        if self._is_here:
            return self._after()
        try:
            return pickle.load(self._from)
        except (EOFError, pickle.UnpicklingError, MemoryError):
            return None

    def end(self) -> None:
        """Nobody asks for more: the copy ends, if it did not yet."""
        self._from.close()
        if self._child > 0:
            os.waitpid(self._child, 0)
            self._child = -1


def both(first: Callable[[], First], second: Callable[[], Result]) -> tuple[First, Result]:
    """The results of both, the second one from a copy of this process: the same holds as for ``Aside``."""
    another: Aside[Result, None] = Aside(second, second)
    try:
        mine = first()
    finally:
        theirs = another.result()
    return mine, theirs


class Behind:
    """Does ``work`` in a copy of this process that nobody waits for until its end; ``work`` is told what says whether this process is still there.

    The same holds as for ``Aside``; but what is lost when the copy ends early is lost, and an exception in ``work`` is one of this process
    only where there can be no copy; the copy writes it to stderr.
    """

    def __init__(self, work: Callable[[Callable[[], bool]], None]) -> None:
        parent = os.getpid()
        gc.freeze()
        try:
            self._child = os.fork()
        except OSError:
            self._child = -1
            work(lambda: True)
        if self._child == 0:
            _behind(work, parent)

    def wait(self) -> None:
        """Until it has ended."""
        if self._child > 0:
            os.waitpid(self._child, 0)
            self._child = -1
        gc.unfreeze()


def while_wanted(items: Iterable[Result], parent: int) -> Iterator[Result]:
    """In the copy: these, as long as the process is there that waits for them. ``parent`` is its number, asked before the copy was made: when the copy
    comes to ask, it may be gone already."""
    for item in items:
        if os.getppid() != parent:
            os._exit(1)
        yield item


def _behind(work: Callable[[Callable[[], bool]], None], parent: int) -> None:
    """In the copy, which never comes back either."""
    code = 1
    try:
        work(lambda: os.getppid() == parent)
        code = 0
    finally:
        if code:
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(code)


def _do(works: Iterable[Callable[[], object]], to: int) -> None:
    """In the copy. It never comes back: what stands above belongs to the other process."""
    code = 1
    try:
        with os.fdopen(to, "wb") as out:
            for work in works:
                pickle.dump(work(), out, pickle.HIGHEST_PROTOCOL)
                out.flush()
        code = 0
    finally:
        os._exit(code)
