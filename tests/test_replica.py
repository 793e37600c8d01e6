"""One machine takes over what another one led: what is lost over there, what was changed here, what stands in both."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from publisher.backup.bring import Bringer
from publisher.backup.key import Key
from publisher.errors import SiteError
from publisher.model import State
from publisher.pipeline import decide, requests
from publisher.pipeline.backup import Source, open_vault, restore
from publisher.pipeline.replica import Replica
from tests.test_backup import backed_town, take
from tests.test_restore import facts
from tests.town import Town


@pytest.fixture
def hall(tmp_path: Path) -> Town:
    town = backed_town(tmp_path)
    town.drop("給水.md", "# 給水します\n\n駅前公園です。\n")
    town.drop("道路.md", "# 国道は通れません\n\n崖崩れです。\n")
    (town.root / "themes").mkdir()
    (town.root / "themes/note.txt").write_text("一", encoding="utf-8")
    town.build()
    take(town)
    return town


@pytest.fixture
def branch(hall: Town, tmp_path: Path) -> Town:
    """Another machine, with the same state."""
    restore(Source(str(tmp_path / "vault")), Key.read(hall.root / "backup.key"), tmp_path / "branch")
    town = Town(tmp_path / "branch", hall.now + timedelta(hours=1))
    town.build()
    return town


def lead(town: Town, fence: int) -> None:
    """Its snapshots are those of this leader."""
    with town.desk() as opened:
        opened.ledger.remember("fence", str(fence))


def follow(town: Town, fence: int = 9) -> list[str]:
    """Take over; the codes of what staff are told."""
    return [problem.code for problem in replica_after(town, fence).problems]


def replica_after(town: Town, fence: int = 9) -> Replica:
    vault = open_vault(town.settings())
    vault.open(make=True)
    replica = Replica(town.settings(), Bringer(vault))
    replica.follow(fence, town.now)
    return replica


def content(town: Town) -> dict[str, str]:
    return {
        p.relative_to(town.content).as_posix(): p.read_text(encoding="utf-8") for p in sorted(town.content.rglob("*.md")) if "_控え" not in p.parts
    }


def aside(town: Town) -> dict[str, str]:
    return {p.name: p.read_text(encoding="utf-8") for p in (town.content / "_控え").rglob("*") if p.is_file()}


# --- what is lost over there ---


def config_object(town: Town, path: str) -> Path:
    vault = open_vault(town.settings())
    [name] = [item.name for item in vault.snapshot(vault.snapshots()[0]).config if item.path == path]
    return Path(vault.place) / name


@pytest.mark.parametrize("how", ["missing", "cut"])
def test_a_file_of_the_configuration_that_is_lost_over_there_stays_as_it_is_here(hall: Town, branch: Town, how: str) -> None:
    lead(branch, 2)
    (branch.root / "themes/note.txt").write_text("二", encoding="utf-8")
    branch.drop("電気.md", "# 停電しています\n\n復旧は未定です。\n")
    branch.build()
    take(branch)
    lost = config_object(branch, "themes/note.txt")
    lost.unlink() if how == "missing" else lost.write_bytes(lost.read_bytes()[:-5])
    replica = replica_after(hall)
    [problem] = replica.problems
    assert problem.code == "replica-lost-config" and problem.where.endswith("themes/note.txt")
    assert (hall.root / "themes/note.txt").read_text(encoding="utf-8") == "一"
    assert "電気.md" in content(hall)


def test_originals_that_are_lost_over_there_are_told(hall: Town, branch: Town) -> None:
    lead(branch, 2)
    file = branch.drop("電気.md", "# 停電しています\n\n復旧は未定です。\n")
    import hashlib

    branch.build()
    take(branch)
    vault = open_vault(branch.settings())
    for name in vault.names_of_file(hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_size):
        (Path(vault.place) / name).unlink()
    assert follow(hall) == ["restore-lost-versions", "restore-lost"]


def test_a_disk_that_takes_nothing_is_told_in_words(hall: Town, branch: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    lead(branch, 2)
    branch.drop("電気.md", "# 停電しています\n\n復旧は未定です。\n")
    branch.build()
    take(branch)
    before = (hall.root / ".publisher/ledger.db").read_bytes()
    real = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if hall.root in self.parents:
            raise OSError(28, "No space left on device", str(self))
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SiteError, match="空き容量") as caught:
        follow(hall)
    assert caught.value.problem.code == "replica-unwritable"
    assert (hall.root / ".publisher/ledger.db").read_bytes() == before


def test_a_file_that_vanishes_between_the_listing_and_the_reading_is_no_failure(hall: Town, branch: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    from publisher.pipeline import reunion

    lead(branch, 2)
    branch.drop("電気.md", "# 停電しています\n\n復旧は未定です。\n")
    branch.build()
    take(branch)
    hall.drop("一時.md", "# すぐ消えます\n\n本文です。\n")
    real = reunion.listing

    def listing(folder: Path):
        found = real(folder)
        (folder / "一時.md").unlink(missing_ok=True)
        return found

    monkeypatch.setattr(reunion, "listing", listing)
    assert follow(hall) == [] and "電気.md" in content(hall)


# --- what both did ---

TEN = "# 給水します\n\n駅前公園です。10時からです。\n"
ELEVEN = "# 給水します\n\n市役所前に変わりました。\n"


def took_over(branch: Town, fence: int = 2) -> None:
    branch.build()
    lead(branch, fence)
    take(branch)


def test_an_edit_of_the_machine_that_was_cut_off_does_not_undo_the_correction_of_the_one_that_led(hall: Town, branch: Town) -> None:
    lead(hall, 1)
    hall.drop("給水.md", TEN)
    hall.build()  # taken in here, seen by nobody else
    branch.drop("給水.md", ELEVEN)
    took_over(branch)
    [problem] = replica_after(hall).problems
    assert problem.code == "both-changed" and "給水.md" in problem.what
    assert content(hall)["給水.md"] == ELEVEN and aside(hall) == {"給水.md": TEN}
    assert Path(problem.where, "給水.md").read_text(encoding="utf-8") == TEN
    assert (hall.root / ".publisher/ledger.1.db").exists()
    hall.build()
    assert not any("10時から" in body.decode("utf-8", "replace") for path, body in hall.files().items() if path.startswith("n/"))


def test_an_edit_that_was_never_taken_in_is_put_aside_as_well(hall: Town, branch: Town) -> None:
    branch.drop("給水.md", ELEVEN)
    took_over(branch)
    hall.drop("給水.md", TEN)
    assert follow(hall) == ["both-changed"] and aside(hall) == {"給水.md": TEN}


def test_going_back_to_older_bytes_over_there_is_newer_all_the_same(hall: Town, branch: Town) -> None:
    first = content(hall)["給水.md"]
    branch.drop("給水.md", ELEVEN)
    branch.build()
    branch.drop("給水.md", first)
    took_over(branch)
    hall.drop("給水.md", TEN)
    assert follow(hall) == ["both-changed"] and content(hall)["給水.md"] == first


def test_what_was_withdrawn_over_there_does_not_come_back_because_it_was_edited_here(hall: Town, branch: Town) -> None:
    (branch.content / "給水.md").unlink()
    took_over(branch)
    hall.drop("給水.md", TEN)
    assert follow(hall) == ["both-changed"]
    assert "給水.md" not in content(hall) and aside(hall) == {"給水.md": TEN}


def test_an_edit_of_what_nobody_else_touched_stays_and_so_does_a_new_file(hall: Town, branch: Town) -> None:
    branch.drop("道路.md", "# 国道は片側で通れます\n\n信号に従ってください。\n")
    took_over(branch)
    hall.drop("給水.md", TEN)
    hall.drop("庁舎.md", "# 庁舎から\n\n電気が戻りました。\n")
    lead(hall, 1)
    hall.build()
    assert follow(hall) == [] and set(aside(hall)) == {"道路.md"}  # the copy that the correction replaced
    assert content(hall)["給水.md"] == TEN and "片側" in content(hall)["道路.md"] and "庁舎.md" in content(hall)
    assert replica_after(hall, 0).problems == []
    branch.drop("電気.md", "# 停電しています\n\n復旧は未定です。\n")
    took_over(branch)
    assert follow(hall) == [] and content(hall)["給水.md"] == TEN  # again, with what was adopted in between


def decide_on(town: Town, action: str, path: str) -> None:
    with town.desk() as opened:
        town.now += timedelta(minutes=1)
        getattr(decide, action)(opened, path, town.now, "係")


def lead_once(town: Town) -> None:
    """What the first turn of a watch does."""
    with town.desk() as opened:
        town.now += timedelta(minutes=1)
        requests.carry_out(opened, town.now)
        town.build_at(opened)


def test_a_withdrawal_that_only_the_machine_that_was_cut_off_knew_of_is_done_when_it_leads_again(hall: Town, branch: Town) -> None:
    lead(hall, 1)
    decide_on(hall, "withdraw", "給水.md")
    audit = facts(hall)["audit"]
    branch.now = hall.now + timedelta(minutes=30)
    branch.drop("電気.md", "# 停電しています\n\n復旧は未定です。\n")
    took_over(branch)
    hall.now = branch.now + timedelta(minutes=30)
    assert follow(hall) == [] and content(hall)["給水.md"]
    assert facts(hall)["documents"]["給水.md"][2] is State.PUBLISHED
    lead_once(hall)
    assert facts(hall)["documents"]["給水.md"][2] is State.WITHDRAWN
    assert facts(hall)["audit"] == audit and (hall.root / ".publisher/ledger.1.db").exists()
    lead_once(hall)
    assert facts(hall)["audit"] == audit


def test_a_withdrawal_of_what_was_corrected_over_there_is_told_and_not_done(hall: Town, branch: Town) -> None:
    decide_on(hall, "withdraw", "給水.md")
    audit = facts(hall)["audit"]
    branch.drop("給水.md", ELEVEN)
    took_over(branch)
    hall.now = branch.now + timedelta(minutes=30)
    [problem] = replica_after(hall).problems
    assert problem.code == "decisions-overtaken" and "給水.md の取り消し" in problem.what and Path(problem.where).exists()
    lead_once(hall)
    assert facts(hall)["documents"]["給水.md"][2] is State.PUBLISHED and facts(hall)["audit"] == audit


def test_a_release_of_a_file_that_only_stands_here_holds(hall: Town, branch: Town) -> None:
    hall.drop("名前.csv", "電話番号,氏名,フリガナ,年齢\n090-0000-0001,山田　花子,ヤマダ　ハナコ,80\n090-0000-0002,鈴木　一郎,スズキ　イチロウ,71\n")
    hall.build()
    assert facts(hall)["files"]["名前.csv"][2] == "held"
    decide_on(hall, "release", "名前.csv")
    branch.drop("電気.md", "# 停電しています\n\n復旧は未定です。\n")
    took_over(branch)
    hall.now = branch.now + timedelta(minutes=30)
    assert follow(hall) == []
    lead_once(hall)
    assert facts(hall)["files"]["名前.csv"][2] == "accepted"


# --- what was decided here, of a file that has moved on one of the sides ---

A, B, C = "給水.md", "移動/給水.md", "写し/給水.md"
WORDS = "駅前公園です"
HELD = "氏名,電話\n佐藤　花子,090-1234-5678\n鈴木　一郎,090-1234-5679\n"


def copy(town: Town, path: str, target: str) -> None:
    town.drop(target, (town.content / path).read_bytes())
    town.build()


def move(town: Town, path: str, target: str) -> None:
    place = town.content / target
    place.parent.mkdir(exist_ok=True)
    (town.content / path).rename(place)
    town.build()


def reunite(hall: Town, branch: Town, fence: int = 9) -> list[str]:
    """The branch leads; the hall, which was cut off, follows it (``fence`` 0: and goes on waiting). Gives what staff are told."""
    branch.now = max(hall.now, branch.now) + timedelta(minutes=30)
    branch.drop("電気.md", f"# 停電しています\n\n{branch.now:%H:%M:%S}現在、復旧は未定です。\n")
    took_over(branch)
    hall.now = branch.now + timedelta(minutes=30)
    return [problem.what for problem in replica_after(hall, fence).problems if problem.code != "both-changed"]


def states(town: Town) -> dict[str, str]:
    return {path: file[2] for path, file in facts(town)["files"].items() if path not in ("道路.md", "電気.md")}


def shown(town: Town, words: str = WORDS) -> bool:
    return any(words.encode() in body for body in town.files().values())


def waiting(town: Town) -> list[Path]:
    return sorted((town.root / ".publisher/requests").glob("*.request"))


def test_a_withdrawal_finds_its_file_where_it_was_moved_over_there(hall: Town, branch: Town) -> None:
    decide_on(hall, "withdraw", A)
    move(branch, A, B)
    assert reunite(hall, branch) == []
    lead_once(hall)
    assert states(hall)[B] == "withdrawn" and not shown(hall) and not waiting(hall)
    said = [line[2:4] for line in facts(hall)["audit"]]
    assert said[:2] == [("withdraw", A), ("withdraw", B)] and set(said[2:]) <= {("refuse", A)}


def test_a_withdrawal_after_a_move_that_only_this_machine_knows_finds_its_file_where_it_was(hall: Town, branch: Town) -> None:
    move(hall, A, B)
    decide_on(hall, "withdraw", B)
    assert reunite(hall, branch) == []
    lead_once(hall)
    assert set(states(hall).values()) == {"withdrawn"} and A in states(hall) and not shown(hall)


def test_what_was_let_through_again_after_a_move_is_let_through_where_it_was(hall: Town, branch: Town) -> None:
    decide_on(hall, "withdraw", A)
    move(hall, A, B)
    decide_on(hall, "release", B)
    assert reunite(hall, branch) == []
    lead_once(hall)
    assert states(hall)[A] == "accepted" and shown(hall)


def test_a_withdrawal_goes_for_every_place_where_the_bytes_stand_over_there(hall: Town, branch: Town) -> None:
    decide_on(hall, "withdraw", A)
    copy(branch, A, C)
    move(branch, A, B)
    assert reunite(hall, branch) == []
    lead_once(hall)
    assert (states(hall)[B], states(hall)[C]) == ("withdrawn", "withdrawn") and not shown(hall)


def test_a_copy_that_the_person_let_be_stands_over_there_too(hall: Town, branch: Town) -> None:
    for town in (hall, branch):
        copy(town, A, C)
    decide_on(hall, "withdraw", A)
    move(branch, A, B)
    assert reunite(hall, branch) == []
    lead_once(hall)
    assert (states(hall)[B], states(hall)[C]) == ("withdrawn", "accepted")


@pytest.mark.parametrize("path", [A, B])
def test_a_withdrawal_is_told_and_not_done_where_somebody_let_the_file_through_later(hall: Town, branch: Town, path: str) -> None:
    decide_on(hall, "withdraw", A)
    branch.now = hall.now + timedelta(minutes=10)
    if path == B:
        move(branch, A, B)
    decide_on(branch, "withdraw", path)
    decide_on(branch, "release", path)
    [told] = reunite(hall, branch)
    assert f"{A} の取り消し" in told if path == A else f"{A}（今は {B}） の取り消し" in told
    lead_once(hall)
    assert states(hall)[path] == "accepted" and shown(hall)
    assert ("withdraw", A) in [line[2:4] for line in facts(hall)["audit"]]


def test_a_copy_of_what_somebody_let_through_later_is_told_and_left(hall: Town, branch: Town) -> None:
    """The file itself stays down, as where both were decided on one machine."""
    decide_on(hall, "withdraw", A)
    copy(branch, A, B)
    copy(branch, A, C)
    branch.now = hall.now + timedelta(minutes=10)
    decide_on(branch, "withdraw", B)
    decide_on(branch, "release", B)
    [told] = reunite(hall, branch)
    assert f"{A}（今は {B}） の取り消し" in told and f"{A}（今は {C}） の取り消し" in told
    lead_once(hall)
    assert (states(hall)[A], states(hall)[B], states(hall)[C]) == ("withdrawn", "accepted", "accepted")


def test_where_both_took_it_down_nobody_is_troubled(hall: Town, branch: Town) -> None:
    decide_on(hall, "withdraw", A)
    branch.now = hall.now + timedelta(minutes=10)
    decide_on(branch, "withdraw", A)
    assert reunite(hall, branch) == [] and not waiting(hall)
    lead_once(hall)
    assert states(hall)[A] == "withdrawn" and not shown(hall)


@pytest.fixture
def holding(hall: Town, branch: Town) -> tuple[Town, Town]:
    """Both hold a file that looks personal."""
    for town in (hall, branch):
        town.drop("名前.csv", HELD)
        town.build()
        assert states(town)["名前.csv"] == "held"
    return hall, branch


def test_a_release_goes_with_a_file_that_was_moved_over_there(holding: tuple[Town, Town]) -> None:
    hall, branch = holding
    decide_on(hall, "release", "名前.csv")
    move(branch, "名前.csv", "移動/名前.csv")
    assert reunite(hall, branch) == []
    lead_once(hall)
    assert states(hall)["移動/名前.csv"] == "accepted"


def test_a_release_after_a_move_that_only_this_machine_knows_finds_its_file_where_it_was(holding: tuple[Town, Town]) -> None:
    hall, branch = holding
    move(hall, "名前.csv", "移動/名前.csv")
    decide_on(hall, "release", "移動/名前.csv")
    assert reunite(hall, branch) == []
    lead_once(hall)
    assert states(hall)["名前.csv"] == "accepted"


def test_a_release_lets_no_copy_through(holding: tuple[Town, Town]) -> None:
    hall, branch = holding
    decide_on(hall, "release", "名前.csv")
    copy(branch, "名前.csv", "窓口/名前.csv")
    assert reunite(hall, branch) == []
    lead_once(hall)
    assert (states(hall)["名前.csv"], states(hall)["窓口/名前.csv"]) == ("accepted", "held")


def test_a_release_is_told_and_not_done_where_other_rules_hold(holding: tuple[Town, Town]) -> None:
    """Of a table in the folder of a profile other columns are shown than the person let through."""
    hall, branch = holding
    decide_on(hall, "release", "名前.csv")
    move(branch, "名前.csv", "名前.tsv")
    assert states(branch)["名前.tsv"] == "held"
    [told] = reunite(hall, branch)
    assert "名前.csv の公開の許可" in told
    lead_once(hall)
    assert states(hall)["名前.tsv"] == "held"


def test_a_release_does_not_bring_back_what_somebody_took_down_later(holding: tuple[Town, Town]) -> None:
    hall, branch = holding
    decide_on(hall, "release", "名前.csv")
    branch.now = hall.now + timedelta(minutes=10)
    copy(branch, "名前.csv", "窓口/名前.csv")
    decide_on(branch, "withdraw", "窓口/名前.csv")
    [told] = reunite(hall, branch)
    assert "名前.csv の公開の許可" in told
    lead_once(hall)
    assert states(hall)["名前.csv"] == "held" and not shown(hall, "佐藤")


# --- while it waits to be done ---


def test_a_withdrawal_that_waits_finds_its_file_where_it_was_moved_meanwhile(hall: Town, branch: Town) -> None:
    decide_on(hall, "withdraw", A)
    assert reunite(hall, branch) == [] and len(waiting(hall)) == 1
    move(branch, A, B)
    assert reunite(hall, branch) == [] and len(waiting(hall)) == 1
    lead_once(hall)
    assert states(hall)[B] == "withdrawn" and not shown(hall)


def test_a_withdrawal_that_waits_is_told_and_not_done_when_it_is_overtaken(hall: Town, branch: Town) -> None:
    decide_on(hall, "withdraw", A)
    assert reunite(hall, branch) == [] and len(waiting(hall)) == 1
    branch.now = hall.now
    decide_on(branch, "withdraw", A)
    decide_on(branch, "release", A)
    [told] = reunite(hall, branch)
    assert f"{A} の取り消し" in told and not waiting(hall)
    lead_once(hall)
    assert states(hall)[A] == "accepted" and [line[2:4] for line in facts(hall)["audit"]].count(("withdraw", A)) == 2


def test_what_was_kept_and_told_at_one_following_is_not_at_the_next(hall: Town, branch: Town) -> None:
    """A machine that waits follows after every change over there."""
    decide_on(hall, "withdraw", A)
    decide_on(hall, "withdraw", "道路.md")
    branch.drop(A, ELEVEN)
    move(branch, "道路.md", "移動/道路.md")
    [told] = reunite(hall, branch, 0)
    assert f"{A} の取り消し" in told
    kept = sorted((hall.root / ".publisher").glob("ledger.*.db"))
    assert len(kept) == 1
    for _ in range(2):
        assert reunite(hall, branch, 0) == []
    assert sorted((hall.root / ".publisher").glob("ledger.*.db")) == kept
    lead_once(hall)
    assert not shown(hall, "崖崩れ")
    assert {("withdraw", A), ("withdraw", "道路.md"), ("withdraw", "移動/道路.md")} <= {line[2:4] for line in facts(hall)["audit"]}


@pytest.mark.parametrize("path", [A, "道路.md"])
def test_what_is_decided_alone_after_a_following_is_kept_and_told_by_itself(hall: Town, branch: Town, path: str) -> None:
    decide_on(hall, "withdraw", A)
    branch.drop(A, ELEVEN)
    assert len(reunite(hall, branch)) == 1
    lead_once(hall)
    decide_on(hall, "withdraw", path)
    branch.drop(path, TEN)
    [told] = reunite(hall, branch)
    assert told.count("取り消し") == 1 and f"{path} の取り消し" in told
    assert len(list((hall.root / ".publisher").glob("ledger.*.db"))) == 2


def test_a_release_and_a_withdrawal_made_alone_are_both_on_record(holding: tuple[Town, Town]) -> None:
    hall, branch = holding
    decide_on(hall, "release", "名前.csv")
    move(hall, "名前.csv", "移動/名前.csv")
    decide_on(hall, "withdraw", "移動/名前.csv")
    assert reunite(hall, branch) == []
    lead_once(hall)
    assert states(hall)["名前.csv"] == "withdrawn" and not shown(hall, "佐藤")
    assert {("release", "名前.csv"), ("withdraw", "移動/名前.csv"), ("withdraw", "名前.csv")} <= {line[2:4] for line in facts(hall)["audit"]}


def test_nothing_is_kept_beside_where_nothing_was_done_alone(hall: Town, branch: Town) -> None:
    branch.drop("電気.md", "# 停電しています\n\n復旧は未定です。\n")
    took_over(branch)
    lead(hall, 1)
    assert follow(hall) == [] and not list((hall.root / ".publisher").glob("ledger.*.db"))


def test_a_held_file_that_was_mended_here_is_no_clash_unless_it_was_changed_over_there_too(hall: Town, branch: Town) -> None:
    held = "電話番号,氏名,フリガナ,年齢\n090-0000-0001,山田　花子,ヤマダ　ハナコ,80\n090-0000-0002,鈴木　一郎,スズキ　イチロウ,{}\n"
    for town in (hall, branch):
        town.drop("名前.csv", held.format(71))
        town.build()
    took_over(branch)
    hall.drop("名前.csv", "地区,水\n港町,○\n")
    assert follow(hall) == [] and (hall.content / "名前.csv").read_text(encoding="utf-8").startswith("地区")
    branch.drop("名前.csv", held.format(72))
    took_over(branch)
    assert follow(hall) == ["both-changed"] and aside(hall)["名前.csv"].startswith("地区")


# --- which state is the newest ---


def newest(town: Town) -> Path:
    vault = open_vault(town.settings())
    return Path(vault.place) / vault.snapshots()[0]


def break_(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-7])



def after_a_turn_of_the_branch(hall: Town, branch: Town) -> None:
    """The hall has led and backed up; then the branch did."""
    hall.drop("庁舎.md", "# 庁舎から\n\n電気が戻りました。\n")
    hall.build()
    lead(hall, 1)
    take(hall)
    follow(branch, 2)
    branch.drop("電気.md", "# 停電しています\n\n復旧は未定です。\n")
    took_over(branch)


def test_our_own_newest_snapshot_that_is_damaged_brings_nothing_older_back(hall: Town) -> None:
    hall.drop("電気.md", "# 停電しています\n\n復旧は未定です。\n")
    hall.build()
    take(hall)
    damaged = newest(hall)
    break_(damaged)
    hall.drop("庁舎.md", "# 庁舎から\n\n電気が戻りました。\n")
    hall.build()
    before = facts(hall)
    assert follow(hall) == [] and facts(hall) == before
    take(hall)
    assert newest(hall).name > damaged.name and newest(hall).name.split("-")[1] > damaged.name.split("-")[1]
    assert open_vault(hall.settings()).snapshot(f"s/{newest(hall).name}").files == 4


@pytest.mark.parametrize("what", ["snapshot", "ledger"])
def test_where_the_newest_of_another_is_damaged_nobody_goes_back_behind_what_he_has(hall: Town, branch: Town, what: str) -> None:
    after_a_turn_of_the_branch(hall, branch)
    hall.drop("未送.md", "# まだ控えていません\n\n本文です。\n")
    hall.build()
    vault = open_vault(branch.settings())
    break_(newest(branch) if what == "snapshot" else Path(vault.place) / vault.snapshot(vault.snapshots()[0]).packs[-1][0])
    before = facts(hall)
    replica = replica_after(hall, 0)
    assert [problem.code for problem in replica.problems] == ["backup-behind"] and facts(hall) == before
    assert not replica.follow(0, hall.now) and not replica.problems  # told once
    assert not replica.follow(3, hall.now) and [problem.code for problem in replica.problems] == ["backup-behind"]
    assert facts(hall) == before
    with hall.desk() as opened:
        assert opened.ledger.fact("doubt") and opened.ledger.fact("fence") == "3"


def test_where_the_newest_is_damaged_the_one_before_it_counts_if_it_is_news(hall: Town, branch: Town) -> None:
    after_a_turn_of_the_branch(hall, branch)
    branch.drop("後.md", "# もっと後\n\n本文です。\n")
    took_over(branch)
    break_(newest(branch))
    assert follow(hall) == ["backup-passed-over"]
    assert "電気.md" in content(hall) and "庁舎.md" in content(hall)


def test_records_that_a_failing_disk_has_damaged_are_put_aside_and_those_of_the_backup_go_on(hall: Town, branch: Town) -> None:
    after_a_turn_of_the_branch(hall, branch)
    ledger = hall.root / ".publisher/ledger.db"
    ledger.write_bytes(b"\0" * 5_000)
    assert "ledger-kept" in follow(hall)
    assert (hall.root / ".publisher/ledger.broken.db").read_bytes() == b"\0" * 5_000
    assert content(hall) == content(branch)
    hall.build()
    assert "停電しています" in hall.page("index.html")


def test_where_every_snapshot_is_damaged_a_machine_goes_on_with_what_it_has(hall: Town, branch: Town) -> None:
    after_a_turn_of_the_branch(hall, branch)
    for file in newest(branch).parent.iterdir():
        break_(file)
    before = facts(hall)
    assert follow(hall) == ["backup-behind"] and facts(hall) == before


def test_a_store_that_was_begun_anew_is_followed_and_told(hall: Town, branch: Town, tmp_path: Path) -> None:
    after_a_turn_of_the_branch(hall, branch)
    assert follow(hall, 3) == []
    (tmp_path / "vault").rename(tmp_path / "lost")
    branch.drop("新しい置き場所.md", "# 置き場所を替えました\n\n本文です。\n")
    branch.build()
    lead(branch, 1)
    (branch.root / ".publisher/backup.pages").unlink()
    take(branch)
    assert follow(hall, 0) == ["backup-older"]
    assert "新しい置き場所.md" in content(hall) and (hall.root / ".publisher/ledger.3.db").exists()
    branch.drop("次.md", "# 次のお知らせ\n\n本文です。\n")
    branch.build()
    take(branch)
    assert follow(hall, 0) == [] and "次.md" in content(hall)
