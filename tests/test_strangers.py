"""A bucket that somebody else wrote to, a place that is another's, a key that others can read: a sentence each."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.pipeline.publish import open_secrets
from tests import servers
from tests.test_islands import FOLDERS, publish, s3
from tests.town import make_town


def test_what_somebody_else_wrote_is_told_and_sent_again(tmp_path: Path) -> None:
    town = make_town(tmp_path / "town", FOLDERS)
    town.notices(3)
    publish(town)
    (town.root / "north" / "manifest.json").write_text("{}")
    (town.root / "north" / "index.html").write_text("<html>theirs</html>")
    town.drop("給水/9.md", "# 新しい給水所\n\n本文。\n")
    lines = publish(town)
    assert lines["north"].problem.code == "mirror-foreign" and lines["north"].state == "current"
    assert lines["south"].problem is None
    held = {p.relative_to(town.root / "north").as_posix(): p.read_bytes() for p in (town.root / "north").rglob("*") if p.is_file()}
    assert held == town.files()
    assert publish(town)["north"].problem is None


def test_the_place_of_another_publisher_is_not_touched(tmp_path: Path) -> None:
    town = make_town(tmp_path / "town", FOLDERS)
    town.notices(1)
    (town.root / "north").mkdir()
    (town.root / "north" / "manifest.json").write_text('{"publisher": "隣の町", "serial": 4}', encoding="utf-8")
    lines = publish(town)
    assert lines["north"].problem.code == "mirror-occupied" and "隣の町" in lines["north"].problem.what
    assert [p.name for p in (town.root / "north").rglob("*")] == ["manifest.json"]
    assert lines["south"].state == "current"


def test_our_own_place_after_the_ledger_was_lost_is_ours(tmp_path: Path) -> None:
    import shutil

    town = make_town(tmp_path / "town", FOLDERS)
    town.notices(1)
    publish(town)
    shutil.rmtree(town.root / ".publisher")
    assert publish(town)["north"].state == "current"


def test_a_key_file_that_others_can_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    town = make_town(tmp_path / "town", s3("cloud", "http://127.0.0.1:9"))
    for name, value in (("TOWN_KEY", servers.KEY), ("TOWN_SECRET", servers.SECRET)):
        monkeypatch.delenv(name, raising=False)
        file = tmp_path / name
        file.write_text(value)
        file.chmod(0o600)
        monkeypatch.setenv(f"{name}_FILE", str(file))
    assert open_secrets(town.settings()) == ()
    (tmp_path / "TOWN_SECRET").chmod(0o644)
    (found,) = open_secrets(town.settings())
    assert found.code == "secret-open" and "chmod 600" in found.todo and servers.SECRET not in str(found)


@pytest.mark.parametrize("body", ['{"shards": {"a": 1}}', '{"shards": [1]}', "[]", "x", '{"shards": {"a": ["../..", 1]}}'])
def test_after_a_restore_a_list_that_is_nobodys_says_nothing_and_stops_nothing(tmp_path: Path, body: str) -> None:
    town = make_town(tmp_path / "town", FOLDERS)
    town.notices(2)
    publish(town)
    with town.desk() as opened, opened.ledger.transaction():
        opened.ledger.remember("doubt", "restored")
    (town.root / "north" / "manifest.json").write_text(body)
    town.drop("給水/9.md", "# 新しい給水所\n\n本文。\n")
    assert publish(town)["north"].state == "current"
    held = {p.relative_to(town.root / "north").as_posix(): p.read_bytes() for p in (town.root / "north").rglob("*") if p.is_file()}
    assert held == town.files()
