"""A page template, filled once with marks where pages differ; every further page is the pieces between the marks and its own values, joined.

What a page says in the same places as its neighbours (name of the town, telephone, links to home) is rendered once instead of ten
thousand times. That gives the same characters only when the template does nothing with the differing values but write them: a template
that tests, filters or compares one of them is rendered in full each time. ``may_be_moulded`` decides that from the template's syntax tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from publisher.patterns import pattern
from publisher.values import frozen

if TYPE_CHECKING:
    import jinja2
    from jinja2 import nodes

_OPEN, _CLOSE = "\ue0f0", "\ue0f1"
"""Around the name of a value: characters of the private use area, which no escaping changes."""

_MARK = pattern(f"{_OPEN}([a-z_]+){_CLOSE}")


def mark(name: str) -> str:
    """What stands for a value while the mould is made."""
    return f"{_OPEN}{name}{_CLOSE}"


@frozen
class Mould:
    """``pieces[0] value(names[0]) pieces[1] value(names[1]) … pieces[-1]``."""

    pieces: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, rendered: str) -> Mould:
        """From a page that was rendered with ``mark(name)`` for each value that differs."""
        parts = _MARK.split(rendered)
        return cls(tuple(parts[::2]), tuple(parts[1::2]))

    def fill(self, values: Mapping[str, str]) -> str:
        """The page with these values; plain strings are escaped as the template would, markup stays."""
        parts = [""] * (len(self.pieces) + len(self.names))
        parts[::2] = self.pieces
        parts[1::2] = [values[name] if type(values[name]) is Markup else escape(values[name]) for name in self.names]
        return "".join(parts)


def may_be_moulded(environment: jinja2.Environment, source: str, written: Iterable[str], listed: Iterable[str]) -> bool:
    """Whether a template does nothing with the values that differ but write them, and ask whether they are there.

    ``written`` are texts; ``listed`` are lists of tuples of texts, which it may go through. Which of them are there must be the same for all
    pages of one mould.
    """
    from jinja2 import nodes

    tree = environment.parse(source)
    if next(tree.find_all(_elsewhere()), None) is not None:
        return False
    texts, lists = set(written), frozenset(listed)
    for loop in tree.find_all(nodes.For):
        if _goes_through(loop, lists):
            texts |= {name.name for name in loop.target.find_all(nodes.Name)}
    values = _Values(frozenset(texts), lists)
    return all(_only_written(node, values) for node in tree.iter_child_nodes())


@frozen
class _Values:
    """Names of what differs."""

    texts: frozenset[str]
    lists: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        return self.texts | self.lists


def _goes_through(loop: nodes.For, lists: frozenset[str]) -> bool:
    from jinja2 import nodes

    return isinstance(loop.iter, nodes.Name) and loop.iter.name in lists and isinstance(loop.target, nodes.Tuple)


def _elsewhere() -> tuple[type[nodes.Node], ...]:
    """With these a value may go where it cannot be followed."""
    from jinja2 import nodes

    return (
        nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport, nodes.Macro, nodes.CallBlock, nodes.Block, nodes.FilterBlock, nodes.Assign,
        nodes.AssignBlock, nodes.With, nodes.ScopedEvalContextModifier,
    )  # fmt: skip


def _only_written(node: nodes.Node, values: _Values) -> bool:
    from jinja2 import nodes

    if isinstance(node, nodes.Output):
        return all((isinstance(one, nodes.Name) and one.name not in values.lists) or _is_free(one, values) for one in node.nodes)
    if isinstance(node, nodes.If):
        bodies = (*node.body, *node.elif_, *node.else_)
        return _asks_presence(node.test, values) and all(_only_written(child, values) for child in bodies)
    if isinstance(node, nodes.For):
        over = _goes_through(node, values.lists) or _is_free(node.iter, values)
        test = node.test is None or _is_free(node.test, values)
        return over and test and not node.recursive and all(_only_written(child, values) for child in (*node.body, *node.else_))
    return _is_free(node, values)


def _asks_presence(test: nodes.Node, values: _Values) -> bool:
    """``x``, ``not x``, ``x is none``, and these joined by ``and`` and ``or``."""
    from jinja2 import nodes

    if isinstance(test, nodes.Name):
        return True
    if isinstance(test, nodes.Not):
        return _asks_presence(test.node, values)
    if isinstance(test, (nodes.And, nodes.Or)):
        return _asks_presence(test.left, values) and _asks_presence(test.right, values)
    if isinstance(test, nodes.Test) and test.name == "none" and isinstance(test.node, nodes.Name):
        return True
    return _is_free(test, values)


def _is_free(node: nodes.Node, values: _Values) -> bool:
    """Nothing that differs stands in it."""
    from jinja2 import nodes

    return not (isinstance(node, nodes.Name) and node.name in values.all) and all(name.name not in values.all for name in node.find_all(nodes.Name))
