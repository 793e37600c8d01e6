"""What large tables leave for their next editions, when several are made by one pair of hands."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from publisher.editions.tables.known import Made
from publisher.model import PublicWorkbook
from publisher.pipeline import lasting
from publisher.pipeline import sequel as module
from publisher.pipeline.aside import Aside
from publisher.pipeline.examine import Lent
from publisher.pipeline.lasting import Lasting
from publisher.pipeline.memory import Memory
from tests.test_sequel import LINES, QUESTION, bytes_of, made, remembered
from tests.town import make_town

OTHER = replace(QUESTION, path="別の名簿/名簿.csv", slug="betsu")
DATA = bytes_of(LINES)


class Parts:
    """The pages of a table: what they make of its rows is made in the copy."""

    def __init__(self, value: Made | None, seconds: float = 0) -> None:
        self._value, self._seconds = value, seconds

    def made(self, _rows: bytes, _found: object) -> Made | None:
        time.sleep(self._seconds)
        return self._value


def copy() -> Aside[None, None]:
    """A copy of this process that found out nothing that these parts would ask for."""
    return Aside(lambda: None, lambda: None, lambda: None)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasting, "WORTH_MEMORY", 1_000)
    monkeypatch.setattr(module, "LEAST", 1_000)


def test_of_two_large_tables_both_are_remembered(tmp_path: Path) -> None:
    hands = Lasting(tmp_path / "rolls", lambda _: DATA)
    tables = {}
    for question in (QUESTION, OTHER):
        answer, content = hands.examine(question, "a" * 64, Lent(DATA))
        assert isinstance(content, PublicWorkbook)
        tables[question.slug] = question, content.tables[0], made(answer, content)
    for question, table, value in tables.values():
        hands.remember(question, "a" * 64, table, Parts(value), copy())
    hands.settle()
    for question, _, _ in tables.values():
        assert Memory(tmp_path / "rolls").of(question) is not None


def test_of_many_large_tables_few_are_kept_in_memory(tmp_path: Path) -> None:
    hands = Lasting(tmp_path / "rolls", lambda _: DATA)
    for number in range(5):
        hands.examine(replace(QUESTION, path=f"{number}.csv"), "a" * 64, Lent(DATA))
    assert len(hands._examined) == lasting.WAITING


@pytest.mark.parametrize("another", [False, True])
def test_what_is_being_written_down_is_forgotten_too(tmp_path: Path, another: bool) -> None:
    hands = Lasting(tmp_path / "rolls", lambda _: DATA)
    answer, content = hands.examine(QUESTION, "a" * 64, Lent(DATA))
    assert isinstance(content, PublicWorkbook)
    hands.remember(QUESTION, "a" * 64, content.tables[0], Parts(made(answer, content), seconds=0.5), copy())
    if another:  # the same table once more, of which nothing is to be remembered
        hands.remember(QUESTION, "b" * 64, content.tables[0], Parts(None), copy())
    else:
        hands.forget(QUESTION.slug)
    hands.settle()
    assert Memory(tmp_path / "rolls").of(QUESTION) is None


def test_what_the_copy_could_not_say_is_not_remembered(tmp_path: Path) -> None:
    class Asks(Parts):
        def made(self, rows: bytes, found: object) -> Made | None:
            return None if found is None else super().made(rows, found)

    hands = Lasting(tmp_path / "rolls", lambda _: DATA)
    for said, is_known in ((lambda: 7, True), (lambda: 1 / 0, False), (lambda: os.kill(os.getpid(), signal.SIGKILL), False)):
        answer, content = hands.examine(QUESTION, "a" * 64, Lent(DATA))
        assert isinstance(content, PublicWorkbook)
        copied: Aside[int, object] = Aside(lambda: 1, lambda: 2, said)
        assert copied.result() == 1
        hands.remember(QUESTION, "a" * 64, content.tables[0], Asks(made(answer, content)), copied)
        hands.settle()
        assert (Memory(tmp_path / "rolls").of(QUESTION) is not None) is is_known


def test_that_a_file_is_plain_is_found_out_when_it_is_remembered(tmp_path: Path) -> None:
    quoted = bytes_of([*LINES[:-1], '"' + LINES[-1].replace(",", '",', 1)])
    for data, is_plain in ((DATA, True), (quoted, False)):
        hands = Lasting(tmp_path / str(is_plain), lambda _, data=data: data)
        answer, content = hands.examine(QUESTION, "a" * 64, Lent(data))
        assert isinstance(content, PublicWorkbook)
        hands.remember(QUESTION, "a" * 64, content.tables[0], Parts(made(answer, content)), copy())
        hands.settle()
        found = Memory(tmp_path / str(is_plain)).of(QUESTION)
        assert found is not None and found.plain is is_plain


def test_hands_that_remember_nothing_forget(tmp_path: Path) -> None:
    Memory(tmp_path).keep(QUESTION, remembered(DATA))
    hands = Lasting(tmp_path, lambda _: DATA, alone=False)
    hands.examine(QUESTION, "a" * 64, Lent(DATA))
    hands.forget(QUESTION.slug)
    assert Memory(tmp_path).of(QUESTION) is None


def test_what_is_remembered_of_tables_that_no_profile_has_is_removed_at_the_next_run(tmp_path: Path) -> None:
    town = make_town(tmp_path / "town")
    town.build()
    folder = town.root / ".publisher" / "rolls"
    assert not folder.exists()
    folder.mkdir()
    for name in ("hinansha.roll", ".hinansha.roll.part", "mukashi.roll", ".mukashi.roll.part"):
        (folder / name).write_bytes(b"")
    town.build(dry=True)
    assert len(list(folder.iterdir())) == 4
    town.build()
    assert sorted(file.name for file in folder.iterdir()) == [".hinansha.roll.part", "hinansha.roll"]
