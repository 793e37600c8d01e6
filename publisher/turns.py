"""Two pieces of work that have nothing to do with each other, and who says how they are done: here one after the other, elsewhere at the same time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

First = TypeVar("First")
Second = TypeVar("Second")


class Both(Protocol):
    """Does both and gives both results; neither may count on what the other leaves behind."""

    def __call__(self, first: Callable[[], First], second: Callable[[], Second], /) -> tuple[First, Second]: ...


def in_turn(first: Callable[[], First], second: Callable[[], Second]) -> tuple[First, Second]:
    """One after the other."""
    return first(), second()
