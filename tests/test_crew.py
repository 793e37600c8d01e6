"""Who reads and renders must show in no byte, and a file that brings its reader down must not bring the town down."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.intake.archive import Archive, Taken
from publisher.pipeline import crew, render, take_in
from publisher.pipeline.build import build, desk
from tests.town import NOTICE, Town, make_town


def drop_all(place: Town) -> None:
    """Notices, some in three languages, tables, and the same picture in two documents: more than a batch of each."""
    for number in range(70):
        place.drop(f"お知らせ/{number:03d}.md", NOTICE.format(title=f"給水所{number}", minute=number % 60))
        if number % 7 == 0:
            place.drop(f"お知らせ/{number:03d}.en.md", f"# Water {number}\n\nWater at park {number}.\n")
            place.drop(f"お知らせ/{number:03d}.easy.md", f"# みず {number}\n\n水を くばります。\n")
    place.drop("避難所/避難所.csv", "名称,住所,状況\n" + "".join(f"第{n}小学校,汐見市本町{n},開設\n" for n in range(40)))
    names = ["アオキ", "イトウ", "ウエダ", "エンドウ", "オカダ"]
    rows = "".join(f"{n}号,{names[n % 5]} {n},汐見市本町1-2-{n},{20 + n % 60}歳,第{n % 4}小学校,同意する,\n" for n in range(200))
    place.drop("避難者名簿/名簿.csv", "氏名,フリガナ,住所,年齢,避難所,公表同意,閲覧制限\n" + rows)


def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take_in, "BATCH", 11)
    monkeypatch.setattr(render, "BATCH", 7)
    monkeypatch.setattr(render, "SHARE", 3)


def test_one_process_and_two_make_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_batches(monkeypatch)
    sites = []
    for size in (0, 1, 2):
        monkeypatch.setattr(crew, "workers", lambda _files, size=size: size)
        place = make_town(tmp_path / str(size))
        drop_all(place)
        report = place.build()
        assert report.exit_code == 0, report.problems
        assert {line.state.value for line in report.documents} == {"published"}
        place.drop("お知らせ/000.en.md", "# Water moved\n\nWater at the school.\n")
        place.now += timedelta(minutes=5)
        place.build()
        sites.append(place.files())
    assert sites[0] == sites[1] == sites[2]
    assert len(sites[0]) > 300


def test_a_language_that_comes_in_another_batch_is_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_batches(monkeypatch)
    place = make_town(tmp_path)
    drop_all(place)
    place.build()
    for line in place.build().documents:
        if line.path.endswith(".en.md"):
            page = (place.public / f"n/{line.id}.html").read_text()
            assert f"{line.id}.en.html" in page
            assert (place.public / f"n/{line.id}.en.html").is_file()


def test_changed_settings_render_the_same_in_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_batches(monkeypatch)
    sites = []
    for size in (0, 2):
        monkeypatch.setattr(crew, "workers", lambda _files, size=size: size)
        place = make_town(tmp_path / str(size))
        drop_all(place)
        place.build()
        toml = place.root / "publisher.toml"
        toml.write_text(toml.read_text().replace("汐見市 災害情報", "汐見市からのお知らせ"))
        place.now += timedelta(minutes=5)
        place.build()
        sites.append(place.files())
    assert sites[0] == sites[1]
    assert "汐見市からのお知らせ" in sites[0]["index.html"].decode()


class Deadly(Archive):
    """Stands in for a reader that dies in native code: no file does so to order on every version of every library."""

    def take(self, path: Path, size: int, mtime: int) -> Taken:
        if path.name == "deadly.md" and "forkserver" in Path(f"/proc/{os.getppid()}/cmdline").read_text():
            os._exit(9)
        return super().take(path, size, mtime)


def test_a_file_that_brings_its_reader_down_is_refused_and_the_rest_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "workers", lambda _files: 2)
    place = make_town(tmp_path)
    drop_all(place)
    place.drop("お知らせ/deadly.md", "# 読めません\n\n本文\n")
    with desk(place.settings()) as opened:
        opened.archive = Deadly(place.root / ".publisher" / "archive")
        report = build(opened, place.now)
    by_path = {line.path: line for line in report.documents}
    assert by_path["お知らせ/deadly.md"].state == "rejected"
    assert by_path["お知らせ/deadly.md"].reasons[0].code == "reader-died"
    assert sum(line.state == "published" for line in report.documents) == len(report.documents) - 1
    assert report.exit_code == 3
    with desk(place.settings()) as opened:  # and it is not tried again at every run
        opened.archive = Deadly(place.root / ".publisher" / "archive")
        again = build(opened, place.now + timedelta(minutes=1))
    assert again.outputs.written <= 1
