"""Another program reads, reviews and renders everything anew."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from publisher import program
from publisher.editions.tables.pages import Stencil
from publisher.pipeline import build as pipeline
from publisher.pipeline.hand import Hand
from tests.town import make_town

ROLL = "氏名,フリガナ,住所,年齢,避難所,公表同意,閲覧制限\r\n"
ROW = "佐藤　花子{},サトウ　ハナコ,汐見市本町1丁目,35,本町小学校,同意する,\r\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    made = tmp_path / "package"
    (made / "data").mkdir(parents=True)
    (made / "rule.py").write_text("RULE = 1\n")
    (made / "data" / "names.tsv").write_text("a\tb\n")
    return made


def digest(package: Path, state: Path | None = None) -> str:
    return program._digest.__wrapped__(package, state)


def test_the_program_is_known_by_what_its_files_say(package: Path, tmp_path: Path) -> None:
    before = digest(package)
    assert before == digest(package)
    shutil.copytree(package, tmp_path / "elsewhere")
    os.utime(tmp_path / "elsewhere" / "rule.py", (1, 1))
    (tmp_path / "elsewhere" / "__pycache__").mkdir()
    (tmp_path / "elsewhere" / "__pycache__" / "rule.pyc").write_bytes(b"compiled")
    assert digest(tmp_path / "elsewhere") == before
    (package / "data" / "names.tsv").write_text("a\tc\n")
    other = digest(package)
    assert other != before
    (package / "data" / "names.tsv").rename(package / "data" / "nomes.tsv")
    assert len({before, other, digest(package)}) == 3


def test_its_files_are_read_again_only_when_one_of_them_changed(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state"
    before = digest(package, state)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", _read_only(state))
        assert digest(package, state) == before
    stamp = (package / "rule.py").stat().st_mtime_ns
    (package / "rule.py").write_text("RULE = 2\n")
    os.utime(package / "rule.py", ns=(stamp, stamp))  # as large and as old as before
    assert digest(package, state) == digest(package) != before
    (state / "program").write_bytes(b"\xff half")
    assert digest(package, state) == digest(package)


def _read_only(folder: Path):
    real = Path.read_bytes

    def read(self: Path) -> bytes:
        assert self.is_relative_to(folder), self
        return real(self)

    return read


def test_a_place_that_cannot_be_written_costs_only_time(package: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert digest(package, tmp_path / "file" / "state") == digest(package)


def test_pages_of_another_program_are_rendered_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    town = make_town(tmp_path / "town")
    town.drop("避難者名簿/名簿.csv", ROLL + "".join(ROW.format(n) for n in range(400)))
    monkeypatch.setattr(pipeline, "digest", lambda _: "one")
    town.build()
    fill = Stencil.fill
    monkeypatch.setattr(Stencil, "fill", lambda *arguments, **lossy: fill(*arguments, **lossy).replace("本町小学校".encode(), "本町小学校。".encode()))
    town.build()
    assert not any("本町小学校。".encode() in body for body in town.files().values())
    monkeypatch.setattr(pipeline, "digest", lambda _: "another")
    seen = []
    again = Hand.again
    monkeypatch.setattr(Hand, "again", lambda self, sources: seen.extend(sources) or again(self, sources))
    town.build()
    assert [source.question.path for source in seen] == ["避難者名簿/名簿.csv"]
    pages = [body for path, body in town.files().items() if path.startswith("t/hinansha/") and path.endswith(".html")]
    assert any("本町小学校。".encode() in body for body in pages)
