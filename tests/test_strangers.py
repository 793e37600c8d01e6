"""A bucket that somebody else wrote to, a place that is another's, a key that others can read: a sentence each."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from publisher.mirrors.folder import FolderMirror
from publisher.mirrors.headers import Headers
from publisher.mirrors.trouble import unavailable
from publisher.pipeline import decide
from publisher.pipeline.keys import make
from publisher.pipeline.publish import open_secrets
from tests import servers
from tests.test_islands import FOLDERS, publish, s3
from tests.town import Town, make_town


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


def test_what_somebody_else_wrote_is_told_until_it_is_ours_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run that met it breaks off with words of its own, which stand in the place of those."""
    town = make_town(tmp_path / "town", FOLDERS)
    town.notices(3)
    publish(town)
    (town.root / "north" / "manifest.json").write_text("{}")
    town.drop("給水/9.md", "# 新しい給水所\n\n本文。\n")
    plain = FolderMirror.put

    def put(self: FolderMirror, path: str, body: bytes, headers: Headers) -> None:
        if self.name == "north" and path == "index.html":
            raise unavailable("north", "cut")
        plain(self, path, body, headers)

    monkeypatch.setattr(FolderMirror, "put", put)
    assert publish(town)["north"].problem.code == "mirror-cut"
    monkeypatch.setattr(FolderMirror, "put", plain)
    lines = publish(town)
    assert lines["north"].problem.code == "mirror-foreign" and lines["north"].state == "current"
    assert held_by(town, "north") == town.files()
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


def held_by(town: Town, name: str) -> dict[str, bytes]:
    root = town.root / name
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("signed", [True, False])
def test_what_went_while_a_mirror_was_out_of_the_configuration_goes_when_it_is_back(tmp_path: Path, signed: bool) -> None:
    town = make_town(tmp_path / "town", FOLDERS)
    if signed:
        make(town.settings())
    town.notices(3)
    town.drop("避難所.csv", "名称,住所\n中央小学校,本町\n")
    publish(town)
    toml = town.root / "publisher.toml"
    both = toml.read_text("utf-8")
    toml.write_text(both.replace('\n[[mirrors]]\nname = "north"\nurl = "north"\n', ""), encoding="utf-8")
    with town.desk() as opened:
        decide.withdraw(opened, "避難所.csv", town.now, "主任")
    publish(town)
    assert any(path.endswith(".csv") for path in held_by(town, "north"))
    toml.write_text(both, encoding="utf-8")
    assert publish(town)["north"].state == "current"
    assert held_by(town, "north") == town.files()


def test_what_went_with_a_lost_ledger_goes_from_the_mirrors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a key that lies elsewhere, and that signed a higher serial: it is our own site all the same."""
    town = make_town(tmp_path / "town", FOLDERS)
    monkeypatch.setenv("PUBLISHER_SIGNING_KEY_FILE", str(tmp_path / "signing.key"))
    make(town.settings())
    town.notices(3)
    for _ in range(3):
        town.drop("給水/もう一つ.md", f"# もう一つ\n\n是羅さん {town.now}\n")
        publish(town)
    shutil.rmtree(town.root / ".publisher")
    shutil.rmtree(town.public)
    (town.content / "給水/もう一つ.md").unlink()
    for line in publish(town).values():
        assert (line.state, line.problem) == ("current", None)
        assert held_by(town, line.name) == town.files()


def test_the_ceiling_of_deletions_holds_for_what_was_found_there(tmp_path: Path) -> None:
    town = make_town(tmp_path / "town", FOLDERS)
    town.notices(60)
    publish(town)
    shutil.rmtree(town.root / ".publisher")
    shutil.rmtree(town.content / "給水")
    town.notices(1, "道路")
    before = held_by(town, "north")
    line = publish(town)["north"]
    assert line.problem.code == "mirror-deletions" and before.keys() <= held_by(town, "north").keys()


def two_machines(tmp_path: Path) -> tuple[Town, Town]:
    """A hall, and another machine of the town that went on from a copy of it and has published to the same mirrors."""
    hall = make_town(tmp_path / "hall", FOLDERS.replace('url = "', f'url = "{tmp_path.as_posix()}/'))
    make(hall.settings())
    hall.notices(2)
    publish(hall)
    shutil.copytree(hall.root, tmp_path / "other")
    other = Town(tmp_path / "other", hall.now)
    for number in range(3):
        other.drop(f"給水/続き{number}.md", f"# 続き{number}\n\n本文。\n")
        publish(other)
    return hall, other


def test_a_machine_that_returns_does_not_replace_what_another_of_the_town_has_published_since(tmp_path: Path) -> None:
    hall, other = two_machines(tmp_path)
    hall.drop("給水/庁舎.md", "# 庁舎\n\n本文。\n")
    for _ in range(3):
        line = publish(hall)["north"]
        assert (line.state, line.problem.code) == ("behind", "mirror-newer") and "restore" in line.problem.todo
        hall.drop("給水/庁舎.md", f"# 庁舎\n\n本文 {hall.now}。\n")  # however often it builds
        assert {p.relative_to(tmp_path / "north").as_posix(): p.read_bytes() for p in (tmp_path / "north").rglob("*") if p.is_file()} == other.files()
    assert publish(other)["north"].problem is None
    # Somebody has decided for the hall.
    (tmp_path / "north" / "manifest.json").unlink()
    assert publish(hall)["north"].state == "current"
    assert (tmp_path / "north" / "index.html").read_bytes() == hall.files()["index.html"]


def test_a_machine_that_died_while_it_sent_its_list_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from publisher.mirrors import FolderMirror

    town = make_town(tmp_path / "town", FOLDERS)
    make(town.settings())
    town.notices(2)
    publish(town)
    put = FolderMirror.put

    def die(self, path: str, body: bytes, headers) -> None:
        put(self, path, body, headers)
        if path == "manifest.json":
            raise RuntimeError("killed")

    monkeypatch.setattr(FolderMirror, "put", die)
    town.drop("給水/9.md", "# 新しい給水所\n\n本文。\n")
    with pytest.raises(RuntimeError):
        publish(town)
    monkeypatch.undo()
    town.drop("給水/9.md", "# 新しい給水所\n\n新しい本文。\n")
    assert {(line.state, line.problem) for line in publish(town).values()} == {("current", None)}


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
    assert "[[mirrors]] の「cloud」" in found.what


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


def test_that_a_list_is_about_to_be_sent_is_on_the_disk_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else after a power failure our own list would look like that of another machine."""
    from publisher.ledger import Ledger
    from publisher.mirrors import FolderMirror

    town = make_town(tmp_path / "town", FOLDERS)
    town.notices(1)
    enduring, put, seen = Ledger.enduring, FolderMirror.put, []

    def watched(self: Ledger):
        seen.append(self._connection.execute("PRAGMA synchronous").fetchone())
        return enduring(self)

    def stored(self, path: str, body: bytes, headers) -> None:
        if path == "manifest.json":
            seen.append(path)
        put(self, path, body, headers)

    monkeypatch.setattr(Ledger, "enduring", watched)
    monkeypatch.setattr(FolderMirror, "put", stored)
    toml = town.root / "publisher.toml"
    toml.write_text(toml.read_text("utf-8").replace('\n[[mirrors]]\nname = "south"\nurl = "south"\n', ""), encoding="utf-8")
    publish(town)
    assert seen == [(1,), (1,), "manifest.json"]  # before readers are led to what is new, and before the list
    with town.desk() as opened:
        with enduring(opened.ledger):
            assert opened.ledger._connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert opened.ledger._connection.execute("PRAGMA synchronous").fetchone() == (1,)
