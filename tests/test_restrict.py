"""One command takes a person off a list: not a byte is left on the site, on any mirror, in any version, log or answer."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from publisher import cli
from publisher.mirrors import S3Mirror
from publisher.pipeline import restrictions
from publisher.pipeline.build import build
from publisher.pipeline.publish import to_mirrors
from publisher.pipeline.status import status
from tests.servers import ADMIN, BUCKET, KEY, SECRET, client, program, seaweedfs
from tests.test_s3_servers import bucket_of, versions_of
from tests.town import Town, broken_links, make_town

NAMES = ["磯貝　航", "渡邉　洋子", "汐田　茂", "浜野　凜", "高台　薫", "港　光", "赤松　勇"]
KANA = ["イソガイ　ワタル", "ワタナベ　ヨウコ", "シオタ　シゲル", "ハマノ　リン", "タカダイ　カオル", "ミナト　ヒカル", "アカマツ　イサム"]
HEADER = "受付番号,氏名,フリガナ,生年月日,住所,年齢,避難所,公表同意,閲覧制限"
ZORA = ("999", "髙橋　是羅", "タカハシ　ゼラ", "昭和40年3月1日", "汐見市本町3丁目4番5号", "71", "高台公民館", "同意する", "")
TRACES = ["是羅", "ゼラ", "ぜら", "zera", "高橋是羅"]
MIRRORS = "".join(f'\n[[mirrors]]\nname = "{name}"\nurl = "{{root}}/{name}"\npublic_url = "https://{name}.example.jp/"\n' for name in ("one", "two"))


def roll(as_of: str, *extra: tuple[str, ...], count: int = 40) -> str:
    rows = [f"避難者名簿,{as_of}現在", HEADER]
    for n in range(count):
        who = n % len(NAMES)
        rows.append(f"{n + 1},{NAMES[who]},{KANA[who]},昭和{n % 50 + 10}年{n % 12 + 1}月{n % 28 + 1}日,汐見市浜町{n + 1}番地,{20 + n},中央小学校,同意する,")
    return "\n".join([*rows, *(",".join(row) for row in extra)]) + "\n"


def person(**cells: str) -> tuple[str, ...]:
    return tuple((dict(zip(HEADER.split(","), ZORA, strict=True)) | cells).values())


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Three editions of a roll; the person is on all of them."""
    root = tmp_path_factory.mktemp("town")
    made = make_town(root, MIRRORS.format(root=root.as_posix()))
    made.drop("給水/水.md", "# 給水所\n\n水を配ります。\n")
    for hour in (10, 12, 14):
        made.drop("避難者名簿/名簿.csv", roll(f"2036年3月11日{hour}時", person(避難所=f"第{hour}避難所")))
        assert run(made, "publish") == 0
    assert traces(made)
    return made


@pytest.fixture
def town(published: Town, tmp_path: Path) -> Town:
    """A copy of it, with mirrors of its own."""
    root = tmp_path / "town"
    shutil.copytree(published.root, root)
    settings = root / "publisher.toml"
    settings.write_text(settings.read_text().replace(published.root.as_posix(), root.as_posix()))
    ledger = sqlite3.connect(root / ".publisher" / "ledger.db")
    with ledger:
        ledger.execute("UPDATE mirrors SET identity = replace(identity, ?, ?)", (published.root.as_posix(), root.as_posix()))
    ledger.close()
    return Town(root, published.now)


def run(town: Town, *command: str) -> int:
    return cli.main(["-C", str(town.root), *command])


def everything(town: Town, *folders: str) -> Iterator[tuple[str, bytes]]:
    """Every byte beside the drop folder and the archive, which are the town's own."""
    for folder in folders or ("public", "one", "two", ".publisher"):
        for file in (town.root / folder).rglob("*"):
            if file.is_file() and "archive" not in file.parts:
                yield str(file), file.read_bytes()
    yield "staff", (town.content / "_状況.html").read_bytes() if (town.content / "_状況.html").exists() else b""


def traces(town: Town, *folders: str) -> list[str]:
    words = [word.encode(code) for word in TRACES for code in ("utf-8", "cp932", "utf-16-le")]
    words += [json.dumps(word).strip('"').encode() for word in TRACES]
    return [path for path, body in everything(town, *folders) if any(word in body or word in path.encode() for word in words)]


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert not any(trace in captured.out + captured.err for trace in TRACES)
    return captured.out + captured.err


@pytest.mark.parametrize(
    ("table", "row"),
    [("hinansha", "行43"), ("避難者名簿", "43"), ("hinansha", "髙橋　是羅"), ("content/避難者名簿/", "タカハシゼラ"), ("hinansha", "たかはし ぜら")],
)
def test_one_command_and_nothing_is_left(town: Town, capsys: pytest.CaptureFixture[str], table: str, row: str) -> None:
    capsys.readouterr()
    assert run(town, "restrict", table, *row.split(" "), "--json") == 0
    answer = json.loads(said(capsys))
    assert answer["applied"]
    assert {(line["mirror"], line["state"]) for line in answer["receipts"]} == {("one", "done"), ("two", "done")}
    assert traces(town) == []
    files = town.files()
    assert broken_links(files) == []
    assert "全部で41" in town.page("t/hinansha/index.html")
    for mirror in ("one", "two"):
        here = {p.relative_to(town.root / mirror).as_posix(): p.read_bytes() for p in (town.root / mirror).rglob("*") if p.is_file()}
        assert here == files


def test_it_holds_for_the_editions_to_come(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(town, "restrict", "hinansha", "行43") == 0
    for hour, again in ((15, person(氏名="高橋 是羅", フリガナ="ﾀｶﾊｼ ｾﾞﾗ", 生年月日="1965/3/1")), (16, person(受付番号="3", 住所="", 生年月日="S40.3.1"))):
        town.drop("避難者名簿/名簿.csv", roll(f"2036年3月11日{hour}時", again))
        assert run(town, "publish") == 0
        assert traces(town) == []
        assert "全部で41" in town.page("t/hinansha/index.html")
    assert run(town, "status", "--json") == 0
    assert "載せないと決めた方の行が1行" in said(capsys)


def test_a_birthday_left_out_and_an_address_in_other_words_bring_nobody_back(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(town, "restrict", "hinansha", "行43") == 0
    assert restrictions.load(town.root / ".publisher").entries[0].restriction.form == 2
    town.drop("避難者名簿/名簿.csv", roll("2036年3月11日15時", person(生年月日="", 住所="本町3-4-5 コーポ汐見")))
    assert run(town, "publish") == 0
    assert traces(town) == []
    namesakes = person(生年月日="昭和50年1月1日"), person(生年月日="昭和50年1月1日", 住所="浜町9"), person(生年月日="", 住所="浜町9", 公表同意="")
    town.drop("避難者名簿/名簿.csv", roll("2036年3月11日16時", *namesakes))
    assert run(town, "publish") == 0
    assert traces(town)
    assert run(town, "status", "--json") == 0
    told = said(capsys)
    assert "同じ氏名で、読み、生年月日か住所が違う行があります（44行目）" in told


def test_lifting_brings_the_person_back_and_both_are_on_the_audit_log(town: Town) -> None:
    assert run(town, "restrict", "hinansha", "行43") == 0
    assert run(town, "restrict", "--lift", "hinansha", "行43") == 0
    assert traces(town, "public")
    assert traces(town, "one")
    assert run(town, "restrict", "hinansha", "髙橋 是羅") == 0
    assert run(town, "restrict", "--lift", "hinansha", "r2") == 0
    assert traces(town, "public")
    log = sqlite3.connect(town.root / ".publisher" / "ledger.db").execute("SELECT action, target, detail FROM audit").fetchall()
    assert log == [(action, "t/hinansha/", number) for action, number in (("restrict", "r1"), ("lift", "r1"), ("restrict", "r2"), ("lift", "r2"))]
    assert run(town, "restrict", "--lift", "hinansha", "行43") == 2


def test_a_dry_run_changes_nothing(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    before = dict(everything(town))
    capsys.readouterr()
    assert run(town, "restrict", "hinansha", "行43", "--dry-run", "--json") == 0
    assert json.loads(said(capsys))["rows"] == [43]
    after = dict(everything(town))
    assert {path for path in before | after if before.get(path) != after.get(path) and "ledger.db" not in path} == set()


@pytest.mark.parametrize(
    ("table", "row", "words"),
    [
        ("hinansha", "磯貝　航", "行3、行10"),
        ("hinansha", "誰でもない", "見つかりません"),
        ("hinansha", "行9999", "見つかりません"),
        ("meibo", "行3", "hinansha"),
        ("給水/水.md", "行3", "hinansha"),
    ],
)
def test_what_is_not_exact_is_asked_back_without_names(town: Town, capsys: pytest.CaptureFixture[str], table: str, row: str, words: str) -> None:
    capsys.readouterr()
    assert run(town, "restrict", table, row) == 2
    told = said(capsys)
    assert words in told
    assert "磯貝" not in told
    assert not restrictions.place(town.root / ".publisher").exists()


def test_somebody_of_an_earlier_edition_only_can_be_named_too(town: Town) -> None:
    town.drop("避難者名簿/名簿.csv", roll("2036年3月11日15時"))
    run(town, "publish")
    assert run(town, "restrict", "hinansha", "髙橋是羅") == 0
    town.drop("避難者名簿/名簿.csv", roll("2036年3月11日16時", person()))
    run(town, "publish")
    assert traces(town) == []


def test_a_mirror_that_is_down_is_told_of_and_comes_first_when_it_is_back(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    (town.root / "two").rename(town.root / "away")
    (town.root / "two").write_text("not a folder")
    capsys.readouterr()
    assert run(town, "restrict", "hinansha", "行43", "--json") == 4
    states = {line["mirror"]: line["state"] for line in json.loads(said(capsys))["receipts"]}
    assert states == {"one": "done", "two": "pending"}
    assert traces(town, "public", "one", ".publisher") == []
    assert any(problem.code == "takedown-pending" and "two" in problem.where for problem in status(town.settings(), True).problems)
    run(town, "status")
    assert "取り下げ" in said(capsys)
    (town.root / "two").unlink()
    (town.root / "away").rename(town.root / "two")
    assert traces(town, "two")
    assert run(town, "publish") == 0
    assert traces(town) == []
    assert status(town.settings(), True).problems == ()


def test_a_lost_ledger_does_not_bring_anybody_back(town: Town) -> None:
    assert run(town, "restrict", "hinansha", "行43") == 0
    for file in (town.root / ".publisher").glob("ledger.db*"):
        file.unlink()
    assert run(town, "publish") == 0
    assert traces(town) == []


def test_a_lost_register_stops_the_publishing(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(town, "restrict", "hinansha", "行43") == 0
    before = town.files()
    register = restrictions.place(town.root / ".publisher")
    for harm in (register.unlink, lambda: register.write_text("{")):
        harm()
        town.drop("避難者名簿/名簿.csv", roll("2036年3月11日17時", person()))
        assert run(town, "publish") == 1
        assert "公開を止めました" in said(capsys)
        assert town.files() == before


def test_the_register_holds_no_name_and_only_its_owner_reads_it(town: Town) -> None:
    run(town, "restrict", "hinansha", "行43")
    register = restrictions.place(town.root / ".publisher")
    assert register.stat().st_mode & 0o077 == 0
    assert traces(town, ".publisher") == []
    run(town, "restrict", "hinansha", "行43")
    assert len(restrictions.load(town.root / ".publisher").entries) == 1


def test_killed_before_the_build_the_next_run_does_it(town: Town) -> None:
    from publisher.intake.archive import Archive
    from publisher.ledger import Ledger
    from publisher.pipeline import restrict

    state = town.root / ".publisher"
    ledger = Ledger(state / "ledger.db", readonly=True)
    found = restrict.find(ledger, town.settings(), Archive(state / "archive"), "hinansha", "行43")
    ledger.close()
    restrict.decide(town.settings(), found, town.now, "主任", lift=False)
    assert run(town, "publish") == 0
    assert traces(town) == []


def test_a_withdrawal_takes_the_same_way(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.drop("給水/水.md", "# 給水所\n\n是羅さんが水を配ります。\n")
    assert run(town, "publish") == 0
    assert any("/n/" in path for path in traces(town, "two"))
    assert run(town, "withdraw", "給水/水.md") == 0
    assert not any("/n/" in path for path in traces(town))
    rows = sqlite3.connect(town.root / ".publisher" / "ledger.db").execute("SELECT mirror, reason, done FROM takedowns").fetchall()
    assert {(mirror, reason) for mirror, reason, done in rows if done} == {(mirror, reason) for mirror in ("one", "two") for reason in ("withdraw", "lists")}
    assert all(done for *_, done in rows)


def test_no_version_of_a_bucket_keeps_the_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if program("weed") is None:
        pytest.skip("weed is not installed")
    (tmp_path / "store").mkdir()
    with seaweedfs(tmp_path / "store") as server:
        admin = client(server.url, ADMIN)
        admin.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        monkeypatch.setenv("TOWN_KEY", KEY)
        monkeypatch.setenv("TOWN_SECRET", SECRET)
        extra = f'\n[[mirrors]]\nname = "cloud"\nurl = "s3://{BUCKET}/site"\nendpoint = "{server.url}"\nkey_env = "TOWN_KEY"\nsecret_env = "TOWN_SECRET"\n'
        (tmp_path / "town").mkdir()
        town = make_town(tmp_path / "town", extra)
        for hour in (10, 12):
            town.drop("避難者名簿/名簿.csv", roll(f"2036年3月11日{hour}時", person(避難所=f"第{hour}避難所")))
            assert run(town, "publish") == 0
        assert any(any(t.encode() in b for t in TRACES) for b in bodies(admin))
        assert run(town, "restrict", "hinansha", "行43") == 0
        assert [b for b in bodies(admin) if any(t.encode() in b or t.encode("cp932") in b for t in TRACES)] == []
        mirror = S3Mirror("cloud", bucket_of(server, "site"))
        assert {path: mirror.get(path).body for path in mirror.walk()} == town.files()
        assert not any(mark for _, mark in versions_of(admin, "site/t/"))


def two_sheets(as_of: str, *second: tuple[str, ...]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "中央"
    for line in roll(as_of).splitlines():
        book.active.append(line.split(","))
    sheet = book.create_sheet("高台")
    for line in roll(as_of, *second).splitlines():
        sheet.append(line.split(","))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("still_there", [True, False])
def test_a_versioned_store_keeps_nothing_of_a_second_sheet_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, still_there: bool) -> None:
    """Further sheets have addresses of their own, also such as are no longer in the file."""
    if program("weed") is None:
        pytest.skip("weed is not installed")
    (tmp_path / "store").mkdir()
    with seaweedfs(tmp_path / "store") as server:
        admin = client(server.url, ADMIN)
        admin.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        monkeypatch.setenv("TOWN_KEY", KEY)
        monkeypatch.setenv("TOWN_SECRET", SECRET)
        extra = f'\n[[mirrors]]\nname = "cloud"\nurl = "s3://{BUCKET}/site"\nendpoint = "{server.url}"\nkey_env = "TOWN_KEY"\nsecret_env = "TOWN_SECRET"\n'
        (tmp_path / "town").mkdir()
        town = make_town(tmp_path / "town", extra)
        for hour in (10, 12):
            town.drop("避難者名簿/名簿.xlsx", two_sheets(f"2036年3月11日{hour}時", person(避難所=f"第{hour}避難所")))
            assert run(town, "publish") == 0
        if not still_there:
            town.drop("避難者名簿/名簿.xlsx", roll("2036年3月11日13時", count=80))
            assert run(town, "publish") == 0
        assert any(any(t.encode() in b for t in TRACES) for b in bodies(admin))
        assert run(town, "restrict", "hinansha", "髙橋", "是羅") == 0
        assert [b for b in bodies(admin) if any(t.encode() in b or t.encode("cp932") in b for t in TRACES)] == []


@pytest.fixture(scope="module")
def sheeted(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A roll of two sheets; the person is in row 43 of the second, and in rows of one number are different people."""
    from openpyxl import load_workbook

    made = make_town(tmp_path_factory.mktemp("sheets"))
    book = load_workbook(io.BytesIO(two_sheets("2036年3月11日10時", person())))
    book["中央"].delete_rows(3)
    out = io.BytesIO()
    book.save(out)
    made.drop("避難者名簿/名簿.xlsx", out.getvalue())
    assert run(made, "publish") == 0
    return made


def asked(town: Town, capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, dict]:
    """What a dry run of ``restrict`` answers."""
    capsys.readouterr()
    code = run(town, "restrict", *command, "--dry-run", "--json")
    told = said(capsys)
    return code, json.loads(told.strip().splitlines()[-1]) if code == 0 else {"said": told}


def test_a_row_that_several_sheets_have_is_asked_back(sheeted: Town, capsys: pytest.CaptureFixture[str]) -> None:
    """Row 3 of the first sheet was taken for the one in row 3 of the second."""
    code, answer = asked(sheeted, capsys, "hinansha", "行4")
    assert code == 2
    assert all(words in answer["said"] for words in ("シート「中央」の行4", "シート「高台」の行4", "高台！行4", "hinansha-2"))
    assert "渡邉" not in answer["said"]


@pytest.mark.parametrize(
    ("command", "sheet", "row"),
    [
        (("hinansha", "高台！行4"), "高台", 4),
        (("避難者名簿", "高台!4"), "高台", 4),
        (("避難者名簿", "'中央'!行4"), "中央", 4),
        (("hinansha-2", "行4"), "高台", 4),
        (("避難者名簿-1", "行4"), "中央", 4),
        (("hinansha", "行43"), "高台", 43),
        (("hinansha", "髙橋　是羅"), "高台", 43),
        (("hinansha", "高台!髙橋是羅"), "高台", 43),
    ],
)
def test_the_sheet_can_be_named(sheeted: Town, capsys: pytest.CaptureFixture[str], command: tuple[str, str], sheet: str, row: int) -> None:
    assert asked(sheeted, capsys, *command) == (
        0, {"table": "hinansha", "rows": [row], "sheets": [f"シート「{sheet}」"], "restrictions": [], "lifted": False, "applied": False, "dry_run": True, "receipts": []}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("command", "words"),
    [(("hinansha-3", "行4"), "その番号のシート"), (("hinansha-1", "行43"), "見つかりません"), (("hinansha", "北!行4"), "見つかりません"), (("meibo-2", "行4"), "その表は")],
)
def test_a_sheet_that_is_not_there(sheeted: Town, capsys: pytest.CaptureFixture[str], command: tuple[str, str], words: str) -> None:
    code, answer = asked(sheeted, capsys, *command)
    assert code == 2
    assert words in answer["said"]


def test_somebody_who_stands_on_both_sheets_is_one_person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    town = make_town(tmp_path / "town")
    town.drop("避難者名簿/名簿.xlsx", two_sheets("2036年3月11日10時"))
    assert run(town, "publish") == 0
    assert asked(town, capsys, "hinansha", "行4")[1].get("sheets") == ["シート「中央」", "シート「高台」"]


def test_the_person_of_the_second_sheet_goes_and_the_row_of_the_first_stays(tmp_path: Path) -> None:
    town = make_town(tmp_path / "town")
    town.drop("避難者名簿/名簿.xlsx", two_sheets("2036年3月11日10時", person()))
    assert run(town, "publish") == 0
    before = town.page("t/hinansha/index.html")
    assert run(town, "restrict", "hinansha", "高台！行43") == 0
    assert traces(town) == []
    assert town.page("t/hinansha/index.html") == before


def test_a_row_without_a_name_is_nobody_who_could_be_meant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from openpyxl import load_workbook

    town = make_town(tmp_path / "town")
    book = load_workbook(io.BytesIO(two_sheets("2036年3月11日10時", person())))
    book["中央"].append(["", "", "", "", "汐見市浜町50番地", "", "中央小学校", "", ""])
    out = io.BytesIO()
    book.save(out)
    town.drop("避難者名簿/名簿.xlsx", out.getvalue())
    assert run(town, "publish") == 0
    assert asked(town, capsys, "hinansha", "行43")[1].get("sheets") == ["シート「高台」"]


@pytest.mark.parametrize("how", ["expires", "deleted"])
def test_a_roll_that_ends_leaves_the_mirrors_however_much_of_the_site_it_was(tmp_path: Path, how: str) -> None:
    """The ceiling that keeps a mirror from being emptied by accident must not keep people on it."""
    town = make_town(tmp_path / "town", MIRRORS.format(root=(tmp_path / "town").as_posix()))
    kana = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホ"
    people = [person(受付番号=str(1000 + n), フリガナ=f"{kana[n % 30]}{kana[n // 30]}　{kana[n % 7]}", 避難所=f"第{n % 40}避難所") for n in range(300)]
    town.drop("避難者名簿/名簿.csv", roll("2036年3月11日10時", *people))
    if how == "deleted":
        assert run(town, "publish") == 0
        assert len(traces(town, "one")) > 100
        (town.content / "避難者名簿/名簿.csv").unlink()
        assert run(town, "publish") == 0
    else:
        for days, there in ((0, True), (39, True), (41, False)):
            with town.desk() as opened:
                build(opened, town.now + timedelta(days))
                assert {line.state for line in to_mirrors(opened, town.now + timedelta(days))} == {"current"}
            assert bool(traces(town, "one")) == there
    assert traces(town) == []
    assert {p.relative_to(town.root / "one").as_posix(): p.read_bytes() for p in (town.root / "one").rglob("*") if p.is_file()} == town.files()


def bodies(store) -> list[bytes]:
    """Every version of everything that a bucket holds."""
    found = []
    for page in store.get_paginator("list_object_versions").paginate(Bucket=BUCKET):
        for version in page.get("Versions", ()):
            found.append(store.get_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])["Body"].read())
    return found


def test_while_the_watch_runs(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    import subprocess
    import sys

    with (town.root / "watch.log").open("wb") as log:
        watch = subprocess.Popen(
            [sys.executable, "-m", "publisher", "-C", str(town.root), "watch", "--json"], stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
        )
    try:
        _await_lock(town)
        capsys.readouterr()
        assert run(town, "restrict", "hinansha", "行43", "--json") == 0
        assert json.loads(said(capsys))["applied"]
        assert traces(town) == []
    finally:
        watch.terminate()
        watch.wait(30)
    assert not any(trace in (town.root / "watch.log").read_text() for trace in TRACES)


def _await_lock(town: Town) -> None:
    import fcntl
    import time

    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with (town.root / ".publisher" / "lock").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return
        time.sleep(0.05)
    raise AssertionError("the watch did not start")


def test_a_watch_tries_a_mirror_with_a_take_down_again_soon(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause of a mirror that fails grows to minutes; not while it may still show somebody."""
    from publisher.pipeline import watch

    monkeypatch.setattr(watch, "BACK_OFF", (0.05, 600.0))
    monkeypatch.setattr(watch, "TAKE_DOWN", 0.2)
    (town.root / "two").rename(town.root / "away")
    (town.root / "two").write_text("not a folder")
    assert run(town, "restrict", "hinansha", "行43") == 4
    told: list[str] = []
    with town.desk() as opened:
        mirror = next(m for m in town.settings().mirrors if m.name == "two")
        keeper = watch.MirrorKeeper(opened, mirror, lambda: town.now, lambda line: told.append(line.state))
        keeper.start()
        try:
            _until(lambda: len(told) >= 12)
            (town.root / "two").unlink()
            (town.root / "away").rename(town.root / "two")
            _until(lambda: told[-1] == "current")
        finally:
            keeper.stop(15)
    assert traces(town) == []


def _until(done, patience: float = 20.0) -> None:
    import time

    end = time.monotonic() + patience
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)
