"""One machine takes over what another one led: what is lost over there, what was changed here, what stands in both."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from publisher.backup.bring import Bringer
from publisher.backup.key import Key
from publisher.errors import SiteError
from publisher.pipeline.backup import Source, open_vault, restore
from publisher.pipeline.replica import Replica
from tests.test_backup import backed_town, take
from tests.town import Town


@pytest.fixture
def hall(tmp_path: Path) -> Town:
    town = backed_town(tmp_path)
    town.drop("給水.md", "# 給水します\n\n駅前公園です。\n")
    town.drop("道路.md", "# 国道は通れません\n\n崖崩れです。\n")
    (town.root / "themes").mkdir()
    (town.root / "themes/note.txt").write_text("一", encoding="utf-8")
    town.build()
    take(town)
    return town


@pytest.fixture
def branch(hall: Town, tmp_path: Path) -> Town:
    """Another machine, with the same state."""
    restore(Source(str(tmp_path / "vault")), Key.read(hall.root / "backup.key"), tmp_path / "branch")
    town = Town(tmp_path / "branch", hall.now + timedelta(hours=1))
    town.build()
    return town


def lead(town: Town, fence: int) -> None:
    """Its snapshots are those of this leader."""
    with town.desk() as opened:
        opened.ledger.remember("fence", str(fence))


def follow(town: Town, fence: int = 9) -> list[str]:
    """Take over; the codes of what staff are told."""
    return [problem.code for problem in replica_after(town, fence).problems]


def replica_after(town: Town, fence: int = 9) -> Replica:
    vault = open_vault(town.settings())
    vault.open(make=True)
    replica = Replica(town.settings(), Bringer(vault))
    replica.follow(fence, town.now)
    return replica


def content(town: Town) -> dict[str, str]:
    return {
        p.relative_to(town.content).as_posix(): p.read_text(encoding="utf-8") for p in sorted(town.content.rglob("*.md")) if "_控え" not in p.parts
    }


def aside(town: Town) -> dict[str, str]:
    return {p.name: p.read_text(encoding="utf-8") for p in (town.content / "_控え").rglob("*") if p.is_file()}


# --- what is lost over there ---


def config_object(town: Town, path: str) -> Path:
    vault = open_vault(town.settings())
    [name] = [item.name for item in vault.snapshot(vault.snapshots()[0]).config if item.path == path]
    return Path(vault.place) / name


@pytest.mark.parametrize("how", ["missing", "cut"])
def test_a_file_of_the_configuration_that_is_lost_over_there_stays_as_it_is_here(hall: Town, branch: Town, how: str) -> None:
    lead(branch, 2)
    (branch.root / "themes/note.txt").write_text("二", encoding="utf-8")
    branch.drop("電気.md", "# 停電しています\n\n復旧は未定です。\n")
    branch.build()
    take(branch)
    lost = config_object(branch, "themes/note.txt")
    lost.unlink() if how == "missing" else lost.write_bytes(lost.read_bytes()[:-5])
    replica = replica_after(hall)
    [problem] = replica.problems
    assert problem.code == "replica-lost-config" and problem.where.endswith("themes/note.txt")
    assert (hall.root / "themes/note.txt").read_text(encoding="utf-8") == "一"
    assert "電気.md" in content(hall)


def test_originals_that_are_lost_over_there_are_told(hall: Town, branch: Town) -> None:
    lead(branch, 2)
    file = branch.drop("電気.md", "# 停電しています\n\n復旧は未定です。\n")
    import hashlib

    branch.build()
    take(branch)
    vault = open_vault(branch.settings())
    for name in vault.names_of_file(hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_size):
        (Path(vault.place) / name).unlink()
    assert follow(hall) == ["restore-lost-versions", "restore-lost"]


def test_a_disk_that_takes_nothing_is_told_in_words(hall: Town, branch: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    lead(branch, 2)
    branch.drop("電気.md", "# 停電しています\n\n復旧は未定です。\n")
    branch.build()
    take(branch)
    before = (hall.root / ".publisher/ledger.db").read_bytes()
    real = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if hall.root in self.parents:
            raise OSError(28, "No space left on device", str(self))
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SiteError, match="空き容量") as caught:
        follow(hall)
    assert caught.value.problem.code == "replica-unwritable"
    assert (hall.root / ".publisher/ledger.db").read_bytes() == before


def test_a_file_that_vanishes_between_the_listing_and_the_reading_is_no_failure(hall: Town, branch: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    from publisher.pipeline import replica

    lead(branch, 2)
    branch.drop("電気.md", "# 停電しています\n\n復旧は未定です。\n")
    branch.build()
    take(branch)
    hall.drop("一時.md", "# すぐ消えます\n\n本文です。\n")
    real = replica.listing

    def listing(folder: Path):
        found = real(folder)
        (folder / "一時.md").unlink(missing_ok=True)
        return found

    monkeypatch.setattr(replica, "listing", listing)
    assert follow(hall) == [] and "電気.md" in content(hall)
