"""A file that was moved, or refused beside another, is judged by what holds where it stands now: at once, and as a look at all files would."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.ledger.documents import VersionRow
from publisher.model import State
from publisher.pipeline.report import DocumentLine
from publisher.pipeline.restrict import table_of
from publisher.pipeline.take_in import Intake
from publisher.values import replace
from tests.test_histories import fresh, same, verdicts
from tests.test_taken_down import ROLL, Step, do, said
from tests.town import Town, lasting, make_town

ONE, TWO, THREE = (f"# 給水のお知らせ\n\n{number}つ目の文面。\n" for number in ("一", "二", "三"))
NUMBER = "# 給水のお知らせ\n\n担当の個人番号は 123456789018 です。\n"
A, B, C = "給水/a.md", "移動/b.md", "道路/c.md"
TABLE = "名称,住所\n第1集会所,汐見市本町1\n第2集会所,汐見市本町2\n"
LONGER = ROLL.splitlines()[0] + "\n" + "".join(f"長い　{n}郎,ナガイ　{n}ロウ,汐見市本町2-2-{n},{20 + n}歳,本町小学校,同意する,\n" for n in range(1, 31))


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


def codes(line: DocumentLine) -> list[str]:
    return [problem.code for problem in line.reasons]


# --- an address that another file has ---


TWIN, THIRD = "給水/a.ja.md", "給水/a.JA.md"
REFUSED = (("drop", A, ONE), ("drop", TWIN, TWO))
"""A second file of one document in one language: it would have the same address."""


def test_a_file_that_was_refused_and_gets_another_name_is_a_document_of_its_own(place: Town) -> None:
    found = settled(place, *REFUSED, ("mv", TWIN, C))
    assert (found[A].state, found[C].state) == (State.PUBLISHED, State.PUBLISHED)
    assert found[A].id != found[C].id
    assert said(place, "一つ目") and said(place, "二つ目")


@pytest.mark.parametrize("step", [("rm", A), ("withdraw", A), ("mv", A, "移動/b.en.md")], ids=["deleted", "withdrawn", "renamed"])
def test_a_refused_file_gets_the_address_in_the_run_in_which_it_becomes_free(place: Town, step: Step) -> None:
    assert codes(settled(place, *REFUSED)[TWIN]) == ["address-taken"]
    line = settled(place, step)[TWIN]
    assert line.state is State.PUBLISHED
    assert said(place, "二つ目")
    assert f"n/{line.id}.html" in place.page("c/kyusui.html")


def test_of_two_refused_files_one_gets_the_address_and_the_other_is_told_of_it(place: Town) -> None:
    do(place, *REFUSED, ("drop", THIRD, THREE))
    found = settled(place, ("rm", A))
    assert (found[THIRD].state, found[TWIN].state) == (State.PUBLISHED, State.REJECTED)
    assert "a.JA.md" in found[TWIN].reasons[0].what
    assert said(place, "二つ目") == []


def test_a_refused_file_that_is_corrected_in_that_run_never_shows_its_first_text(place: Town) -> None:
    assert settled(place, *REFUSED, ("rm+", A), ("drop", TWIN, THREE))[TWIN].state is State.PUBLISHED
    assert said(place, "三つ目") and said(place, "二つ目") == []


def test_a_file_whose_correction_is_held_keeps_its_address(place: Town) -> None:
    """The public sees what it said before: no forgotten file takes its place."""
    found = settled(place, *REFUSED, ("drop", A, NUMBER))
    assert (found[TWIN].state, found[A].state) == (State.REJECTED, State.HELD)
    assert said(place, "一つ目") and said(place, "二つ目") == []
    assert settled(place, ("drop", A, THREE))[A].state is State.PUBLISHED


def test_who_was_refused_is_a_document_of_its_own_when_the_other_file_moves_away(place: Town) -> None:
    first = settled(place, *REFUSED)[A]
    found = settled(place, ("mv", A, C))
    assert (found[C].id, found[C].state, found[TWIN].state) == (first.id, State.PUBLISHED, State.PUBLISHED)
    assert found[TWIN].id != first.id
    assert said(place, "一つ目") and said(place, "二つ目")


def test_who_was_refused_is_told_what_the_other_file_is_called_today(place: Town) -> None:
    found = settled(place, *REFUSED, ("mv", A, THIRD))
    assert THIRD in found[TWIN].reasons[0].what and THIRD in found[TWIN].reasons[0].shown


def test_what_is_wrong_with_a_file_itself_is_told_before_its_address(place: Town) -> None:
    assert codes(settled(place, *REFUSED[:1], ("drop", TWIN, ""))[TWIN]) == ["empty-file"]
    assert codes(settled(place, ("drop", "給水/d.md", ""), ("drop", "給水/d.ja.md", TWO))["給水/d.md"]) == ["empty-file"]


def test_of_two_files_that_older_records_let_stand_together_the_newer_has_the_address(place: Town) -> None:
    do(place, *REFUSED)
    with place.desk() as opened, opened.ledger.transaction():
        row = opened.ledger.files.get(TWIN)
        opened.ledger.files.put(replace(row, verdict="accepted", problems=()))
        opened.ledger.documents.add_version(row.document, VersionRow("ja", 2, place.now, row.sha256, TWIN))
    found = settled(place, ("settings",))
    assert (found[TWIN].state, found[A].state) == (State.PUBLISHED, State.REJECTED)
    assert settled(place, ("rm", TWIN))[A].state is State.PUBLISHED


def test_what_a_killed_run_left_to_be_judged_is_judged_by_the_next(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    do(place, *REFUSED, ("rm+", A))
    with monkeypatch.context() as patched:
        patched.setattr(Intake, "look_again", killed)
        with pytest.raises(KeyboardInterrupt):
            place.build()
    assert settled(place, ("build",))[TWIN].state is State.PUBLISHED


# --- another file where a document stood first ---


def test_what_is_put_where_a_document_stood_that_moved_away_is_a_document_of_its_own(place: Town) -> None:
    """As offices do it: the old notice gets another name, the new one the usual name."""
    first = settled(place, ("drop", A, ONE))[A]
    found = settled(place, ("mv", A, "給水/a_旧.md"), ("drop", A, TWO))
    assert (found["給水/a_旧.md"].id, found[A].state) == (first.id, State.PUBLISHED)
    second = found[A]
    assert second.id != first.id
    assert said(place, "一つ目") and said(place, "二つ目")
    found = settled(place, ("drop", A, THREE))
    assert (found[A].id, found[A].version) == (second.id, 2)
    found = settled(place, ("mv", A, "給水/a_旧2.md"), ("drop", A, TWO + "また。\n"))
    assert len({found[path].id for path in (A, "給水/a_旧.md", "給水/a_旧2.md")}) == 3
    assert (found["給水/a_旧2.md"].id, found["給水/a_旧2.md"].version) == (second.id, 2)


def test_a_document_that_comes_back_to_its_first_path_keeps_its_address(place: Town) -> None:
    first = settled(place, ("drop", A, ONE))[A]
    second = settled(place, ("mv", A, B), ("drop", A, TWO))[A]
    found = settled(place, ("rm", A), ("mv", B, A))
    assert found[A].id == first.id
    assert settled(place, ("drop", A, THREE))[A].id == first.id
    assert "取り消されました" in place.page(f"n/{second.id}.html")


def test_a_new_file_comes_back_to_the_document_that_stood_there_last(place: Town) -> None:
    do(place, ("drop", A, ONE), ("mv", A, B))
    second = settled(place, ("drop", A, TWO))[A]
    assert settled(place, ("rm", A), ("drop", A, THREE))[A].id == second.id
    assert settled(place, ("rm", A), ("rm", B), ("drop", A, ONE + "また。\n"))[A].id == second.id


def test_translations_go_with_the_original_beside_them(place: Town) -> None:
    """One that was left behind is that of the old notice until it gets another text."""
    english = "給水/a.en.md"
    first = settled(place, ("drop", A, ONE), ("drop", english, "# Water\n\nOld.\n"))[A]
    found = settled(place, ("mv", A, B), ("drop", A, TWO))
    assert (found[english].id, found[B].id) == (first.id, first.id)
    second = found[A].id
    assert settled(place, ("drop", "給水/a.zh-Hans.md", "# 供水\n\n新的。\n"))["給水/a.zh-Hans.md"].id == second
    found = settled(place, ("drop", english, "# Water\n\nNew.\n"))
    assert (found[english].id, found[B].id) == (second, first.id)
    assert f"n/{second}.en.html" in said(place, "New.") and f"n/{first.id}.en.html" not in place.files()


def test_a_translation_that_comes_when_its_original_has_another_name_is_its_translation(place: Town) -> None:
    first = settled(place, ("drop", A, ONE), ("mv", A, B))[B]
    assert settled(place, ("drop", "給水/a.en.md", "# Water\n\nText.\n"))["給水/a.en.md"].id == first.id


def test_a_table_where_another_one_stood_has_pages_and_editions_of_its_own(place: Town) -> None:
    one, other = "窓口/集会所.csv", "窓口/集会所_旧.csv"
    first = settled(place, ("drop", one, TABLE))[one]
    found = settled(place, ("mv", one, other), ("drop", one, TABLE + "第9集会所,汐見市本町9\n"))
    assert (found[other].id, found[one].state) == (first.id, State.PUBLISHED)
    assert found[one].id != first.id
    assert "第9集会所" in place.page(f"t/{found[one].id}/index.html") and "第9集会所" not in place.page(f"t/{first.id}/index.html")


def test_a_row_is_taken_out_of_the_table_that_stands_at_the_path(place: Town) -> None:
    one, other = "窓口/集会所.csv", "窓口/集会所_旧.csv"
    found = settled(place, ("drop", one, TABLE), ("mv", one, other), ("drop", one, TABLE + "第9集会所,汐見市本町9\n"), ("rm", other), ("mv", one, other))
    with place.desk() as opened:
        assert table_of(opened.ledger, opened.settings, other)[0].id == found[other].id


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


@pytest.mark.parametrize("profile", ["", '\n[[tables]]\nname = "施設"\npath = "窓口"\nslug = "shisetsu"\nkind = "open"\npublish = ["名称"]\n'], ids=["bare", "profile"])
def test_earlier_editions_of_a_table_bear_the_name_that_its_file_has_today(place: Town, profile: str) -> None:
    toml = place.root / "publisher.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + profile, encoding="utf-8")
    settled(place, ("drop", "窓口/集会所.csv", TABLE), ("drop", "窓口/集会所.csv", TABLE + "第9集会所,汐見市本町9\n"), ("mv", "窓口/集会所.csv", "窓口/会館.csv"))
    editions = [path for path in place.files() if path.startswith("t/") and "/e/2036" in path and path.endswith(".html")]
    assert len(editions) == 2
    assert all("会館</h1>" in place.page(path) or "会館）</h1>" in place.page(path) for path in editions)


def test_editions_keep_their_name_where_a_translation_has_the_same_bytes(place: Town) -> None:
    settled(place, ("drop", "窓口/集会所.csv", TABLE), ("mv", "窓口/集会所.csv", "窓口/集会所.en.csv"), ("mv", "窓口/集会所.en.csv", "窓口/集会所.csv"))


def test_a_copy_where_a_table_stood_before_lends_its_pages_to_none(place: Town) -> None:
    one, other = "窓口/集会所.csv", "会館/集会所.csv"
    do(place, ("drop", one, TABLE), ("mv", one, other), ("mv", other, "窓口/集会所.en.csv"))
    found = settled(place, ("mv+", "窓口/集会所.en.csv", one), ("drop", other, TABLE))
    assert found[one].id != found[other].id


def test_editions_that_were_counted_under_other_rules_are_counted_when_the_table_comes_back(place: Town) -> None:
    toml = place.root / "publisher.toml"
    plain = toml.read_text(encoding="utf-8")
    do(place, ("drop", "窓口/集会所.csv", TABLE), ("mv", "窓口/集会所.csv", "会館/集会所.csv"), ("drop", "窓口/集会所.csv", TABLE))
    toml.write_text(plain + '\n[[tables]]\nname = "会館"\npath = "会館"\nslug = "kaikan"\nkind = "open"\npublish = ["名称"]\n', encoding="utf-8")
    do(place, ("build",), ("withdraw", "窓口/集会所.csv"))
    toml.write_text(plain, encoding="utf-8")
    found = settled(place, ("build",), ("release", "窓口/集会所.csv"))
    assert f"t/{found['窓口/集会所.csv'].id}/e/index.html" in place.files()


def test_an_earlier_edition_is_not_held_because_a_longer_one_followed(place: Town) -> None:
    found = settled(place, ("drop", "避難者名簿/r.csv", ROLL), ("drop", "避難者名簿/r2.csv", LONGER))
    assert {line.state for path, line in found.items() if path.startswith("避難者名簿")} == {State.PUBLISHED}


# --- what was decided of these bytes where they come to stand ---


@pytest.mark.parametrize("text", [ONE, ROLL], ids=["notice", "roll"])
def test_a_copy_that_is_moved_to_where_it_was_taken_down_goes(place: Town, text: str) -> None:
    one, other = (A, B) if text is ONE else ("避難者名簿/r.csv", "避難者名簿/r2.csv")
    words = "一つ目" if text is ONE else "消し田"
    do(place, ("drop", one, text), ("drop", other, text), ("withdraw", other), ("rm", other))
    assert said(place, words)
    assert settled(place, ("mv", one, other))[other].state is State.WITHDRAWN
    assert said(place, words) == []
    with place.desk() as opened:
        document = opened.ledger.files.get(other).document
        assert document in {row.target for row in opened.ledger.takedowns.pending("mirror")}


def test_a_held_file_that_is_moved_to_where_it_was_released_is_public(place: Town) -> None:
    do(place, ("drop", "窓口/r.csv", ROLL), ("release", "窓口/r.csv"), ("rm", "窓口/r.csv"))
    assert settled(place, ("drop", "会館/r.csv", ROLL))["会館/r.csv"].state is State.HELD
    assert settled(place, ("mv", "会館/r.csv", "窓口/r.csv"))["窓口/r.csv"].state is State.PUBLISHED


def test_what_was_taken_down_and_is_moved_to_where_it_was_let_through_later_is_public(place: Town) -> None:
    do(place, ("drop", A, ONE), ("withdraw", A), ("drop", B, ONE), ("release", B), ("rm", B))
    assert said(place, "一つ目") == []
    assert settled(place, ("mv", A, B))[B].state is State.PUBLISHED


def test_what_was_released_and_is_moved_to_where_it_was_taken_down_later_goes(place: Town) -> None:
    do(place, ("drop", A, ONE), ("withdraw", A), ("release", A), ("drop", B, ONE), ("withdraw", B), ("rm", B))
    assert said(place, "一つ目")
    assert settled(place, ("mv", A, B))[B].state is State.WITHDRAWN
    assert said(place, "一つ目") == []


def test_what_is_said_of_a_file_names_where_it_stands_today(place: Town) -> None:
    found = settled(place, ("drop", A, NUMBER), ("mv", A, B), ("drop", "避難者名簿/r.csv", ROLL), ("mv", "避難者名簿/r.csv", "避難者名簿/r2.csv"))
    assert found[B].reasons and {problem.where for problem in found[B].reasons} == {B}
    assert found["避難者名簿/r2.csv"].reasons and {problem.where for problem in found["避難者名簿/r2.csv"].reasons} == {"避難者名簿/r2.csv"}
