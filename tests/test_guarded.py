"""Who may no longer publish writes nothing more: no file, no repetition, no deletion, nothing over a page that is taken down."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from publisher.errors import MirrorUnavailable
from publisher.ledger import Ledger
from publisher.mirrors import FolderMirror, Guarded, MemoryMirror, Retrying, headers, unavailable
from publisher.model import PageKind
from publisher.pipeline.decide import withdraw
from publisher.pipeline.publish import to_mirror, to_mirrors
from tests.town import Town, make_town

FOLDER = '\n[[mirrors]]\nname = "north"\nurl = "north"\n'
PAGE = headers("n/a.html", PageKind.DOCUMENT, False)


@pytest.fixture
def town(tmp_path: Path) -> Town:
    town = make_town(tmp_path / "town", FOLDER)
    town.notices(12)
    with town.desk() as opened:
        town.build_at(opened)
        assert to_mirrors(opened, town.now)[0].state == "current"
    return town


def held(town: Town) -> set[str]:
    root = town.root / "north"
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}


class Lease:
    """Says yes so many times."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self) -> bool:
        self.left -= 1
        return self.left >= 0


def send(town: Town, may: Lease):
    with town.desk() as opened:
        return to_mirror(opened.settings, opened.ledger, opened.folder, opened.settings.mirrors[0], town.now, may=may)


def test_an_upload_is_not_repeated_after_the_lease_is_lost() -> None:
    bare = MemoryMirror(fail_on=lambda operation, path: unavailable("memory", "slow") if operation == "put" else None)
    asked = Lease(2)
    mirror = Retrying(Guarded(bare, asked, lambda name: unavailable(name, "cut")), 5, sleep=lambda seconds: None)
    with pytest.raises(MirrorUnavailable) as raised:
        mirror.put("n/a.html", b"x", PAGE)
    assert bare.log == [] and asked.left < 0
    assert raised.value.problem.code == "mirror-cut"


def test_reading_needs_no_lease() -> None:
    bare = MemoryMirror()
    bare.put("n/a.html", b"x", PAGE)
    mirror = Guarded(bare, lambda: False, lambda name: unavailable(name, "cut"))
    assert mirror.get("n/a.html") is not None and mirror.head("n/a.html") is not None and list(mirror.walk()) == ["n/a.html"]
    for write in (lambda: mirror.put("n/a.html", b"y", PAGE), lambda: mirror.delete("n/a.html"), lambda: mirror.purge("n/a.", ())):
        with pytest.raises(MirrorUnavailable):
            write()
    assert bare.files["n/a.html"][0] == b"x"


def test_a_purge_asks_before_each_deletion() -> None:
    bare = MemoryMirror()
    for number in range(6):
        bare.put(f"n/a.{number}.html", b"x", PAGE)
    mirror = Guarded(bare, Lease(3), lambda name: unavailable(name, "cut"))
    with pytest.raises(MirrorUnavailable):
        mirror.purge("n/a.", ())
    assert len(bare.files) == 4


def test_a_folder_is_purged_no_further_than_the_lease_goes(town: Town) -> None:
    before = held(town)
    mirror = Guarded(FolderMirror("north", town.root / "north"), Lease(3), lambda name: unavailable(name, "cut"))
    with pytest.raises(MirrorUnavailable):
        mirror.purge("k/n/", ())
    assert len(before - held(town)) == 2


def test_deletions_stop_with_the_lease_and_go_on_with_it(town: Town) -> None:
    before = held(town)
    (town.root / "publisher.toml").write_text((town.root / "publisher.toml").read_text("utf-8") + "\n[editions]\nlegacy = false\n", encoding="utf-8")
    town.build()
    with town.desk() as opened:
        dry = to_mirror(opened.settings, opened.ledger, opened.folder, opened.settings.mirrors[0], town.now, dry=True)
    assert dry.deleted > 10
    # Twice for each upload (before it is read, before it is written), once for each deletion, and once at the beginning.
    line = send(town, Lease(1 + 2 * dry.uploaded + 3))
    assert line.problem is not None and line.problem.code == "not-leading"
    assert len(before - held(town)) == 3 == line.deleted
    assert send(town, Lease(1000)).state == "current"
    assert held(town) == set(town.files())


def test_nothing_is_written_over_what_another_machine_may_show(town: Town) -> None:
    page = sorted(path for path in held(town) if path.startswith("n/"))[0]
    stood = (town.root / "north" / page).read_bytes()
    with town.desk() as opened:
        [row] = [row for row in opened.ledger.documents.all() if row.card is not None and row.card.path == page]
        withdraw(opened, row.path, town.now, "somebody")
        town.build_at(opened)
        line = to_mirror(opened.settings, opened.ledger, opened.folder, opened.settings.mirrors[0], town.now, may=Lease(1))
    assert line.problem is not None and line.problem.code == "not-leading"
    assert (town.root / "north" / page).read_bytes() == stood
    with closing(Ledger(town.root / ".publisher" / "ledger.db")) as ledger:
        assert ledger.takedowns.pending("north")
    assert send(town, Lease(1000)).state == "current"
    assert (town.root / "north" / page).read_bytes() == town.files()[page] != stood
