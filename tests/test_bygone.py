"""What is replaced or deleted waits beside the ledger until there is time to let go of it; the public sees none of that."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from threading import Event, Thread

import pytest

from publisher.files import exchange, put_down
from publisher.model import Delete, Page, PageKind
from publisher.site import bygone as bygone_
from publisher.site import write as write_
from publisher.site.bygone import Bygone
from publisher.site.write import SiteFolder
from tests.town import make_town


def publish(site: SiteFolder, known: dict[str, str], **pages: str) -> None:
    """Put these pages in the place of what stands, and delete what is not among them; ``known``: SHA-256 by path."""
    site.open()
    stager = site.stager(1)
    staged = []
    for name, words in pages.items():
        before = (known[name], PageKind.DOCUMENT, False) if name in known else None
        one = stager.stage(Page(name, words.encode(), PageKind.DOCUMENT), before)
        if one is not None:
            staged.append(one)
            known[name] = one.record.sha256
    gone = [name for name in known if name not in pages]
    site.apply(staged, [Delete(name) for name in gone])
    for name in gone:
        del known[name]


def texts(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_what_was_replaced_waits_where_nobody_sees_it_and_is_deleted(tmp_path: Path) -> None:
    public, bygone = tmp_path / "public", tmp_path / "state" / "bygone"
    site, known = SiteFolder(public, bygone), {}
    publish(site, known, a="one", b="two")
    site.close()
    publish(site, known, a="three")
    assert texts(public) == {"a": "three"}
    assert sorted(texts(bygone).values()) == ["one", "two"]
    assert stat.S_IMODE(bygone.stat().st_mode) == 0o700
    site.close()
    site.settle()
    assert texts(public) == {"a": "three"}
    assert list(bygone.iterdir()) == []


def test_what_a_killed_run_left_is_deleted_at_the_next_one(tmp_path: Path) -> None:
    public, bygone = tmp_path / "public", tmp_path / "bygone"
    site, known = SiteFolder(public, bygone), {}
    publish(site, known, a="one")
    publish(site, known, a="two")  # and the process is gone
    assert texts(bygone)
    after = SiteFolder(public, bygone)
    publish(after, known, a="three")
    after.close()
    after.settle()
    assert (texts(public), texts(bygone)) == ({"a": "three"}, {})


@pytest.fixture
def swapping(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """New and old files exchange their names from two on; what still gets a second name instead."""
    kept: list[str] = []
    real = Bygone.keep
    monkeypatch.setattr(write_, "SWAPPED", 2)
    monkeypatch.setattr(bygone_, "ROOM", 3)
    monkeypatch.setattr(Bygone, "keep", lambda self, file: (kept.append(file), real(self, file))[1])
    return kept


PAGES = {f"{name}.html": f"old {name}" for name in "abcdefghij"}
LATER = {name: words.replace("old", "new") for name, words in PAGES.items()}


def test_many_exchange_their_names_with_what_they_replace(tmp_path: Path, swapping: list[str]) -> None:
    public, bygone = tmp_path / "public", tmp_path / "bygone"
    site, known = SiteFolder(public, bygone), {}
    for round_ in range(3):
        pages = {name: f"{words} {round_}" for name, words in PAGES.items()}
        publish(site, known, **pages, last=str(round_))
        assert {name: (public / name).read_text() for name in pages} == pages
        assert stat.S_IMODE((public / ".staging").stat().st_mode) == 0o700, "old bytes lie in it for a moment"
        site.close()
        assert texts(public) == pages | {"last": str(round_)}
    site.settle()
    assert swapping == []
    assert list(bygone.iterdir()) == []


def test_a_file_that_somebody_took_away_is_replaced_by_none(tmp_path: Path, swapping: list[str]) -> None:
    site, known = SiteFolder(tmp_path / "public", tmp_path / "bygone"), {}
    publish(site, known, **PAGES)
    (tmp_path / "public" / "c.html").unlink()
    publish(site, known, **LATER)
    site.close()
    site.settle()
    assert texts(tmp_path / "public") == LATER
    assert [Path(file).name for file in swapping] == ["c.html"]
    assert texts(tmp_path / "bygone") == {}


@pytest.mark.parametrize("error", [errno.ENOSYS, errno.EINVAL, errno.EXDEV, errno.EMFILE])
def test_a_system_that_exchanges_no_names_is_written_all_the_same(tmp_path: Path, swapping: list[str], monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(bygone_, "exchange", refuse)
    site, known = SiteFolder(tmp_path / "public", tmp_path / "bygone"), {}
    publish(site, known, **PAGES)
    publish(site, known, **LATER)
    site.close()
    site.settle()
    assert texts(tmp_path / "public") == LATER
    assert len(swapping) == len(LATER)
    assert list((tmp_path / "bygone").iterdir()) == []


def test_what_a_run_killed_amid_an_exchange_left_is_cleared_away(tmp_path: Path, swapping: list[str]) -> None:
    site, known = SiteFolder(tmp_path / "public", tmp_path / "bygone"), {}
    publish(site, known, **PAGES)
    site.close()
    publish(site, known, **LATER)  # and the process is gone
    after = SiteFolder(tmp_path / "public", tmp_path / "bygone")
    publish(after, known, **PAGES)
    after.close()
    after.settle()
    assert texts(tmp_path / "public") == PAGES
    assert texts(tmp_path / "bygone") == {}
    site.settle()  # the threads of the run before find nothing that is theirs
    assert texts(tmp_path / "public") == PAGES


def test_readers_meet_whole_files_while_names_are_exchanged(tmp_path: Path, swapping: list[str]) -> None:
    site, known = SiteFolder(tmp_path / "public", tmp_path / "bygone"), {}
    publish(site, known, **{name: "0" * 9_000 for name in PAGES})
    site.close()
    seen, ended = set(), Event()

    def read() -> None:
        while not ended.is_set():
            seen.update({(len(words), len(set(words))) for name in PAGES for words in [(tmp_path / "public" / name).read_text()]})

    reader = Thread(target=read)
    reader.start()
    try:
        for number in range(1, 30):
            publish(site, known, **{name: str(number % 10) * 9_000 for name in PAGES})
            site.close()
    finally:
        ended.set()
        reader.join()
    site.settle()
    assert seen == {(9_000, 1)}
    assert texts(tmp_path / "bygone") == {}


def test_names_are_exchanged_or_an_error_says_why_not(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("1")
    other.write_text("2")
    exchange(str(one), str(other))
    assert (one.read_text(), other.read_text()) == ("2", "1")
    with pytest.raises(FileNotFoundError):
        exchange(str(one), str(tmp_path / "missing"))
    assert one.read_text() == "2"


@pytest.mark.parametrize("error", [errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK])
def test_a_disk_without_second_names_is_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "rename", refuse)
    public = tmp_path / "public"
    site, known = SiteFolder(public, tmp_path / "bygone"), {}
    publish(site, known, a="one", b="two")
    publish(site, known, a="three")
    site.close()
    site.settle()
    assert (texts(public), texts(tmp_path / "bygone")) == ({"a": "three"}, {})
    assert list((tmp_path / "bygone").iterdir()) == [], "an empty folder for each run would be left for good"


def test_a_folder_that_cannot_be_made_keeps_nobody_from_publishing(tmp_path: Path) -> None:
    (tmp_path / "bygone").write_text("a file of that name")
    site, known = SiteFolder(tmp_path / "public", tmp_path / "bygone"), {}
    publish(site, known, a="one")
    publish(site, known, a="two")
    site.close()
    site.settle()
    assert texts(tmp_path / "public") == {"a": "two"}


def test_runs_go_on_while_others_are_let_go(tmp_path: Path) -> None:
    bygone = Bygone(tmp_path / "bygone")
    for number in range(50):
        put_down(str(tmp_path / "page"), b"%d" % number, os.O_TRUNC)
        bygone.keep(str(tmp_path / "page"))
        bygone.let_go()
    bygone.wait()
    assert (tmp_path / "page").read_bytes() == b"49"
    assert list((tmp_path / "bygone").iterdir()) == []


@pytest.mark.parametrize("threads", [True, False])
def test_all_is_gone_whatever_the_threads_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: bool) -> None:
    """What a killed run left goes although others are deleted meanwhile, and where no thread may be started."""

    def refused(_: object) -> None:
        raise RuntimeError("can't start new thread")

    if not threads:
        monkeypatch.setattr(Thread, "start", refused)
    monkeypatch.setattr(bygone_, "ROOM", 3)
    folder = tmp_path / "bygone"
    (folder / "killed").mkdir(parents=True)
    (folder / "killed" / "0").write_text("somebody")
    bygone = Bygone(folder)
    for number in range(40):
        put_down(str(tmp_path / "page"), b"%d" % number, os.O_TRUNC)
        bygone.keep(str(tmp_path / "page"))
        (tmp_path / "page").unlink()
    bygone.let_go()
    bygone.wait()
    assert list(folder.iterdir()) == []


def test_what_comes_when_all_threads_are_about_to_end_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have looked for more for the last time, and count as alive."""
    bygone = Bygone(tmp_path / "bygone")
    monkeypatch.setattr(bygone, "_deleting", lambda: [Thread()] * bygone_.MOST)
    (tmp_path / "page").write_text("somebody")
    bygone.keep(str(tmp_path / "page"))
    bygone.let_go()
    assert texts(tmp_path / "bygone")
    bygone.wait()
    assert list((tmp_path / "bygone").iterdir()) == []


def test_nothing_of_a_withdrawn_page_is_left_when_the_command_ends(tmp_path: Path) -> None:
    town = make_town(tmp_path)
    town.notices(3)
    town.drop("給水/場所.md", "# 給水\n\n秘密の言葉\n")
    town.build()
    (town.content / "給水" / "場所.md").unlink()
    town.build()
    left = [str(file) for root in (town.root / "public", town.root / ".publisher" / "bygone") for file in root.rglob("*") if file.is_file() and "秘密の言葉".encode() in file.read_bytes()]
    assert left == []
