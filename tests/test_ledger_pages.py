"""Very many files that go into an empty ledger at once: its indexes are made afterwards, and are there whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.ledger import Ledger, pages
from publisher.model import PageKind, PageRecord


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setattr(pages, "MANY", 10)
    ledger = Ledger(tmp_path / "ledger.db")
    yield ledger
    ledger.close()


def records(count: int) -> list[tuple[PageRecord, str, str]]:
    return [(PageRecord(f"n/{i:05}.html", f"{i:064}", i, PageKind.DOCUMENT, i % 2 == 0, 1), f"n{i % 7}", "") for i in range(count)]


def indexes(ledger: Ledger) -> list[str]:
    rows = ledger._connection.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name").fetchall()
    return [sql for (sql,) in rows]


def test_indexes_are_made_afterwards(ledger: Ledger) -> None:
    before, said = indexes(ledger), []
    ledger._connection.set_trace_callback(said.append)
    with ledger.transaction():
        ledger.pages.put(records(50), True)
        ledger.pages.use([("document:1", record.path) for record, _, _ in records(50)])
    assert sum(word.startswith("DROP INDEX") for word in said) == 3
    said.clear()
    with ledger.transaction():
        ledger.pages.put([(PageRecord("n/x.html", "0", 1, PageKind.LIST, False, 2), "nx", "")])
        ledger.pages.put(records(50))
    assert not any(word.startswith("DROP INDEX") for word in said)
    assert indexes(ledger) == before
    assert [page.path for page in ledger.pages.all()] == [*(record.path for record, _, _ in records(50)), "n/x.html"]
    assert ledger.pages.in_shard("n3") == [(r.path, r.sha256, r.size, "document") for r, shard, _ in records(50) if shard == "n3"]
    assert ledger._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("undone", [True, False])
def test_indexes_are_there_after_a_failure(ledger: Ledger, undone: bool) -> None:
    before = indexes(ledger)

    def broken() -> Iterator[tuple[PageRecord, str, str]]:
        yield from records(30)
        yield PageRecord("n/bad.html", None, 1, PageKind.LIST, False, 1), "n", ""  # type: ignore[arg-type]

    with pytest.raises(Exception, match="NOT NULL"), ledger.transaction():
        if undone:
            ledger.pages.put(broken(), True)
        else:
            with pytest.raises(Exception, match="NOT NULL"):
                ledger.pages.put(broken(), True)
            assert indexes(ledger) == before
            ledger.pages.put(broken(), True)
    assert indexes(ledger) == before
    assert not ledger.pages.any()


def test_nothing_is_sorted_in_a_folder_of_the_system(ledger: Ledger) -> None:
    """It may be full, or not writable."""
    for one in (ledger, ledger.copy()):
        assert one._connection.execute("PRAGMA temp_store").fetchone() == (2,)
