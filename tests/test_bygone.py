"""What is replaced or deleted waits beside the ledger until there is time to let go of it; the public sees none of that."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from threading import Thread

import pytest

from publisher.files import put_down
from publisher.model import Delete, Page, PageKind
from publisher.site import bygone as bygone_
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
