"""One change costs the same in a small town and in a large one: counted in files, statements and steps of the database, not in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from publisher.model import Problem
from publisher.pipeline.build import Desk, build
from publisher.pipeline.publish import to_mirrors
from tests.town import NOTICE, Town, make_town

SIZES = (100, 1_000, 5_000)

STEPS = 50
"""Instructions of the database between two counts."""


@dataclass
class Cost:
    """``steps``: instructions that the database executed, which is what reading rows costs, in units of ``STEPS``."""

    written: int = 0
    statements: int = 0
    steps: int = 0
    uploaded: int = 0


@contextmanager
def counting(opened: Desk) -> Iterator[Cost]:
    cost = Cost()
    connection = opened.ledger._connection

    def statement(_sql: str) -> None:
        cost.statements += 1

    def step() -> int:
        cost.steps += 1
        return 0

    connection.set_trace_callback(statement)
    connection.set_progress_handler(step, STEPS)
    try:
        yield cost
    finally:
        connection.set_trace_callback(None)
        connection.set_progress_handler(None, 0)


def month_of(place: Town, count: int) -> None:
    """So many notices in twelve categories, a minute apart: a large town has a longer history, not a busier day."""
    first = place.now - timedelta(minutes=5_100)
    for number in range(count):
        moment = first + timedelta(minutes=5_000 - count + number)
        text = NOTICE.format(title=f"給水所{number}", minute=0).replace("2036-03-11 14:00", f"{moment:%Y-%m-%d %H:%M}")
        file = place.content / f"種類{number % 12}" / f"{number:05d}.md"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")


def change(place: Town, opened: Desk, name: str, text: str, whole: bool = False) -> Cost:
    place.drop(name, text)
    with counting(opened) as cost:
        report = build(opened, place.now + timedelta(seconds=1), all_lines=False, places=None if whole else [name])
        cost.written = report.outputs.written
    cost.uploaded = sum(line.uploaded for line in to_mirrors(opened, place.now))
    problems: tuple[Problem, ...] = report.problems
    assert not problems
    return cost


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, Cost]]:
    found = {}
    for size in SIZES:
        place = make_town(tmp_path_factory.mktemp(f"town{size}"), '\n[[mirrors]]\nname = "mirror"\nurl = "mirror"\n')
        month_of(place, size)
        place.now += timedelta(days=1)
        with place.desk() as opened:
            place.build_at(opened)
            to_mirrors(opened, place.now)
            change(place, opened, "種類0/最初.md", "# 最初の知らせ\n\n本文\n")  # what is rendered for the first time is not what this is about
            found[size] = {
                "new": change(place, opened, "種類0/新しい.md", "# 新しい知らせ\n\n水があります。\n"),
                "edit": change(place, opened, "種類0/新しい.md", "# 新しい知らせ\n\n水はもうありません。\n"),
                "urgent": change(place, opened, "種類3/避難.md", "---\n件名: 避難指示\n重要度: 緊急\n---\n\n逃げてください。\n"),
                "process": change(place, opened, "種類0/別の.md", "# 別の知らせ\n\n本文\n", whole=True),
            }
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["new", "edit", "urgent", "process"])
def test_files_and_statements_do_not_grow(costs: dict[int, dict[str, Cost]], kind: str) -> None:
    small = costs[SIZES[0]][kind]
    for size in SIZES[1:]:
        large = costs[size][kind]
        assert large.written <= small.written * 1.3 + 8, f"{size}: {large}"  # a longer history has a step of the archive more
        assert large.uploaded == large.written
        assert large.statements <= small.statements * 1.3, f"{size}: {large} against {small}"


@pytest.mark.parametrize("kind", ["new", "edit", "urgent"])
def test_rows_read_do_not_grow(costs: dict[int, dict[str, Cost]], kind: str) -> None:
    small, large = costs[SIZES[0]][kind], costs[SIZES[-1]][kind]
    assert large.steps <= small.steps * 1.3, f"{large} against {small}"


def test_a_new_process_reads_one_row_a_file_and_nothing_else(costs: dict[int, dict[str, Cost]]) -> None:
    """It does not know what happened meanwhile, so it compares every file with what was known of it."""
    more = costs[5_000]["process"].steps - costs[1_000]["process"].steps
    assert more * STEPS <= 4_000 * 12
