"""What a person took down stays down, wherever its file goes, until somebody lets it through again."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from pathlib import Path

import pytest

from publisher.intake.archive import Archive, Taken
from publisher.intake.listing import listing
from publisher.model import State
from publisher.pipeline.crew import Alone, Asked
from publisher.pipeline.decide import release, withdraw
from publisher.pipeline.recall import Recall
from publisher.pipeline.take_in import Intake
from tests.town import Town, broken_links, make_town

WRONG = "# 給水のお知らせ\n\n消したい文面。\n"
RIGHT = "# 給水のお知らせ\n\n直した文面。\n"
THIRD = "# 給水のお知らせ\n\nもう一度直した文面。\n"
NUMBER = "# 給水のお知らせ\n\n担当の個人番号は 123456789018 です。\n"
LATER = "---\n公開: 2036-03-12 17:00\n---\n\n# 給水のお知らせ\n\nあすの文面。\n"
ROLL = "氏名,フリガナ,住所,年齢,避難所,公表同意,閲覧制限\n" + "".join(f"消し田　{n}郎,ケシダ　{n}ロウ,汐見市本町1-2-{n},{20 + n}歳,本町小学校,同意する,\n" for n in range(1, 9))
A, B = "給水/a.md", "移動/b.md"

Step = tuple[str, ...]


def do(town: Town, *steps: Step) -> None:
    """drop path text, mv from to, rm path, withdraw path, release path, build, settings; there is a build after each but mv, rm and drop with ``+``."""
    for what, *words in steps:
        at_once = what.endswith("+")
        what = what.rstrip("+")
        if what == "drop":
            town.drop(words[0], words[1])
        elif what == "mv":
            target = town.content / words[1]
            target.parent.mkdir(parents=True, exist_ok=True)
            (town.content / words[0]).replace(target)
        elif what == "rm":
            (town.content / words[0]).unlink()
        elif what in ("withdraw", "release"):
            with town.desk() as opened:
                (withdraw if what == "withdraw" else release)(opened, words[0], town.now, "試験")
                town.build_at(opened)
            continue
        elif what == "settings":
            toml = town.root / "publisher.toml"
            toml.write_text(toml.read_text(encoding="utf-8").replace("汐見市 災害情報", "汐見市 防災"), encoding="utf-8")
        if not at_once:
            town.build()


def said(town: Town, words: str) -> list[str]:
    """The files that say these words, in the encoding of any edition."""
    found = town.files()
    assert broken_links(found) == []
    return sorted(path for path, body in found.items() if words.encode() in body or words.encode("shift_jis") in body)


@pytest.fixture
def place(tmp_path: Path) -> Town:
    town = make_town(tmp_path / "town")
    town.notices(3)
    (town.content / "_状況.html").write_text("", encoding="utf-8")  # few files: that one of them vanishes is no failure of the share
    town.build()
    return town


@pytest.mark.parametrize(
    "steps",
    [
        [("drop", A, WRONG), ("withdraw", A)],
        [("drop", A, WRONG), ("withdraw", A), ("drop", A, RIGHT)],
        [("drop", A, WRONG), ("rm", A), ("drop", A, RIGHT)],
        [("drop", A, WRONG), ("withdraw", A), ("drop", A, RIGHT), ("withdraw", A), ("drop", A, THIRD), ("drop", A, RIGHT.replace("た文", "た短い文"))],
        [("drop", A, WRONG), ("withdraw", A), ("drop", A, LATER)],
        [("drop", A, WRONG), ("rm", A), ("drop", A, LATER)],
        [("drop", A, WRONG), ("drop", B, WRONG), ("drop", A, NUMBER), ("withdraw", B), ("drop", A, WRONG)],
        [("drop", A, WRONG), ("drop", A, RIGHT), ("drop", B, WRONG), ("withdraw", B), ("drop", A, WRONG)],
        [("drop", A, WRONG), ("withdraw", A), ("mv", A, B)],
        [("drop", A, WRONG), ("withdraw", A), ("mv", A, B), ("mv", B, A)],
        [("drop", A, WRONG), ("withdraw", A), ("mv", A, "給水/a.en.md")],
        [("drop", A, WRONG), ("withdraw", A), ("mv", A, "給水/a.txt"), ("mv", "給水/a.txt", "給水/b.md")],
        [("drop", A, WRONG), ("withdraw", A), ("rm", A), ("drop", B, WRONG)],
        [("drop", A, WRONG), ("withdraw", A), ("mv", A, "給水/_a.md"), ("mv", "給水/_a.md", "給水/a2.md")],
        [("drop", A, WRONG), ("withdraw", A), ("mv+", A, B), ("drop", A, RIGHT)],
        [("drop", A, WRONG), ("drop", B, RIGHT), ("withdraw", A), ("mv", A, B)],
        [("drop", A, WRONG), ("mv+", A, B), ("withdraw", A)],
        [("drop", B, WRONG), ("withdraw", B), ("rm", B), ("drop", A, WRONG), ("mv", A, B)],
        [("drop", A, WRONG), ("mv", A, B), ("withdraw", B), ("rm", B), ("drop", A, WRONG)],
    ],
    ids=lambda steps: " ".join(f"{what} {Path(words[0]).name}" if words else what for what, *words in steps),
)
def test_what_was_taken_down_is_public_nowhere(place: Town, steps: list[Step]) -> None:
    do(place, *steps)
    assert said(place, "消したい文面") == []
    do(place, ("settings",), ("build",))
    assert said(place, "消したい文面") == []


@pytest.mark.parametrize(
    "steps",
    [
        [("drop", "窓口/r.csv", ROLL), ("withdraw", "窓口/r.csv"), ("mv", "窓口/r.csv", "避難者名簿/r.csv")],
        [("drop", "避難者名簿/r.csv", ROLL), ("withdraw", "避難者名簿/r.csv"), ("mv", "避難者名簿/r.csv", "窓口/r.csv"), ("mv", "窓口/r.csv", "避難者名簿/r2.csv")],
        [("drop", "避難者名簿/r.csv", ROLL), ("withdraw", "避難者名簿/r.csv"), ("rm", "避難者名簿/r.csv"), ("drop", "避難者名簿/r2.csv", ROLL)],
    ],
    ids=lambda steps: " ".join(f"{what} {Path(words[0]).name}" if words else what for what, *words in steps),
)
def test_nobody_of_a_roll_that_was_taken_down_is_public(place: Town, steps: list[Step]) -> None:
    do(place, *steps, ("settings",), ("build",))
    assert said(place, "消し田") == []


def test_it_is_public_again_when_somebody_lets_it_through(place: Town) -> None:
    do(place, ("drop", A, WRONG), ("withdraw", A), ("rm", A), ("drop", B, WRONG), ("release", B))
    assert said(place, "消したい文面")
    do(place, ("settings",), ("build",), ("mv", B, "移動/c.md"))
    assert said(place, "消したい文面")


def test_the_other_of_two_copies_stands(place: Town) -> None:
    do(place, ("drop", A, WRONG), ("drop", B, WRONG), ("withdraw", A), ("settings",), ("build",))
    assert said(place, "消したい文面")


def test_an_earlier_version_that_nobody_took_down_is_kept(place: Town) -> None:
    do(place, ("drop", A, WRONG), ("drop", A, RIGHT))
    assert any(".v1." in path for path in said(place, "消したい文面"))


def test_a_file_that_moves_where_other_rules_hold_is_read_in_the_same_run(place: Town) -> None:
    do(place, ("drop", A, RIGHT), ("mv+", A, "給水/a.txt"))
    report = place.build()
    assert next(one for one in report.documents if one.path == "給水/a.txt").state is State.PUBLISHED
    assert said(place, "直した文面")


def test_a_file_that_cannot_be_opened_is_not_taken_for_another_one_that_was_taken_down(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Archive.take

    def take(self: Archive, file: Path, size: int, mtime: int) -> Taken:
        if "閉" in file.name:
            raise PermissionError(13, "Permission denied", str(file))
        return real(self, file, size, mtime)

    monkeypatch.setattr(Archive, "take", take)
    do(place, ("drop", "給水/閉.md", WRONG), ("withdraw", "給水/閉.md"), ("drop", "給水/閉2.md", RIGHT))
    with place.desk() as opened:
        [problem] = opened.ledger.files.many(["給水/閉2.md"])["給水/閉2.md"].problems
    assert problem.code == "cannot-open"


# --- what staff are told ---


def told(town: Town, path: str) -> str:
    with town.desk() as opened:
        [problem] = opened.ledger.files.many([path])[path].problems
    assert (problem.code, problem.where) == ("withdrawn", path) and "publisher release" in problem.todo
    return problem.what + problem.shown


HERE, SAME, PAGE = "担当者の指示で取り消しました。", f"「{A}」で担当者が取り消したものと、同じ中身です。", "公開ページには「取り消されました」と出ています。"
NOTHING, BEFORE = "このファイルからは、何も公開していません。", "この中身は、公開していません。前に公開したものが、そのまま見えています。"


@pytest.mark.parametrize(
    ("steps", "path", "words"),
    [
        ([("drop", A, WRONG), ("withdraw", A)], A, HERE + PAGE),
        ([("drop", A, WRONG), ("withdraw", A), ("drop", A, RIGHT), ("drop", A, WRONG)], A, HERE + BEFORE),
        ([("drop", A, WRONG), ("withdraw", A), ("rm", A), ("drop", B, WRONG)], B, SAME + NOTHING),
        ([("drop", A, WRONG), ("withdraw", A), ("mv", A, "給水/a.txt")], "給水/a.txt", SAME + NOTHING),
        ([("drop", A, WRONG), ("drop", B, RIGHT), ("withdraw", A), ("drop", B, WRONG)], B, SAME + BEFORE),
        ([("drop", A, WRONG), ("drop", B, RIGHT), ("withdraw", A), ("rm", B), ("drop", B, WRONG)], B, SAME + PAGE),
        ([("drop", A, WRONG), ("withdraw", A), ("rm", A), ("drop", B, WRONG), ("withdraw", B)], B, HERE + NOTHING),
    ],
    ids=["here", "here again after a correction", "elsewhere", "moved where other rules hold", "over another", "where another was deleted", "and decided there, too"],
)
def test_staff_are_told_where_it_was_taken_down_and_what_is_seen_here(place: Town, steps: list[Step], path: str, words: str) -> None:
    do(place, *steps)
    assert told(place, path) == words
    do(place, ("settings",), ("build",))
    assert told(place, path) == words


# --- what is on record ---


def test_whether_bytes_are_down_is_a_question_that_changes_nothing(place: Town) -> None:
    do(place, ("drop", A, WRONG), ("withdraw", A))
    with place.desk() as opened:
        before = opened.ledger.decisions.all()
        assert Recall(opened.ledger, opened.settings).is_down(B, hashlib.sha256(WRONG.encode()).hexdigest())
        assert opened.ledger.decisions.all() == before


def audit(town: Town) -> list[tuple[str, str, str]]:
    with town.desk() as opened:
        return [(who, action, target) for _, who, action, target, _ in opened.ledger.decisions.audit()]


def test_the_audit_log_says_once_where_else_a_withdrawal_took_hold(place: Town) -> None:
    do(place, ("drop", A, WRONG), ("withdraw", A), ("rm", A), ("drop", B, WRONG), ("settings",), ("build",))
    assert audit(place) == [("試験", "withdraw", A), ("試験", "refuse", B)]
    do(place, ("release", B))
    assert audit(place)[2:] == [("試験", "release", B)]


class Listening(Alone):
    """Our own hands; what they were asked is kept."""

    asked: Sequence[object] = ()

    def ask(self, worker: int, call: str, argument: Sequence[object]) -> Asked:
        self.asked = argument
        return super().ask(worker, call, argument)


def test_what_is_down_is_sent_once_with_a_run_of_files(place: Town) -> None:
    many = 300
    with place.desk() as opened:
        for number in range(many):
            opened.ledger.decisions.decide(f"{number}.md", hashlib.sha256(str(number).encode()).hexdigest(), "withdraw", place.now, "試験")
        place.notices(20, "道路")
        opened.folder.open()
        hands = Listening(opened.bench())
        list(Intake(opened.settings, opened.ledger, place.now).arrivals(tuple(listing(place.content).entries.values()), hands))
    assert len(hands.asked) >= 20
    assert len(pickle.dumps(hands.asked)) < 2 * many * 64


HELD = "# 給水のお知らせ\n\n氏名 消し田一郎 個人番号 123456789018\n"


def test_what_was_public_does_not_come_back_when_it_was_withdrawn_while_a_newer_edition_was_held(place: Town) -> None:
    do(place, ("drop", A, WRONG), ("drop", A, HELD))
    assert said(place, "消したい文面") != []
    do(place, ("withdraw", A))
    assert said(place, "消したい文面") == []
    do(place, ("drop", A, WRONG))
    assert said(place, "消したい文面") == []
    do(place, ("drop", B, WRONG), ("settings",))
    assert said(place, "消したい文面") == []
    do(place, ("drop", A, RIGHT))
    assert said(place, "直した文面") != []
    do(place, ("drop", A, WRONG), ("release", A))
    assert said(place, "消したい文面") != []
