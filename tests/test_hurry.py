"""A mirror that hangs keeps no machine from taking over."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from publisher.mirrors import MemoryMirror, headers
from publisher.mirrors.contract import Stored
from publisher.model import PageKind
from publisher.pipeline.doubt import published
from publisher.pipeline.hurry import Fetch, in_time
from publisher.pipeline.publish import to_mirrors
from publisher.pipeline.replica import Replica
from tests.servers import KEY, SECRET
from tests.test_backup import take
from tests.test_replica import branch, hall, lead, replica_after  # noqa: F401 - fixtures
from tests.town import Town


@pytest.fixture
def hanging() -> Iterator[str]:
    """A store that takes every call and never answers."""
    held: list[socket.socket] = []

    def take_calls() -> None:
        while True:
            try:
                held.append(listening.accept()[0])
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=take_calls)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)
    for line in held:
        line.close()


def add_mirrors(town: Town, url: str, folder: Path) -> None:
    with (town.root / "publisher.toml").open("a", encoding="utf-8") as toml:
        toml.write(
            f'\n[[mirrors]]\nname = "hangs"\nurl = "s3://site/x"\nendpoint = "{url}"\nregion = "us-east-1"\nkey_env = "STORE_KEY"\nsecret_env = "STORE_SECRET"\n'
            f'\n[[mirrors]]\nname = "well"\nurl = "{folder}"\n'
        )


def seconds(what: Callable[[], object]) -> tuple[float, object]:
    start = time.monotonic()
    found = what()
    return time.monotonic() - start, found


def test_the_pages_come_from_the_mirror_that_answers_while_another_one_hangs(
    hall: Town, branch: Town, tmp_path: Path, hanging: str, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    monkeypatch.setenv("STORE_KEY", KEY)
    monkeypatch.setenv("STORE_SECRET", SECRET)
    for town in (hall, branch):
        add_mirrors(town, hanging, tmp_path / "mirror")
        town.build()
    for number in range(30):
        branch.drop(f"新着{number}.md", f"# 新着{number}\n\n本文です。\n")
    branch.build()
    lead(branch, 2)
    with branch.desk() as opened:
        lines = to_mirrors_well(opened, branch)
    assert lines == ["current"]
    take(branch)
    took, highest = seconds(lambda: published(hall.settings()))
    assert highest == branch_serial(branch) and took < 6
    took, replica = seconds(lambda: replica_after(hall))
    assert isinstance(replica, Replica) and not replica.unrendered and took < 15
    assert {p for p in branch.files() if p.startswith("n/")} == {p for p in hall.files() if p.startswith("n/")}


def to_mirrors_well(opened, town: Town) -> list[str]:
    from dataclasses import replace

    opened.settings = replace(opened.settings, mirrors=opened.settings.mirrors[1:])
    return [line.state for line in to_mirrors(opened, town.now)]


def branch_serial(town: Town) -> int:
    with town.desk() as opened:
        return opened.ledger.serial


# --- without a network ---


class Slow(MemoryMirror):
    """Answers ``get`` when it is told to."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.asked, self.go = 0, threading.Event()

    def get(self, path: str) -> Stored | None:
        self.asked += 1
        self.go.wait(30)
        return super().get(path)


def filled(mirror: MemoryMirror, files: dict[str, bytes]) -> MemoryMirror:
    for path, body in files.items():
        mirror.put(path, body, headers(path, PageKind.DOCUMENT, False))
    return mirror


def wanted(files: dict[str, bytes]) -> dict[str, tuple[str, int]]:
    import hashlib

    return {path: (hashlib.sha256(body).hexdigest(), len(body)) for path, body in files.items()}


FILES = {f"n/{number}.html": str(number).encode() for number in range(40)}


def test_a_mirror_without_the_files_is_asked_once_by_each_worker_and_the_next_one_gives_them(tmp_path: Path) -> None:
    old = filled(MemoryMirror("old"), dict.fromkeys(FILES, b"older"))
    assert Fetch([old, filled(MemoryMirror("new"), FILES)], tmp_path, wanted(FILES)).fetch(FILES)
    assert {p.relative_to(tmp_path).as_posix(): p.read_bytes() for p in tmp_path.rglob("*.html")} == FILES
    assert not Fetch([old], tmp_path, wanted(FILES)).fetch(FILES)
    assert not Fetch([], tmp_path, wanted(FILES)).fetch(FILES)


def test_what_comes_too_late_is_not_written(tmp_path: Path) -> None:
    slow = filled(Slow("slow"), FILES)
    took, whole = seconds(lambda: Fetch([slow], tmp_path, wanted(FILES)).fetch(FILES, 0.2))
    assert not whole and took < 5
    slow.go.set()
    for thread in threading.enumerate():
        if thread.name == "hurry":
            thread.join(10)
    assert not list(tmp_path.rglob("*.html"))


def test_who_answers_in_time_is_heard_the_quickest_first_and_a_mistake_is_not_swallowed() -> None:
    never, first = threading.Event(), threading.Event()

    def second() -> int:
        first.wait(10)
        return 2

    def quick() -> int:
        first.set()
        return 1

    took, found = seconds(lambda: in_time([lambda: never.wait(30), second, quick], 1.0))
    assert sorted(found) == [1, 2] and took < 5
    never.set()
    with pytest.raises(ZeroDivisionError):
        in_time([lambda: 1 // 0], 5)
