"""A large roll as a reader with ten keys meets it: anybody in four steps, no page over its budget, people taken at random."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from html import unescape

import pytest

from publisher.editions.tables import drafts
from publisher.model import PublicTable
from tests.test_tables import BUDGETS, bulletin, frame, people, roll

__all__ = ["frame"]

PEOPLE = 20_000
STEPS = 4
_LINK = re.compile(r'href="([\w./-]+\.html)"')
_TAG = re.compile(r"<[^>]+>")


@pytest.fixture(scope="module")
def crowd() -> PublicTable:
    return roll(people(PEOPLE, seed=4))


@pytest.fixture(scope="module", params=["k/", "i/"])
def small(request: pytest.FixtureRequest, frame, crowd: PublicTable) -> tuple[str, dict[str, str]]:
    """One of the small editions: its prefix, and every page of the roll."""
    prefix = request.param
    encoding = "shift_jis" if prefix == "i/" else "utf-8"
    pages = {}
    for draft in drafts(bulletin(crowd), frame):
        if draft.path.startswith(prefix):
            page = draft.render()
            assert len(page.body) <= BUDGETS[prefix], page.path
            pages[page.path] = page.body.decode(encoding)
    return prefix, pages


def away(pages: dict[str, str], start: str) -> Iterator[tuple[int, str]]:
    """Every page that links lead to from here, the nearest first, with how many steps it is away."""
    folder = start.rpartition("/")[0]
    known, queue = {start}, [(0, start)]
    for steps, path in queue:
        yield steps, path
        for name in _LINK.findall(pages[path].partition("<body")[2]):
            to = f"{folder}/{name}"
            if "/" in name or to in known:
                continue
            assert to in pages, f"{path} links to {to}, which is not there"
            known.add(to)
            queue.append((steps + 1, to))


def test_anybody_is_found_in_four_steps(small: tuple[str, dict[str, str]], crowd: PublicTable) -> None:
    prefix, pages = small
    near = {path: steps for steps, path in away(pages, f"{prefix}t/hinansha/index.html")}
    assert set(near) == set(pages), "pages that no link leads to"
    lines: dict[str, list[int]] = {}
    for path, steps in near.items():
        for line in re.split(r"<li>|■", pages[path])[1:]:
            lines.setdefault(_plain(line), []).append(steps)
    for row in random.Random(8).sample(list(crowd.rows), 200):
        wanted = [_legacy(cell) if prefix == "i/" else cell for cell in row]
        found = [steps for line, steps in lines.items() if all(_plain(cell) in line for cell in wanted)]
        assert found, row
        assert min(min(steps) for steps in found) <= STEPS, row


def _plain(markup: str) -> str:
    return re.sub(r"\s", "", unescape(_TAG.sub(" ", markup)))


def _legacy(text: str) -> str:
    """A cell as the legacy edition writes it."""
    from publisher.editions.sjis import gate

    return gate(text).text
