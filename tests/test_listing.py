"""The drop folder: what is a document, what changed, what moved."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.intake.archive import Archive, Moved
from publisher.intake.listing import Entry, changes, ignored, listing, moves
from publisher.intake.settle import Settling

IGNORED = [
    "~$給水.docx", ".~lock.名簿.xlsx#", "a.tmp", "写真.jpg.part", "x.crdownload", "Thumbs.db", "desktop.ini", ".DS_Store", "._給水.md", "@eaDir",
    ".stfolder", "_下書き.md", "＿下書き.md", "_状況.html", "memo.md~",
]  # fmt: skip


@pytest.mark.parametrize("name", IGNORED)
def test_what_is_not_a_document(name: str) -> None:
    assert ignored(name)


@pytest.mark.parametrize("name", ["給水.md", "data (1).xlsx", "data .xlsx", "第1報_改.docx", "近道.lnk", "台帳.bak"])
def test_everything_else_gets_a_verdict(name: str) -> None:
    assert not ignored(name)


def test_listing_walks_folders_and_leaves_drafts(tmp_path: Path) -> None:
    for path in ("給水/給水.md", "_下書き/秘密.md", "給水/_案.md", "避難所/a/b.csv"):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x", encoding="utf-8")
    assert list(listing(tmp_path).entries) == ["給水/給水.md", "避難所/a/b.csv"]


def test_two_spellings_of_one_name_are_told(tmp_path: Path) -> None:
    (tmp_path / "が.md").write_text("NFC", encoding="utf-8")
    (tmp_path / "か\u3099.md").write_text("NFD", encoding="utf-8")
    found = listing(tmp_path)
    assert list(found.entries) == ["が.md"]
    assert len(found.clashes) == 1


def test_a_linked_folder_is_told_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    found = listing(tmp_path)
    assert not found.entries
    assert found.unreadable[0][0] == "a/loop"


def test_what_lies_in_an_unreadable_folder_has_not_vanished(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").symlink_to(tmp_path / "nowhere" / "x")
    found = listing(tmp_path)
    what = changes(found, {"a/x": (1, 1), "b": (1, 1)})
    assert what.vanished == ("b",)


def test_moves_pair_equal_names_first() -> None:
    found = moves({"a/x.md": "1", "a/y.md": "1", "gone.md": "2"}, {"b/y.md": "1", "b/z.md": "1", "new.md": "3"})
    assert found == {"a/y.md": "b/y.md", "a/x.md": "b/z.md"}


@given(st.dictionaries(st.text("abc/", min_size=1, max_size=4), st.sampled_from("123")), st.dictionaries(st.text("abc/", min_size=1, max_size=4), st.sampled_from("123")))
def test_moves_never_use_a_file_twice(old: dict[str, str], new: dict[str, str]) -> None:
    found = moves(old, new)
    assert len(set(found.values())) == len(found)
    assert all(old[a] == new[b] for a, b in found.items())


def _entry(path: str, size: int, mtime: int) -> Entry:
    return Entry(path, path, size, mtime, mtime)


def test_a_growing_file_is_not_ready() -> None:
    settling = Settling(quiet=1.0)
    assert settling.ready([_entry("a", 1, 1)], (), 0.0) == ((), 1.0)
    assert settling.ready([_entry("a", 2, 2)], (), 0.5) == ((), 1.0)
    done, wait = settling.ready([_entry("a", 2, 2)], (), 1.5)
    assert [e.path for e in done] == ["a"]
    assert wait is None


def test_a_closed_file_is_ready_at_once() -> None:
    done, _ = Settling().ready([_entry("a", 1, 1), _entry("b", 1, 1)], ["a"], 0.0)
    assert [e.path for e in done] == ["a"]


def test_the_archive_keeps_what_it_took(tmp_path: Path) -> None:
    file = tmp_path / "x.md"
    file.write_bytes(b"abc")
    status = file.stat()
    archive = Archive(tmp_path / "archive")
    taken = archive.take(file, status.st_size, status.st_mtime_ns)
    file.unlink()
    assert archive.read(taken.sha256) == b"abc"


def test_a_file_that_changes_while_it_is_read_is_left_for_later(tmp_path: Path) -> None:
    file = tmp_path / "x.md"
    file.write_bytes(b"abc")
    status = file.stat()
    os.utime(file, ns=(1, 1))
    with pytest.raises(Moved):
        Archive(tmp_path / "archive").take(file, status.st_size, status.st_mtime_ns)


def test_damaged_archive_bytes_are_noticed(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.keep("ab" + "0" * 62, b"wrong")
    with pytest.raises(ValueError, match="differ"):
        archive.read("ab" + "0" * 62)
