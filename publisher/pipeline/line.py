"""The line to a worker: questions go out, answers come back in order, and whoever asks never waits for a pipe that is full.

No threads, neither here nor there: a worker without threads may copy itself (``aside``), and the publisher's own work does not have to
share its interpreter with those that would carry the messages.
"""

from __future__ import annotations

import os
import pickle
import select
import struct
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any

_LENGTH = struct.Struct("<Q")
_CHUNK = 1 << 20

GRACE = 10
"""Seconds that a worker has to end when its line is closed."""


class WorkerDied(Exception):
    """The process at the other end is gone before it answered."""


class Given:
    """Something that was asked; its answer comes when the line is served."""

    __slots__ = ("_answer", "there")

    def __init__(self) -> None:
        self.there = False
        self._answer: tuple[str, Any] = ("died", None)

    def put(self, answer: tuple[str, Any]) -> None:
        self._answer, self.there = answer, True

    def take(self) -> Any:
        """Raises ``WorkerDied``, and what the work raised."""
        what, value = self._answer
        if what == "died":
            raise WorkerDied
        if what == "raised":
            raise value
        return value


class Line:
    """Our end. Use ``exchange`` to serve it."""

    def __init__(self, process: BaseProcess, connection: Connection) -> None:
        self._process, self._connection = process, connection
        os.set_blocking(connection.fileno(), False)
        self._out: deque[memoryview] = deque()
        self._in = bytearray()
        self._asked: deque[Given] = deque()
        self.open = True

    @classmethod
    def to(cls, context: BaseContext, serve: Callable[..., Iterator[Any]], arguments: tuple[Any, ...]) -> Line:
        """Start a process that answers with ``serve(questions, *arguments)``."""
        here, there = context.Pipe()
        ours = here if context.get_start_method() == "fork" else None  # a copy of this process has our end too, and would not see it close
        process = context.Process(target=_answer, args=(there, ours, serve, arguments), daemon=True)  # type: ignore[attr-defined]
        process.start()
        there.close()
        return cls(process, here)

    def ask(self, question: Any) -> Given:
        """Raises ``WorkerDied`` when nobody is there any more."""
        if not self.open:
            raise WorkerDied
        body = pickle.dumps(question, pickle.HIGHEST_PROTOCOL)
        self._out += (memoryview(_LENGTH.pack(len(body))), memoryview(body))
        given = Given()
        self._asked.append(given)
        return given

    def fileno(self) -> int:
        return self._connection.fileno()

    @property
    def has_more(self) -> bool:
        """Something is still to be sent."""
        return bool(self._out)

    def send(self) -> None:
        """As much as the pipe takes now."""
        try:
            while self._out:
                sent = os.write(self.fileno(), self._out[0])
                self._out[0] = self._out[0][sent:]
                if not self._out[0]:
                    self._out.popleft()
        except BlockingIOError:
            return
        except OSError:
            self._died()

    def receive(self) -> None:
        """What has come."""
        try:
            while piece := os.read(self.fileno(), _CHUNK):
                self._in += piece
                if len(piece) < _CHUNK:
                    break
            else:
                self._died()
        except BlockingIOError:
            pass
        except OSError:
            self._died()
        self._deliver()

    def _deliver(self) -> None:
        while len(self._in) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._in)[0]
            if len(self._in) < end:
                return
            with memoryview(self._in) as view, view[_LENGTH.size : end] as body:
                answer = pickle.loads(body)
            del self._in[:end]
            self._asked.popleft().put(answer)

    def _died(self) -> None:
        self._deliver()
        self.open = False
        self._out.clear()
        while self._asked:
            self._asked.popleft().put(("died", None))

    def dismiss(self) -> None:
        """No more questions: the worker ends by itself, and nobody waits for it yet."""
        self.open = False
        self._connection.close()

    def close(self) -> None:
        """No more questions: the worker ends, at the latest when its time is over."""
        self.dismiss()
        self._process.join(GRACE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def exchange(lines: Sequence[Line], wait: bool) -> None:
    """Send and receive what can be without waiting; ``wait``: until something can."""
    if not lines:
        return
    poll = select.poll()
    by_number = {line.fileno(): line for line in lines}
    for number, line in by_number.items():
        poll.register(number, select.POLLIN | (select.POLLOUT if line.has_more else 0))
    for number, events in poll.poll(None if wait else 0):
        line = by_number[number]
        if events & select.POLLOUT:
            line.send()
        if events & ~select.POLLOUT and line.open:
            line.receive()


# --- the other end ---


def _answer(connection: Connection, theirs: Connection | None, serve: Callable[..., Iterator[Any]], arguments: tuple[Any, ...]) -> None:
    """In the worker, until the line is closed."""
    if theirs is not None:
        theirs.close()
    with os.fdopen(os.dup(connection.fileno()), "rb") as source, os.fdopen(os.dup(connection.fileno()), "wb") as out:
        connection.close()
        questions = _questions(source)
        served = serve(questions, *arguments)
        while True:
            try:
                answer = "done", next(served)
            except StopIteration:
                return
            except Exception as error:
                answer, served = ("raised", error), serve(questions, *arguments)
            try:
                body = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
                out.write(_LENGTH.pack(len(body)))
                out.write(body)
                out.flush()
            except BrokenPipeError:  # the publisher is gone
                return


def _questions(source: Any) -> Iterator[Any]:
    while head := source.read(_LENGTH.size):
        yield pickle.loads(source.read(_LENGTH.unpack(head)[0]))
