"""The whole way from the drop folder to the site."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.errors import Busy, SiteError
from publisher.model import State
from publisher.pipeline.decide import release, withdraw
from tests.town import NOTICE, Town, broken_links, lasting, make_town, reachable

ROLL = "氏名,フリガナ,住所,年齢,避難所,公表同意,閲覧制限,備考\r\n"


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return make_town(tmp_path / "town")


def line(report, path: str):
    return next(d for d in report.documents if d.path == path)


# --- incremental ---


def test_a_second_build_writes_nothing_but_the_pulse(town: Town) -> None:
    town.notices(40)
    town.build()
    before = town.files()
    report = town.build()
    assert report.outputs.written <= 2
    assert lasting(town.files()) == lasting(before)


def test_state_and_site_deleted_give_the_same_site_again(town: Town) -> None:
    town.notices(40)
    town.drop("避難者名簿/名簿.csv", ROLL + "佐藤　花子,サトウ　ハナコ,汐見市本町1丁目2番3号,35,本町小学校,同意する,,\r\n")
    town.drop("写真だより.txt", "日付のない文書\n\n本文です。\n")
    town.build()
    before = town.files()
    shutil.rmtree(town.root / ".publisher")
    shutil.rmtree(town.public)
    town.build()
    assert lasting(town.files()) == lasting(before)


@pytest.mark.parametrize("count", [100, 1500])
def test_one_edited_notice_costs_a_bounded_number_of_files(town: Town, count: int) -> None:
    town.notices(count)
    town.build()
    town.drop("給水/0007.md", "---\n件名: 給水7号（時間変更）\n日時: 2036-03-11 14:07\n---\n\n10時からに変わりました。\n")
    report = town.build()
    assert report.outputs.written <= 40, report.outputs.paths
    assert line(report, "給水/0007.md").version == 2


def test_every_page_is_reachable_and_no_link_is_broken(town: Town) -> None:
    town.notices(70)
    town.notices(5, "避難所")
    town.drop("給水/0001.en.md", "# Water\n\nBring a bottle.\n")
    town.drop("給水/0001.md", "# 給水1号 改\n\n本文。\n")
    town.build()
    files = town.files()
    assert broken_links(files) == []
    found = reachable(files)
    assert [p for p in files if p.endswith(".html") and p not in found] == ["404.html"]


# --- the life of a document ---


def test_a_correction_keeps_the_address_and_the_earlier_version(town: Town) -> None:
    town.drop("給水/給水.md", "# 給水のお知らせ\n\n9時からです。\n")
    first = line(town.build(), "給水/給水.md")
    town.drop("給水/給水.md", "# 給水のお知らせ\n\n10時からです。\n")
    second = line(town.build(), "給水/給水.md")
    assert (second.url, second.version) == (first.url, 2)
    assert "10時から" in town.page(f"n/{first.id}.html")
    assert "9時から" in town.page(f"n/{first.id}.v1.html")
    assert "訂正" in town.page(f"n/{first.id}.html")


def test_a_moved_document_keeps_its_address(town: Town) -> None:
    file = town.drop("給水/給水.md", "# 給水のお知らせ\n\n9時からです。\n")
    town.notices(3, "道路")
    first = line(town.build(), "給水/給水.md")
    (town.content / "水道").mkdir()
    file.rename(town.content / "水道" / "きゅうすい.md")
    second = line(town.build(), "水道/きゅうすい.md")
    assert (second.id, second.state, second.version) == (first.id, State.PUBLISHED, 1)
    files = town.files()
    assert broken_links(files) == []
    assert f"n/{first.id}.html".encode() not in files.get("c/kyusui.html", b"")
    assert f"n/{first.id}.html".encode() in files["c/suido.html"]


def test_a_deleted_document_says_that_it_was_withdrawn(town: Town) -> None:
    town.notices(3)
    file = town.drop("給水/秘密.md", "# 間違えた給水\n\n内緒の文面です。\n")
    first = line(town.build(), "給水/秘密.md")
    (town.content / "_状況.html").write_text("", encoding="utf-8")
    file.unlink()
    second = line(town.build(), "給水/秘密.md")
    assert second.state is State.WITHDRAWN
    files = town.files()
    assert not [p for p, body in files.items() if "内緒の文面".encode() in body or "内緒の文面".encode("shift_jis") in body]
    assert "取り消" in town.page(f"n/{first.id}.html")
    assert broken_links(files) == []


def test_a_dropped_file_is_back_after_it_was_withdrawn(town: Town) -> None:
    town.notices(3)
    text = "# 給水\n\n本文です。\n"
    file = town.drop("給水/給水.md", text)
    town.build()
    (town.content / "_状況.html").write_text("", encoding="utf-8")
    file.unlink()
    town.build()
    town.drop("給水/給水.md", text)
    again = line(town.build(), "給水/給水.md")
    assert again.state is State.PUBLISHED
    assert "本文です" in town.page(f"n/{again.id}.html")


def test_a_lost_share_withdraws_nothing(town: Town) -> None:
    town.notices(30)
    town.build()
    before = town.files()
    shutil.rmtree(town.content)
    town.content.mkdir()
    report = town.build()
    assert [p.code for p in report.problems] == ["mass-vanishing"]
    assert report.exit_code == 3
    assert lasting(town.files()) == lasting(before)


def test_a_folder_that_is_not_there_changes_nothing(town: Town) -> None:
    town.notices(3)
    town.build()
    before = town.files()
    shutil.rmtree(town.content)
    with pytest.raises(SiteError) as caught:
        town.build()
    assert caught.value.problem.code == "no-content"
    assert town.files() == before


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("お知らせ/a.md", "---\n件名: 開設します\n終了: 2035-03-11 18:00\n---\n\n終わった文面。\n", "2035年3月11日 18時00分"),
        ("避難者名簿/名簿.csv", "避難者名簿,2035年3月11日9時現在\n氏名,フリガナ,住所,年齢,避難所,公表同意,閲覧制限\n" + "汐見　茂,シオミ　シゲル,本町1,70,高台小,同意する,\n" * 3, "2035年4月20日 9時00分"),
    ],
)
def test_what_has_ended_before_it_came_says_so(town: Town, path: str, text: str, why: str) -> None:
    """A mistyped year: nothing is shown, and whoever dropped it is told which date to look at."""
    town.drop(path, text)
    (line,) = [one for one in town.build().documents if one.path == path]
    assert line.state is State.EXPIRED
    told = line.reasons[0]
    assert told.code == "ended-before" and why in told.what and "日付" in told.todo
    assert not any("終わった文面" in body.decode("utf-8", "ignore") or "汐見　茂" in body.decode("utf-8", "ignore") for body in town.files().values())


def test_publishing_waits_for_its_moment_and_ends_at_its_end(town: Town) -> None:
    town.notices(2)
    town.build()
    publish, ends = town.now + timedelta(hours=1), town.now + timedelta(hours=2)
    text = f"---\n件名: 開設します\n公開: {publish:%Y-%m-%d %H:%M}\n終了: {ends:%Y-%m-%d %H:%M}\n---\n\n予定の文面。\n"
    town.drop("避難所/予定.md", text)
    waiting = line(town.build(), "避難所/予定.md")
    assert waiting.state is State.SCHEDULED
    assert not any("予定の文面".encode() in body for body in town.files().values())
    town.now = publish + timedelta(minutes=2)
    shown = line(town.build(), "避難所/予定.md")
    assert shown.state is State.PUBLISHED
    assert "予定の文面" in town.page(f"n/{shown.id}.html")
    town.now = ends + timedelta(minutes=2)
    ended = line(town.build(), "避難所/予定.md")
    assert ended.state is State.EXPIRED
    assert not any("予定の文面".encode() in body for body in town.files().values())


def test_a_bad_version_leaves_the_good_one(town: Town) -> None:
    town.drop("給水/給水.md", "# 給水\n\n9時から。\n")
    first = line(town.build(), "給水/給水.md")
    town.drop("給水/給水.md", b"\x00\xff\x00broken")
    second = line(town.build(), "給水/給水.md")
    assert second.state is State.REJECTED
    assert second.url == first.url
    assert "9時から" in town.page(f"n/{first.id}.html")


def test_two_files_for_one_address(town: Town) -> None:
    town.drop("給水/給水.md", "# 給水\n\n本文。\n")
    town.drop("給水/給水.en.md", "# Water\n\nText.\n")
    town.build()
    town.drop("給水/給水.en.txt", "Water again\n\nOther text.\n")
    report = town.build()
    second = line(report, "給水/給水.en.txt")
    assert second.state is State.REJECTED
    assert "給水/給水.en.md" in second.reasons[0].what
    assert report.exit_code == 3


# --- decisions ---


def test_a_held_table_is_released_by_a_person(town: Town) -> None:
    town.drop("窓口/相談者.csv", "氏名,フリガナ,電話番号\r\n佐藤 花子,サトウ ハナコ,090-0000-0001\r\n鈴木 一郎,スズキ イチロウ,090-0000-0002\r\n")
    report = town.build()
    assert line(report, "窓口/相談者.csv").state is State.HELD
    assert report.exit_code == 3
    assert not any("佐藤".encode() in body for body in town.files().values())
    with town.desk() as opened:
        release(opened, "窓口/相談者.csv", town.now, "test")
        report = town.build_at(opened)
        assert [entry[2:4] for entry in opened.ledger.decisions.audit()] == [("release", "窓口/相談者.csv")]
    assert line(report, "窓口/相談者.csv").state is State.PUBLISHED


def test_a_person_withdraws_a_document_whose_file_stands(town: Town) -> None:
    town.notices(3)
    file = town.drop("給水/誤り.md", "# 誤り\n\n消したい文面。\n")
    first = line(town.build(), "給水/誤り.md")
    with town.desk() as opened:
        withdraw(opened, str(file), town.now, "test")
        report = town.build_at(opened)
    assert line(report, "給水/誤り.md").state is State.WITHDRAWN
    assert report.exit_code == 0
    assert not any("消したい文面".encode() in body for body in town.files().values())
    assert "取り消" in town.page(f"n/{first.id}.html")


def test_what_was_decided_goes_with_a_file_that_moves(town: Town) -> None:
    """Other rules make all files be looked at again: what a person took down stays down, what they let through stays public."""
    town.notices(3)
    wrong = town.drop("給水/誤り.md", "# 誤り\n\n消したい文面。\n")
    held = town.drop("窓口/相談者.csv", "氏名,電話\n佐藤　花子,090-1234-5678\n鈴木　一郎,090-1234-5679\n")
    town.build()
    with town.desk() as opened:
        withdraw(opened, "給水/誤り.md", town.now, "test")
        release(opened, "窓口/相談者.csv", town.now, "test")
        town.build_at(opened)
    for file in (wrong, held):
        (town.content / "移動").mkdir(exist_ok=True)
        file.rename(town.content / "移動" / file.name)
    town.build()
    toml = town.root / "publisher.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("汐見市 災害情報", "汐見市 防災"), encoding="utf-8")
    report = town.build()
    assert line(report, "移動/誤り.md").state is State.WITHDRAWN
    assert line(report, "移動/相談者.csv").state is State.PUBLISHED
    assert not any("消したい文面".encode() in body for body in town.files().values())
    with town.desk() as opened:
        release(opened, "移動/誤り.md", town.now, "test")
        report = town.build_at(opened)
    assert line(report, "移動/誤り.md").state is State.PUBLISHED


# --- tables ---


def test_each_drop_into_a_tables_folder_is_its_next_edition(town: Town) -> None:
    row = "佐藤　花子,サトウ　ハナコ,汐見市本町1丁目2番3号,35,{},同意する,,秘密の備考\r\n"
    town.drop("避難者名簿/名簿_0311.csv", ROLL + row.format("本町小学校"))
    first = line(town.build(), "避難者名簿/名簿_0311.csv")
    town.drop("避難者名簿/名簿_0312.csv", ROLL + row.format("港町中学校"))
    second = line(town.build(), "避難者名簿/名簿_0312.csv")
    assert first.url == second.url == "https://saigai.example.jp/t/hinansha/index.html"
    csv = town.page("t/hinansha/hinansha.csv")
    assert "港町中学校" in csv
    assert "本町小学校" not in csv
    assert "秘密の備考" not in csv


def test_half_a_table_is_held(town: Town) -> None:
    rows = "".join(f"佐藤　花子{n},サトウ　ハナコ,汐見市本町1丁目,35,本町小学校,同意する,,\r\n" for n in range(40))
    town.drop("避難者名簿/名簿.csv", ROLL + rows)
    town.build()
    town.drop("避難者名簿/名簿.csv", ROLL + rows[: len(rows) // 4].rpartition("\r\n")[0] + "\r\n")
    report = town.build()
    assert line(report, "避難者名簿/名簿.csv").reasons[0].code == "rows-vanished"
    assert town.page("t/hinansha/hinansha.csv").count("佐藤") == 40


def _roll_of(hour: int, agreed: str) -> str:
    rows = "".join(f"佐藤　花子{n},サトウ　ハナコ,汐見市本町1丁目,35,本町小学校,{agreed if n == 0 else '同意する'},,\r\n" for n in range(9))
    return f"2036年3月11日{hour}時現在,,,,,,,\r\n{ROLL}{rows}"


def _roll_is_held(report, path: str = "避難者名簿/名簿.csv") -> bool:
    return [problem.code for problem in line(report, path).reasons] == ["older-edition"]


def _change_settings(town: Town) -> None:
    file = town.root / "publisher.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("災害情報", "災害の情報", 1), encoding="utf-8")
    assert "災害の情報" in file.read_text(encoding="utf-8")


def test_an_older_edition_is_held_though_it_was_public_once(town: Town) -> None:
    town.drop("避難者名簿/名簿.csv", _roll_of(14, "同意する"))
    town.build()
    assert "佐藤　花子0" in town.page("t/hinansha/hinansha.csv")
    town.drop("避難者名簿/名簿.csv", _roll_of(15, "同意しない"))
    town.build()
    town.drop("避難者名簿/名簿.csv", _roll_of(14, "同意する"))
    report = town.build()
    assert _roll_is_held(report)
    assert "佐藤　花子1" in town.page("t/hinansha/hinansha.csv")
    assert not any("佐藤　花子0".encode() in body for body in town.files().values())

    _change_settings(town)  # all files are looked at again
    assert _roll_is_held(town.build())
    assert not any("佐藤　花子0".encode() in body for body in town.files().values())

    town.drop("避難者名簿/名簿.csv", _roll_of(15, "同意しない"))
    assert not _roll_is_held(town.build())


def test_an_older_copy_beside_the_edition_that_stands_is_held(town: Town) -> None:
    town.drop("避難者名簿/名簿14.csv", _roll_of(14, "同意する"))
    town.build()
    town.drop("避難者名簿/名簿15.csv", _roll_of(15, "同意しない"))
    town.build()
    _change_settings(town)  # the former edition stands where it stood: nothing is said of it
    assert not _roll_is_held(town.build(), "避難者名簿/名簿14.csv")
    assert "佐藤　花子0" not in town.page("t/hinansha/hinansha.csv")
    (town.content / "避難者名簿/名簿14.csv").unlink()
    town.build()
    town.drop("避難者名簿/名簿14.csv", _roll_of(14, "同意する"))
    assert _roll_is_held(town.build(), "避難者名簿/名簿14.csv")
    assert "佐藤　花子0" not in town.page("t/hinansha/hinansha.csv")


def test_an_older_edition_that_a_person_lets_through_stands_until_the_next_one(town: Town) -> None:
    town.drop("避難者名簿/名簿.csv", _roll_of(15, "同意しない"))
    town.build()
    town.drop("避難者名簿/名簿.csv", _roll_of(14, "同意する"))
    assert _roll_is_held(town.build())
    with town.desk() as opened:
        release(opened, "避難者名簿/名簿.csv", town.now, "test")
        town.build_at(opened)
    assert "佐藤　花子0" in town.page("t/hinansha/hinansha.csv")
    _change_settings(town)
    town.build()
    assert "佐藤　花子0" in town.page("t/hinansha/hinansha.csv")

    town.drop("避難者名簿/名簿.csv", _roll_of(16, "同意しない"))
    town.build()
    town.drop("避難者名簿/名簿.csv", _roll_of(14, "同意する"))  # nobody decided that it is to replace the newer one
    assert _roll_is_held(town.build())
    assert "佐藤　花子0" not in town.page("t/hinansha/hinansha.csv")


# --- dry runs, locks, disks, crashes ---


def test_a_dry_run_changes_nothing_and_says_the_same(town: Town) -> None:
    town.notices(5)
    dry = town.build(dry=True)
    assert not town.public.exists()
    assert not (town.root / ".publisher").exists()
    real = town.build()
    assert dry.outputs.written == real.outputs.written
    assert [d.as_json() for d in dry.documents] == [d.as_json() for d in real.documents]


def test_only_one_publisher_at_a_time(town: Town) -> None:
    with town.desk(), pytest.raises(Busy), town.desk():
        pass


def _mounted(folder: Path, options: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("mounting needs root: " + done.stderr.decode())


def test_a_full_disk_leaves_the_last_good_site(town: Town) -> None:
    _mounted(town.public, "size=900k")
    try:
        town.notices(2)
        town.build()
        before = town.files()
        town.notices(300, "道路")
        with pytest.raises(SiteError) as caught:
            town.build()
        assert "空きがありません" in caught.value.problem.what
        assert town.files() == before
        subprocess.run(["mount", "-o", "remount,size=64m", str(town.public)], check=True)
        town.build()
        assert broken_links(town.files()) == []
        assert len(town.files()) > 900
    finally:
        subprocess.run(["umount", str(town.public)], check=True)


def test_a_read_only_site_is_a_sentence(town: Town) -> None:
    _mounted(town.public, "size=8m")
    try:
        town.notices(2)
        town.build()
        before = town.files()
        town.drop("給水/0001.md", "# 変えた\n\n本文\n")
        subprocess.run(["mount", "-o", "remount,ro", str(town.public)], check=True)
        with pytest.raises(SiteError) as caught:
            town.build()
        assert "書き込" in caught.value.problem.what
        assert town.files() == before
    finally:
        subprocess.run(["umount", str(town.public)], check=True)


def _run(town: Town, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "publisher", "-C", str(town.root), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def _run_through(town: Town, *arguments: str) -> int:
    process = _run(town, *arguments)
    process.communicate()
    return process.returncode


@pytest.mark.timeout(240)
def test_killed_at_any_moment_it_goes_on_where_it_was(town: Town) -> None:
    town.notices(150)
    start = time.monotonic()
    assert _run_through(town, "build") == 0
    whole = time.monotonic() - start
    rng = random.Random(7)
    for turn in range(8):
        old = town.files()
        for number in range(0, 150, 3):
            text = f"---\n件名: 給水{number}号 第{turn + 2}報\n日時: 2036-03-11 14:{number % 60:02d}\n---\n本文{turn}です。\n"
            town.drop(f"給水/{number:04d}.md", text)
        process = _run(town, "build")
        time.sleep(whole * rng.uniform(0.15, 1.0))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        half = town.files()
        # Pages of one new document name each other; between their renames nothing that stood before, and nothing that a reader can reach, leads to them.
        found = old.keys() | reachable(half)
        assert [(page, to) for page, to in broken_links({p: b for p, b in half.items() if not p.startswith(".staging")}) if page in found] == []
        for path, body in half.items():
            if path.endswith(".html") and not path.startswith(".staging"):
                assert body == old.get(path) or body.rstrip().endswith(b"</html>"), path
        assert _run_through(town, "build") == 0
        done = town.files()
        assert broken_links(done) == []
        assert all(f"本文{turn}です".encode() in body for p, body in done.items() if p.startswith("n/") and b"0</h1>" in body and ".v" not in p)
    assert _run_through(town, "build") == 0
    assert lasting(town.files()) == lasting(done)


# --- the command line ---


def test_json_and_exit_codes(town: Town) -> None:
    town.notices(2)
    process = _run(town, "build", "--json")
    out, _ = process.communicate()
    value = json.loads(out)
    assert process.returncode == 0
    assert set(value) >= {"documents", "outputs", "mirrors", "relays", "seconds"}
    assert set(value["documents"][0]) == {"path", "id", "state", "title", "version", "url", "reason"}
    assert set(value["outputs"]) >= {"written", "deleted", "unchanged", "bytes"}
    town.drop("給水/x.zip", b"PK\x03\x04")
    process = _run(town, "check", "--json")
    out, _ = process.communicate()
    assert process.returncode == 3
    assert next(d for d in json.loads(out)["documents"] if d["path"] == "給水/x.zip")["state"] == "rejected"
    (town.root / "publisher.toml").write_text("[site]\ntitel = 1\n", encoding="utf-8")
    process = _run(town, "build")
    _, err = process.communicate()
    assert process.returncode == 2
    assert "titel" in err.decode()
    assert "title" in err.decode()
    assert "Traceback" not in err.decode()


def test_the_site_does_not_know_where_it_was_built(tmp_path: Path) -> None:
    sites = []
    for name in ("one", "two"):
        town = make_town(tmp_path / name / "deep" / name)
        town.notices(12)
        for file in sorted(town.content.rglob("*.md")):
            os.utime(file, (2_089_000_000, 2_089_000_000))
        town.build()
        sites.append(lasting(town.files()))
    assert sites[0] == sites[1]


def test_a_deleted_site_is_made_anew(tmp_path: Path) -> None:
    town = make_town(tmp_path / "town")
    town.notices(4)
    town.drop("給水/0000.en.md", "# Water\n\nWater at the park.\n")
    town.drop("避難所/避難所.csv", "名称,住所,人数\n第1小学校,汐見市本町1,3\n第2小学校,汐見市本町2,5\n")
    town.build()
    town.drop("給水/0001.md", NOTICE.format(title="直した給水", minute=7))
    town.drop("避難所/避難所.csv", "名称,住所,人数\n第1小学校,汐見市本町1,4\n第2小学校,汐見市本町2,6\n")
    (town.content / "給水/0002.md").unlink()
    town.build()
    before = lasting(town.files())
    shutil.rmtree(town.public)
    report = town.build()
    assert lasting(town.files()) == before
    assert [problem.code for problem in report.problems] == ["site-lost"]
    assert report.exit_code == 0
    assert not town.build().problems
