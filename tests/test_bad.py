"""Every folder of ``tests/bad`` is refused with its exit code and in its words, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from publisher.cli import main

FOLDERS = sorted(path.parent for path in (Path(__file__).parent / "bad").glob("*/expect.json"))


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def arrive(folder: Path, site: Path) -> None:
    """Copy a folder file by file in the order of the names: a table's editions arrive in that order, however the disk lists them."""
    for path in sorted(folder.rglob("*")):
        target = site / path.relative_to(folder)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_is_refused_in_words(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = json.loads((folder / "expect.json").read_text(encoding="utf-8"))
    site = tmp_path / "site"
    arrive(folder, site)
    before = everything(site)
    code = main(["-C", str(site), *expected["command"]])
    captured = capsys.readouterr()
    words = captured.out + captured.err
    assert code == expected["exit"], words
    assert [phrase for phrase in expected["says"] if phrase not in words] == [], words
    assert "Traceback" not in words
    if expected["command"] == ["check"]:
        assert everything(site) == before


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_quotes_nobody(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names, numbers and addresses of the samples' persons come into no message."""
    site = tmp_path / "site"
    arrive(folder, site)
    main(["-C", str(site), *json.loads((folder / "expect.json").read_text(encoding="utf-8"))["command"]])
    captured = capsys.readouterr()
    for private in ("汐田", "シオタ", "渡邉", "磯貝", "2丁目4番", "0000-00-500", "5678"):
        assert private not in captured.out + captured.err
