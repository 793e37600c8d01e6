"""Files that lie ready go into the site whole folders at a time where there is none yet, and nothing goes that was not to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from publisher.model import Page, PageKind
from publisher.site.write import MANY, TREE, SiteFolder, Staged, Stager


@pytest.fixture
def folder(tmp_path: Path) -> SiteFolder:
    site = SiteFolder(tmp_path / "public")
    site.open()
    return site


def put_down(stager: Stager, path: str, body: bytes = b"page") -> Staged:
    staged = stager.stage(Page(path, body), None)
    assert staged is not None
    return staged


def files(folder: SiteFolder) -> dict[str, bytes]:
    return {path.relative_to(folder.folder).as_posix(): path.read_bytes() for path in folder.folder.rglob("*") if path.is_file() and ".staging" not in path.parts}


def inodes(folder: Path) -> int:
    return folder.stat().st_ino


def test_a_new_folder_is_renamed_as_it_lies(folder: SiteFolder) -> None:
    stager = folder.stager(1)
    staged = [put_down(stager, f"k/n/{n}.html", b"%d" % n) for n in range(MANY)]
    lies = inodes(folder.folder / ".staging" / TREE / "k" / "n")
    folder.apply([*staged, put_down(stager, "index.html")], [])
    folder.close()
    assert inodes(folder.folder / "k" / "n") == lies
    assert files(folder) == {"index.html": b"page"} | {f"k/n/{n}.html": b"%d" % n for n in range(MANY)}


def test_folders_in_a_new_folder_come_with_it(folder: SiteFolder) -> None:
    stager = folder.stager(1)
    paths = [*(f"t/a/{n}.html" for n in range(MANY)), "t/a/s/root.json", "t/a/s/deep/x.json", "t/a-b/x.html"]
    staged = [put_down(stager, path) for path in paths]
    lies = inodes(folder.folder / ".staging" / TREE / "t" / "a" / "s" / "deep")
    folder.apply(staged, [])
    assert inodes(folder.folder / "t" / "a" / "s" / "deep") == lies
    assert sorted(files(folder)) == sorted(paths)
    more = [put_down(folder.stager(2), path) for path in ("t/a/s/more.json", "t/a/new/x.html")]
    folder.apply(more, [])
    assert sorted(files(folder)) == sorted([*paths, "t/a/s/more.json", "t/a/new/x.html"])


def test_a_folder_does_not_wait_for_what_comes_later_in_it(folder: SiteFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lists of categories come before the home page, their feeds after it."""
    stager = folder.stager(1)
    known = ("0" * 64, PageKind.LIST, False)
    staged = [stager.stage(Page(f"c/{n}.html", b"l", PageKind.LIST), known) for n in range(MANY)]
    staged += [stager.stage(Page(f"c/{n}/atom.xml", b"f", PageKind.FEED), known) for n in range(MANY)]
    staged.append(stager.stage(Page("index.html", b"home", PageKind.LIST), known))
    there: list[bool] = []
    replace = os.replace

    def looked(start: str, end: str) -> None:
        if end.endswith("public/index.html"):
            there.extend((folder.folder / f"c/{n}.html").exists() for n in range(MANY))
        replace(start, end)

    monkeypatch.setattr(os, "replace", looked)
    folder.apply([one for one in staged if one is not None], [])
    assert there == [True] * MANY


@pytest.mark.parametrize("left", ["t/a/s/withheld.json", "t/a/other/withheld.json", "t/a/s/deep/withheld.json"])
def test_what_lies_deep_in_a_folder_and_is_not_ours_keeps_it_from_coming_whole(folder: SiteFolder, left: str) -> None:
    stager = folder.stager(1)
    staged = [put_down(stager, f"t/a/{n}.html") for n in range(MANY)] + [put_down(stager, f"t/a/s/{n}.json") for n in range(MANY)]
    put_down(folder.stager(1, "dead-"), left)
    folder.apply(staged, [])
    assert sorted(files(folder)) == sorted(item.put.path for item in staged)


def test_what_a_worker_left_that_died_does_not_come_along(folder: SiteFolder) -> None:
    stager = folder.stager(1)
    staged = [put_down(stager, f"n/{n}.html") for n in range(MANY)]
    put_down(folder.stager(1, "dead-"), "n/withheld.html")
    folder.apply(staged, [])
    assert sorted(files(folder)) == sorted(f"n/{n}.html" for n in range(MANY))


def test_what_was_put_down_twice_stands_as_it_was_last_said(folder: SiteFolder) -> None:
    first, second = folder.stager(1, "1-"), folder.stager(1, "2-")
    staged = {f"n/{n}.html": put_down(first, f"n/{n}.html", b"old") for n in range(MANY)}
    again = put_down(second, "n/3.html", b"new")
    folder.discard(staged["n/3.html"])
    staged["n/3.html"] = again
    folder.apply(staged.values(), [])
    assert files(folder) == {path: b"new" if path == "n/3.html" else b"old" for path in staged}


def test_a_folder_of_the_site_keeps_what_it_has(folder: SiteFolder) -> None:
    stager = folder.stager(1)
    folder.apply([put_down(stager, "n/old.html")], [])
    folder.open()
    stager = folder.stager(2)
    folder.apply([put_down(stager, f"n/{n}.html") for n in range(MANY)], [])
    assert len(files(folder)) == MANY + 1


def test_a_folder_comes_when_the_last_of_its_files_would(folder: SiteFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures first, then pages, then lists: a folder with pages and lists in it waits for the lists."""
    stager = folder.stager(1)
    pages = [stager.stage(Page(f"t/a/{n}.html", b"p", PageKind.DOCUMENT), None) for n in range(MANY)]
    lists = [stager.stage(Page(f"t/a/list{n}.html", b"l", PageKind.LIST), None) for n in range(2)]
    between = stager.stage(Page("n/x.html", b"n", PageKind.DOCUMENT), None)
    seen: list[bool] = []
    rename = Path.rename

    def looked(self: Path, target: Path) -> Path:
        seen.append((folder.folder / "n" / "x.html").exists())
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", looked)
    folder.apply([item for item in (*pages, *lists, between) if item is not None], [])
    assert seen == [True]
