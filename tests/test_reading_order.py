"""Whatever fails, and whatever overtakes what: at no moment does a page on a mirror that a reader can reach lead to one that is not there.

The mirror is one in memory that fails by chance and looks at the whole site after each change of itself: no crawler between two threads, which
meets in minutes what is met here in a second.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.mirrors import MemoryMirror
from publisher.mirrors.contract import Head, Stored, unasked
from publisher.mirrors.headers import Headers
from publisher.mirrors.trouble import unavailable
from publisher.pipeline import publish
from publisher.pipeline.build import Desk
from publisher.site.order import HOMES
from tests.town import Town, links, make_town


class Watched:
    """``fails`` says of each operation whether it is to fail: "" not, "before" or "after" it takes effect, "lie" that it did without doing it."""

    name = "m"

    def __init__(self, fails: Callable[[str, str], str]) -> None:
        self.inner, self.fails = MemoryMirror("m"), fails
        self.broken: list[tuple[str, str]] = []
        self._links: dict[tuple[str, bytes], list[str]] = {}

    def look(self) -> None:
        """Whether everything that can be reached from the home pages is there."""
        files, seen, todo = self.inner.files, set(), [path for path in sorted(HOMES) if path in self.inner.files]
        if "index.html" not in files:
            return  # nobody is led here yet
        while todo:
            path = todo.pop()
            if path in seen:
                continue
            seen.add(path)
            body = files[path][0]
            if (path, body) not in self._links:
                self._links[path, body] = links(path, body)
            for to in self._links[path, body]:
                if to not in files:
                    self.broken.append((path, to))
                elif to.endswith(".html"):
                    todo.append(to)

    def _act(self, operation: str, path: str, act: Callable[[], object], changes: bool) -> object:
        how = self.fails(operation, path)
        if how == "before" or (how == "lie" and not changes):
            raise unavailable(self.name, "slow", path=path)
        if how == "lie":
            return None
        found = act()
        if changes:
            self.look()
        if how == "after":
            raise unavailable(self.name, "slow", path=path)
        return found

    def put(self, path: str, body: bytes, headers: Headers) -> None:
        self._act("put", path, lambda: self.inner.put(path, body, headers), True)

    def delete(self, path: str) -> None:
        self._act("delete", path, lambda: self.inner.delete(path), True)

    def get(self, path: str) -> Stored | None:
        return self._act("get", path, lambda: self.inner.get(path), False)  # type: ignore[return-value]

    def head(self, path: str) -> Head | None:
        return self._act("head", path, lambda: self.inner.head(path), False)  # type: ignore[return-value]

    def purge(self, prefix: str, keep: Collection[str], ask: Callable[[], None] = unasked) -> int:
        return self.inner.purge(prefix, keep, ask)

    def walk(self) -> Iterator[str]:
        return self.inner.walk()


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """What is urgent overtakes from the second file on; one file after the other, no waiting."""
    monkeypatch.setattr("publisher.mirrors.urgency.MANY", 1)
    monkeypatch.setattr(publish, "MANY", 1)
    monkeypatch.setattr(publish, "WORKERS", 1)
    monkeypatch.setattr(publish, "SLOW_WORKERS", 1)
    monkeypatch.setattr("publisher.mirrors.readback.PAUSES", (0.0,))
    town = make_town(tmp_path / "town", '\n[[mirrors]]\nname = "m"\nurl = "m"\n')
    town.notices(6)
    return town


def send(town: Town, opened: Desk, mirror: Watched) -> str:
    town.build_at(opened)
    publish.register(opened.ledger, opened.settings.mirrors)
    (settings,) = opened.settings.mirrors
    line = publish.to_mirror(opened.settings, opened.ledger, opened.folder, settings, town.now, opened=mirror)
    publish.tidy(opened.ledger)
    return line.state


URGENT = "---\n件名: 避難指示{number}\n重要度: 緊急\n---\n\n避難してください。\n"


@pytest.mark.parametrize("back", [timedelta(), timedelta(hours=2)], ids=["", "the clock is set back"])
def test_a_page_that_waits_for_its_own_earlier_version(town: Town, back: timedelta) -> None:
    """New on the mirror, sent before what it links to, and reached only when the home page overtakes: 200 publishes had met it twice."""
    refused: list[str] = []
    mirror = Watched(lambda operation, path: "before" if operation == "put" and any(part in path for part in refused) else "")
    with town.desk() as opened:
        assert send(town, opened, mirror) == "current"
        town.now -= back
        refused[:] = ["n/"]
        town.drop("避難/知らせ.md", "# 知らせ\n\nひとつめ\n")
        assert send(town, opened, mirror) == "behind"
        refused[:] = [".v1."]
        town.drop("避難/知らせ.md", "# 知らせ\n\nふたつめ\n")
        assert send(town, opened, mirror) == "behind"
        refused[:] = []
        town.drop("避難/急.md", URGENT.format(number=1))
        assert send(town, opened, mirror) == "current"
    assert mirror.broken == []


@pytest.mark.parametrize("seed", range(6))
def test_no_link_breaks_whatever_fails(town: Town, seed: int) -> None:
    chance = random.Random(seed)
    rate = 0.0

    def fails(operation: str, _path: str) -> str:
        return chance.choice(("before", "after", "lie")) if chance.random() < (rate if operation in ("put", "delete") else rate / 4) else ""

    mirror = Watched(fails)
    with town.desk() as opened:
        assert send(town, opened, mirror) == "current"
        for number in range(30):
            rate = chance.choice((0.0, 0.05, 0.1))
            what, name = chance.random(), f"{chance.choice(('給水', '避難'))}/{chance.randrange(40):04d}.md"
            if what < 0.15 and (town.content / name).exists():
                (town.content / name).unlink()
            elif what < 0.5:
                town.drop(f"避難/緊急{number}.md", URGENT.format(number=number))
            else:
                town.drop(name, f"# お知らせ {number}\n\n{number}回目です。\n\n" + "くわしい内容です。\n\n" * chance.choice((1, 400)))
            send(town, opened, mirror)
            assert mirror.broken == [], number
        rate = 0.0
        assert send(town, opened, mirror) == "current"
    assert {path: body for path, (body, _) in mirror.inner.files.items()} == town.files()
