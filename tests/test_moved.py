"""A file that was moved is what it was, as a look at all files would have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.pipeline.report import DocumentLine
from tests.test_histories import fresh, same, verdicts
from tests.test_taken_down import Step, do, said
from tests.town import Town, lasting, make_town

ONE, TWO, THREE = (f"# 給水のお知らせ\n\n{number}つ目の文面。\n" for number in ("一", "二", "三"))
A, B, C = "給水/a.md", "移動/b.md", "道路/c.md"
TABLE = "名称,住所\n第1集会所,汐見市本町1\n第2集会所,汐見市本町2\n"


@pytest.fixture
def place(tmp_path: Path) -> Town:
    town = make_town(tmp_path / "town", '\n[[mirrors]]\nname = "mirror"\nurl = "mirror"\n')
    town.notices(3)
    (town.content / "_状況.html").write_text("", encoding="utf-8")  # few files: that one of them vanishes is no failure of the share
    town.build()
    return town


def settled(town: Town, *steps: Step) -> dict[str, DocumentLine]:
    """What became of each file. Neither a build from nothing nor a look at all files would have it otherwise."""
    do(town, *steps)
    before, rows = lasting(town.files()), verdicts(town)
    same(before, lasting(fresh(town, 0)))
    with town.desk() as opened:
        opened.ledger.remember("fingerprint", "of another program")
        report = town.build_at(opened)
    same(lasting(town.files()), before)
    assert verdicts(town) == rows
    documents = {path: document for path, document, *_ in rows}
    return {line.path: line for line in report.documents if documents.get(line.path) == line.id}


# --- a file stays in its document ---


def test_two_documents_that_change_places_keep_their_addresses(place: Town) -> None:
    first = settled(place, ("drop", A, ONE), ("drop", B, TWO))
    found = settled(place, ("mv", A, C), ("mv", B, A), ("mv", C, B))
    assert (found[A].id, found[B].id) == (first[B].id, first[A].id)
    found = settled(place, ("drop", A, THREE))
    assert found[A].id == first[B].id
    assert f"n/{first[B].id}.v1.html" in said(place, "二つ目")


@pytest.mark.parametrize("names", [("a.md", "a.en.md"), ("a.en.md", "a.md")], ids=["original-first", "translation-first"])
def test_a_document_and_its_translation_go_from_folder_to_folder_one_by_one(place: Town, names: tuple[str, str]) -> None:
    first = settled(place, ("drop", A, ONE), ("drop", "給水/a.en.md", TWO))
    for source, target in (("給水", "移動"), ("移動", "道路")):
        for name in names:
            found = settled(place, ("mv", f"{source}/{name}", f"{target}/{name}"))
            assert len({line.id for path, line in found.items() if path.endswith(names)}) == 1
    assert found["道路/a.md"].id == first[A].id
    assert f"n/{first[A].id}.html" in place.page("c/doro.html")


def test_a_translation_that_is_put_elsewhere_does_not_take_the_document_along(place: Town) -> None:
    first = settled(place, ("drop", A, ONE), ("drop", "給水/a.en.md", TWO), ("mv", "給水/a.en.md", "道路/a.en.md"))
    assert first[A].id == first["道路/a.en.md"].id
    assert f"n/{first[A].id}.html" in place.page("c/kyusui.html")


def test_a_translation_that_is_put_beside_another_original_is_its_translation(place: Town) -> None:
    found = settled(place, ("drop", A, ONE), ("drop", "給水/x.en.md", TWO), ("drop", B, THREE), ("mv", "給水/x.en.md", "移動/b.en.md"))
    assert found["移動/b.en.md"].id == found[B].id
    found = settled(place, ("mv", "移動/b.en.md", "給水/a.en.md"))
    assert found["給水/a.en.md"].id == found[A].id


def test_a_document_whose_file_comes_back_elsewhere_is_listed_there(place: Town) -> None:
    first = settled(place, ("drop", A, ONE), ("mv", A, B), ("rm", B), ("drop", A, TWO))
    assert f"n/{first[A].id}.html" in place.page("c/kyusui.html")


def test_editions_keep_their_name_where_a_translation_has_the_same_bytes(place: Town) -> None:
    settled(place, ("drop", "窓口/集会所.csv", TABLE), ("mv", "窓口/集会所.csv", "窓口/集会所.en.csv"), ("mv", "窓口/集会所.en.csv", "窓口/集会所.csv"))


def test_a_copy_where_a_table_stood_before_lends_its_pages_to_none(place: Town) -> None:
    one, other = "窓口/集会所.csv", "会館/集会所.csv"
    do(place, ("drop", one, TABLE), ("mv", one, other), ("mv", other, "窓口/集会所.en.csv"))
    found = settled(place, ("mv+", "窓口/集会所.en.csv", one), ("drop", other, TABLE))
    assert found[one].id != found[other].id
