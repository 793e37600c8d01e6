"""Patterns that are compiled when they are first asked to find something.

There are some three hundred, with large sets of characters; to compile them all takes as long as taking in a notice, which needs a third of them.
"""

from __future__ import annotations

import re
from typing import AnyStr, cast

_DOES = ("search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn")


class _Later:
    """Stands for a ``re.Pattern``: after the first call its methods are those of the compiled one."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._source = text, flags

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        compiled = re.compile(*self._source)
        self.__dict__.update({method: getattr(compiled, method) for method in _DOES})
        return getattr(compiled, name)


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As ``re.compile``, for patterns of a module: a mistake in ``text`` is met at the first use. Not for functions of ``re`` that take a pattern."""
    return cast("re.Pattern[AnyStr]", _Later(text, flags))
