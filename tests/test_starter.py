"""``publisher init``: a site that can be used at once, and nothing of anybody's overwritten."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from publisher import starter
from publisher.errors import SiteError, UsageError
from publisher.starter import FOLDERS, SAMPLES, init


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_makes_configuration_samples_and_howto(tmp_path: Path) -> None:
    site = tmp_path / "new" / "site"
    made = init(site)
    assert sorted(made) == sorted(everything(site))
    assert set(made) == {"publisher.toml", *(f"content/{path}" for path in SAMPLES)}
    assert all((site / "content" / folder).is_dir() for folder in FOLDERS)
    settings = tomllib.loads((site / "publisher.toml").read_text(encoding="utf-8"))
    assert settings["site"]["title"] == "○○市 災害情報"
    assert "_状況.html" in (site / "content/_使い方.html").read_text(encoding="utf-8")


def test_the_settings_are_accepted_as_they_are(tmp_path: Path) -> None:
    from publisher.settings import load

    init(tmp_path)
    settings = load(tmp_path)
    assert settings.tables == ()
    assert settings.mirrors == ()


def test_the_commented_examples_are_accepted_too(tmp_path: Path) -> None:
    """What an operator gets who takes the ``#`` away from the examples."""
    from publisher.settings import load

    init(tmp_path)
    lines = (tmp_path / "publisher.toml").read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line == "# [[tables]]")
    opened = [line.removeprefix("# ") if "=" in line or "[[" in line else line for line in lines[start:]]
    text = "\n".join([*lines[:start], *opened]).replace("バケット名", "bucket")
    (tmp_path / "publisher.toml").write_text(text, encoding="utf-8")
    settings = load(tmp_path)
    assert [table.slug for table in settings.tables] == ["hinansha"]
    assert [mirror.name for mirror in settings.mirrors] == ["primary", "folder"]


def test_what_is_there_stays(tmp_path: Path) -> None:
    mine = tmp_path / "content/給水/給水所.md"
    mine.parent.mkdir(parents=True)
    mine.write_text("わたしの給水所", encoding="utf-8")
    made = init(tmp_path)
    assert mine.read_text(encoding="utf-8") == "わたしの給水所"
    assert "content/給水/給水所.md" not in made
    assert "content/給水/給水所.en.md" in made


def test_a_site_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "publisher.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        init(tmp_path)
    assert caught.value.problem.code == "already-a-site"
    assert everything(tmp_path) == {"publisher.toml": b"mine"}


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_file_in_the_way_is_refused(tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        init(file / below)
    assert caught.value.problem.code == "not-a-folder"
    assert caught.value.problem.where == str(file)


def test_a_dry_run_lists_and_writes_nothing(tmp_path: Path) -> None:
    site = tmp_path / "site"
    listed = init(site, dry=True)
    assert not site.exists()
    assert listed == init(site)


def test_a_full_disk_is_a_sentence_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def create(path: Path, data: bytes, real=starter._create) -> None:
        nonlocal calls
        calls += 1
        if calls == len(SAMPLES):
            raise OSError(28, os.strerror(28), str(path))
        real(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(starter, "_create", create)
        with pytest.raises(SiteError, match="書き込めません"):
            init(tmp_path)
    assert not (tmp_path / "publisher.toml").exists()
    assert "publisher.toml" in init(tmp_path)


def test_the_samples_hold_no_evacuation_order_and_no_roll() -> None:
    assert not [path for path in SAMPLES if "避難指示" in path or "名簿" in path]
