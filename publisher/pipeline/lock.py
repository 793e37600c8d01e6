"""The lock that keeps two publishers from working on the same records."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from weakref import WeakSet

from publisher.errors import Busy, SiteError
from publisher.model import Problem

_held: WeakSet[TextIO] = WeakSet()
"""Locks of this process."""


def _let_go() -> None:
    """A copy of this process that outlives it for a moment must not keep the next run waiting."""
    for file in list(_held):
        file.close()


os.register_at_fork(after_in_child=_let_go)


@contextmanager
def lock(state: Path, name: str = "lock") -> Iterator[None]:
    """Nobody else works on this state. Raises ``Busy``."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        file = (state / name).open("w")
    except OSError as error:
        raise SiteError(
            Problem(
                "state-unwritable", f"記録のフォルダーに書き込めません（{error.strerror or error}）。", str(state), "公開中のページは、前のまま変わっていません。",
                "空き容量とフォルダーの権限を確かめてください。",
            )
        ) from error  # fmt: skip
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Busy(
                Problem(
                    "busy", "別の publisher が動いています。", str(state), "公開中のページは、そのまま見えています。",
                    "動いているほう（publisher watch など）が公開を続けています。止めてから、もう一度実行してください。",
                )
            ) from error  # fmt: skip
        _held.add(file)
        yield
