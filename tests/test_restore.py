"""The machine is lost: an empty folder, the backup and the key make everything go on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.backup.key import Key
from publisher.errors import BackupError, MirrorError, SettingsError, UsageError
from publisher.pipeline import restrict as person
from publisher.pipeline import restrictions
from publisher.pipeline.backup import UNFINISHED, Source, new_key, restore
from publisher.pipeline.publish import to_mirrors
from tests.servers import BUCKET, KEY, SECRET, program, seaweedfs
from tests.test_backup import ROLL, backed_town, objects, take
from tests.town import Town, broken_links, lasting, make_town

MIRROR = '\n[[mirrors]]\nname = "m"\nurl = "{}"\n'


def key_of(town: Town) -> Key:
    return Key.read(town.root / "backup.key")


def bring(town: Town, tmp_path: Path, name: str = "new") -> Town:
    restored = restore(Source(str(tmp_path / "vault")), key_of(town), tmp_path / name)
    assert restored.seconds > 0
    return Town(tmp_path / name, town.now)


def facts(town: Town) -> dict[str, object]:
    """What has to be the same on another machine: ids, addresses, versions, decisions, the drop folder."""
    with town.desk() as opened:
        documents = {
            row.path: (row.id, row.key, row.state, row.slug, opened.ledger.documents.versions(row.id)) for row in opened.ledger.documents.all()
        }
        files = {row.path: (row.sha256, row.arrived, row.verdict, row.mtime) for row in opened.ledger.files.all()}
        return {"documents": documents, "files": files, "audit": opened.ledger.decisions.audit(), "serial": opened.ledger.serial}


def a_life(town: Town) -> None:
    """Notices, a roll, a correction, a rename, a withdrawal, a held file."""
    town.notices(12)
    town.drop("避難者名簿/避難者名簿.csv", ROLL)
    town.drop("気づかれない名簿.csv", "氏名,フリガナ,生年月日\n浜田秘子,ハマダヒコ,1950-01-02\n")
    town.build()
    town.drop("給水/0003.md", "# 直しました\n\n時間が変わりました。\n")
    (town.content / "給水/0004.md").rename(town.content / "給水/新しい名前.md")
    town.build()
    (town.content / "給水/0005.md").unlink()
    town.drop("_下書き.md", "まだ出さない")
    town.build()


def test_another_machine_goes_on(tmp_path: Path) -> None:
    town = backed_town(tmp_path, MIRROR.format(tmp_path / "mirror"))
    a_life(town)
    with town.desk() as opened:
        assert all(line.state == "current" for line in to_mirrors(opened, town.now))
    take(town)
    before, public = facts(town), town.files()
    new = bring(town, tmp_path)
    assert facts(new) == before
    assert {p.name for p in new.root.iterdir()} == {"publisher.toml", "backup.key", "content", ".publisher"}
    mirror = {p: p.stat().st_mtime_ns for p in (tmp_path / "mirror").rglob("*") if p.is_file()}
    new.now += timedelta(minutes=5)
    with new.desk() as opened:
        report = new.build_at(opened)
        [line] = to_mirrors(opened, new.now)
    assert report.serial == before["serial"] + 1
    assert not report.problems
    after = facts(new)
    assert (after["documents"], after["files"]) == (before["documents"], before["files"])
    assert lasting(new.files()) == lasting(public)
    assert line.state == "current" and line.uploaded <= 2 and line.deleted == 0  # manifest.json and alive.json
    written = {p.name for p, moment in mirror.items() if p.stat().st_mtime_ns != moment}
    assert written <= {"manifest.json", "alive.json"}


def test_the_life_goes_on_after_it(tmp_path: Path) -> None:
    """Corrections, withdrawals and new files get the next numbers, and a second backup follows the first."""
    town = backed_town(tmp_path)
    a_life(town)
    first = take(town)
    new = bring(town, tmp_path)
    new.build()
    new.drop("給水/0003.md", "# もう一度直しました\n\n第3版\n")
    (new.content / "給水/0006.md").unlink()
    new.drop("給水/新着.md", "# 新着\n\n本文\n")
    report = new.build()
    by_path = {line.path: line for line in report.documents}
    assert by_path["給水/0003.md"].version == 3
    assert not broken_links(new.files())
    second = take(new)
    assert second.serial == first.serial + 1
    third = bring(new, tmp_path, "third")
    assert facts(third)["documents"] == facts(new)["documents"]


def test_a_second_restore_gives_the_same(tmp_path: Path) -> None:
    town = backed_town(tmp_path)
    a_life(town)
    take(town)
    one, two = bring(town, tmp_path, "one"), bring(town, tmp_path, "two")
    for place in one.content.rglob("*"):
        twin = two.content / place.relative_to(one.content)
        assert place.is_dir() or (twin.read_bytes(), twin.stat().st_mtime_ns) == (place.read_bytes(), place.stat().st_mtime_ns)


def test_rights_and_themes_come_back(tmp_path: Path) -> None:
    town = backed_town(tmp_path)
    (town.root / "themes/web").mkdir(parents=True)
    (town.root / "themes/web/style.css").write_text("body { color: #123456 }", encoding="utf-8")
    (town.root / "publisher.toml").chmod(0o640)
    town.notices(1)
    town.build()
    take(town)
    new = bring(town, tmp_path)
    assert (new.root / "themes/web/style.css").read_bytes() == (town.root / "themes/web/style.css").read_bytes()
    assert (new.root / "publisher.toml").stat().st_mode & 0o777 == 0o640
    assert (new.root / "backup.key").stat().st_mode & 0o777 == 0o600
    assert (new.root / ".publisher").stat().st_mode & 0o777 == 0o700


def restrict(town: Town, name: str) -> None:
    from publisher.review.restrict import Person

    [*_] = restrictions.add(town.settings().paths.state, "hinansha", [Person(name=name)], town.now, "係")


def test_people_who_are_not_to_be_shown_stay_unshown_wherever_the_records_lie(tmp_path: Path) -> None:
    """The register comes back, also where the state folder lies elsewhere; so do the keys beside it."""
    state = tmp_path / "var"
    town = backed_town(tmp_path)
    toml = (town.root / "publisher.toml").read_text(encoding="utf-8")
    (town.root / "publisher.toml").write_text(toml + f'\n[paths]\nstate = "{state}"\n', encoding="utf-8")
    town.drop("避難者名簿/避難者名簿.csv", ROLL)
    town.build()
    assert any("浜田秘子".encode() in body for body in town.files().values())
    with town.desk() as opened:
        found = person.find(opened.ledger, town.settings(), opened.archive, "hinansha", "浜田秘子")
    person.decide(town.settings(), found, town.now, "係", False)
    (state / "keys/site.key").write_text("secret")
    (state / "keys/site.key").chmod(0o600)
    town.build()
    assert not any("浜田秘子".encode() in body for body in town.files().values())
    take(town)
    register = (state / "keys/restrictions.json").read_bytes()
    state.rename(tmp_path / "lost")
    new = bring(town, tmp_path)
    assert (state / "keys/restrictions.json").read_bytes() == register
    assert (state / "keys/site.key").stat().st_mode & 0o777 == 0o600
    new.build()
    assert not any("浜田秘子".encode() in body for body in new.files().values())
    assert not (new.root / ".publisher").exists()


def test_registers_that_grew_apart_restrict_whom_either_does(tmp_path: Path) -> None:
    town = backed_town(tmp_path)
    town.drop("避難者名簿/避難者名簿.csv", ROLL)
    restrict(town, "あの人")
    file = restrictions.place(town.settings().paths.state)
    base = file.read_bytes()
    restrict(town, "その人")
    mine = file.read_bytes()
    file.write_bytes(base)
    restrict(town, "この人")
    theirs = file.read_bytes()
    joined = restrictions.joined(theirs, mine)
    assert joined is not None
    file.write_bytes(joined)
    entries = restrictions.load(town.settings().paths.state).entries
    assert len(entries) == 3 and len({e.restriction.id for e in entries}) == 3
    assert {e.restriction.digests for e in entries} >= {e.restriction.digests for data in (mine, theirs) for e in _entries(data, tmp_path)}
    assert restrictions.joined(joined, mine) == joined
    file.unlink()
    restrict(town, "別の人")
    assert restrictions.joined(theirs, file.read_bytes()) is None


def _entries(data: bytes, tmp_path: Path):
    place = restrictions.place(tmp_path / "read")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return restrictions.load(tmp_path / "read").entries


# --- refusals: nothing is overwritten, everything is said ---


def one_notice(tmp_path: Path) -> Town:
    town = backed_town(tmp_path)
    town.notices(3)
    town.build()
    take(town)
    return town


def refused(town: Town, tmp_path: Path, code: str, key: Key | None = None, source: Path | None = None) -> str:
    with pytest.raises((BackupError, UsageError, MirrorError, SettingsError)) as caught:
        restore(Source(str(source or tmp_path / "vault")), key or key_of(town), tmp_path / "new")
    problem = caught.value.problem
    assert problem.code == code, problem
    assert problem.what and problem.where and problem.todo
    return str(problem)


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    town = one_notice(tmp_path)
    (tmp_path / "new").mkdir()
    (tmp_path / "new/mine.txt").write_text("mine")
    refused(town, tmp_path, "restore-occupied")
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["mine.txt"]


def test_a_wrong_key_another_place_and_no_backup_are_told(tmp_path: Path) -> None:
    town = one_notice(tmp_path)
    assert "別の鍵" in refused(town, tmp_path, "backup-other-key", Key.generate())
    (tmp_path / "empty").mkdir()
    refused(town, tmp_path, "backup-none", source=tmp_path / "empty")
    refused(town, tmp_path, "mirror-folder-gone", source=tmp_path / "no/such")
    (tmp_path / "vault/vault").unlink()
    refused(town, tmp_path, "backup-headless")
    assert not (tmp_path / "new").exists() or not list((tmp_path / "new").iterdir())


def spoil(path: Path, how: str) -> None:
    body = path.read_bytes()
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(body[: len(body) // 2])
    else:
        path.write_bytes(body[:40] + bytes([body[40] ^ 1]) + body[41:])


@pytest.mark.parametrize("how", ["gone", "cut", "flipped"])
def test_a_lost_original_is_named_and_the_rest_comes_back(tmp_path: Path, how: str) -> None:
    town = one_notice(tmp_path)
    for path in sorted((tmp_path / "vault/a").rglob("*")):
        if path.is_file():
            spoil(path, how)
            break
    restored = restore(Source(str(tmp_path / "vault")), key_of(town), tmp_path / "new")
    assert restored.exit_code == 3
    assert [p.code for p in restored.problems] == ["restore-lost", "restore-lost-versions"]
    lost = restored.problems[0].where
    assert lost.startswith("給水/") and not (tmp_path / "new/content" / lost).exists()
    assert sum(p.is_file() for p in (tmp_path / "new/content").rglob("*")) == 2


@pytest.mark.parametrize("how", ["gone", "cut", "flipped"])
@pytest.mark.parametrize("kind", ["l", "x", "s"])
def test_a_broken_last_backup_gives_way_to_the_one_before(tmp_path: Path, how: str, kind: str) -> None:
    town = one_notice(tmp_path)
    before = set(objects(tmp_path))
    town.drop("給水/9999.md", "# 後から\n\n本文\n")
    town.build()
    take(town)
    fresh = sorted(set(objects(tmp_path)) - before)
    [*_, victim] = [name for name in fresh if name.startswith(f"{kind}/")]
    spoil(tmp_path / "vault" / victim, how)
    restored = restore(Source(str(tmp_path / "vault")), key_of(town), tmp_path / "new")
    if (kind, how) == ("s", "gone"):
        assert not restored.problems  # nobody can know of it
    else:
        assert [p.code for p in restored.problems] == ["backup-passed-over"]
    assert restored.documents == 3


def test_when_no_backup_is_whole_nothing_is_left_behind(tmp_path: Path) -> None:
    town = one_notice(tmp_path)
    for path in (tmp_path / "vault/l").rglob("*"):
        if path.is_file():
            spoil(path, "cut")
    refused(town, tmp_path, "backup-broken")
    assert not list((tmp_path / "new").iterdir())


def test_a_snapshot_under_another_number_is_not_believed(tmp_path: Path) -> None:
    """Somebody with the right to write puts an old snapshot where a newer one would be."""
    town = one_notice(tmp_path)
    [old] = sorted((tmp_path / "vault/s").iterdir())
    newer = old.with_name(old.name.replace("0000000001-", "0000000009-"))
    newer.write_bytes(old.read_bytes())
    restored = restore(Source(str(tmp_path / "vault")), key_of(town), tmp_path / "new")
    assert [p.code for p in restored.problems] == ["backup-passed-over"]


def test_a_restore_that_was_killed_is_done_again(tmp_path: Path) -> None:
    town = one_notice(tmp_path)
    bring(town, tmp_path)
    ledger = tmp_path / "new/.publisher/ledger.db"
    ledger.write_bytes(ledger.read_bytes()[:5000])
    (tmp_path / "new" / UNFINISHED).touch()
    new = bring(town, tmp_path)
    assert not (new.root / UNFINISHED).exists() and len(facts(new)["files"]) == 3


def test_a_share_that_survived_is_left_as_it_is(tmp_path: Path) -> None:
    share = tmp_path / "share"
    town = backed_town(tmp_path)
    toml = (town.root / "publisher.toml").read_text(encoding="utf-8")
    (town.root / "publisher.toml").write_text(toml + f'\n[paths]\ncontent = "{share}"\n', encoding="utf-8")
    share.mkdir()
    for number in range(2):
        (share / f"{number}.md").write_text(f"# 第{number}号\n\n本文\n", encoding="utf-8")
        os.utime(share / f"{number}.md", (1, 1))
    town.build()
    take(town)
    (share / "0.md").write_text("# 庁舎にいる人が直した\n\n本文\n", encoding="utf-8")
    restored = restore(Source(str(tmp_path / "vault")), key_of(town), tmp_path / "new")
    assert [p.code for p in restored.problems] == ["restore-share"]
    assert "直した" in (share / "0.md").read_text(encoding="utf-8")


def test_the_records_may_lie_on_another_disk(tmp_path: Path) -> None:
    town = backed_town(tmp_path)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        if Path(elsewhere).stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("/dev/shm is on the same file system")
        toml = (town.root / "publisher.toml").read_text(encoding="utf-8")
        key = key_of(town)
        (town.root / "publisher.toml").write_text(toml + f'\n[paths]\nstate = "{elsewhere}/state"\n', encoding="utf-8")
        town.notices(2)
        town.build()
        take(town)
        shutil.rmtree(f"{elsewhere}/state")
        restored = restore(Source(str(tmp_path / "vault")), key, tmp_path / "new")
        assert not restored.problems
        new = Town(tmp_path / "new", town.now)
        new.build()
        assert lasting(new.files()) == lasting(town.files())
        assert not list((tmp_path / "new").glob(".ledger*"))


def test_a_key_that_cannot_be_put_in_its_place_is_told_and_everything_else_is_back(tmp_path: Path) -> None:
    town = make_town(tmp_path / "town", f'\n[backup]\nurl = "{tmp_path / "vault"}"\nkey_file = "{tmp_path}/keys/backup.key"\n')
    key = new_key(town.settings())
    town.notices(2)
    town.build()
    take(town)
    shutil.rmtree(tmp_path / "keys")
    (tmp_path / "keys").write_text("no folder here")
    restored = restore(Source(str(tmp_path / "vault")), key, tmp_path / "new")
    assert [problem.code for problem in restored.problems] == ["backup-key-unwritable"]
    assert (tmp_path / "new/.publisher/ledger.db").exists()
    assert len(list((tmp_path / "new/content").rglob("*.md"))) == 2


# --- on the command line, through a real store ---


def run(*words: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | more
    return subprocess.run([sys.executable, "-m", "publisher", *words], capture_output=True, text=True, check=False, input=stdin, env=env)


@pytest.mark.skipif(program("weed") is None, reason="SeaweedFS is not here")
def test_from_a_bucket_with_the_words_on_paper(tmp_path: Path) -> None:
    (tmp_path / "weed").mkdir()
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    with seaweedfs(tmp_path / "weed") as server:
        from tests.town import make_town

        place = f"s3://{BUCKET}/hikae"
        town = make_town(tmp_path / "town", f'\n[backup]\nurl = "{place}"\nendpoint = "{server.url}"\nregion = "us-east-1"\n')
        a_life(town)
        assert run("-C", str(town.root), "backup", "--new-key").returncode == 0
        assert json.loads(run("-C", str(town.root), "backup", "--json", **keys).stdout)["serial"] == 1
        words = key_of(town).words("japanese")
        target = str(tmp_path / "new")
        where = ("restore", place, target, "--endpoint", server.url, "--region", "us-east-1")
        assert run(*where, **keys).returncode == 2
        dry = run(*where, "--phrase", "--dry-run", "--json", stdin=" ".join(words), **keys)
        assert json.loads(dry.stdout)["documents"] and not Path(target).exists()
        back = run(*where, "--phrase", stdin="\n".join(words) + "\n", **keys)
        assert back.returncode == 0, back.stderr
        assert "秒" in back.stdout
        published = run("-C", target, "publish", "--json", **keys)
        assert json.loads(published.stdout)["serial"] == 4
        assert json.loads(run("-C", target, "backup", "--json", **keys).stdout)["serial"] == 2
        wrong = run(*where[:2], str(tmp_path / "other"), *where[3:], "--phrase", stdin=" ".join(words), AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="y")
        assert wrong.returncode == 4 and "バックアップ先" in wrong.stderr and "Traceback" not in wrong.stderr


@pytest.mark.skipif(program("weed") is None or program("tinyproxy") is None, reason="SeaweedFS or tinyproxy is not here")
def test_through_a_proxy_of_the_town(tmp_path: Path) -> None:
    from bench.faults import tinyproxy
    from tests.town import make_town

    (tmp_path / "weed").mkdir()
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "NO_PROXY": "", "no_proxy": ""}
    with seaweedfs(tmp_path / "weed") as server:
        place = f"s3://{BUCKET}/hikae"
        with tinyproxy(tmp_path / "proxy") as proxy:
            town = make_town(tmp_path / "town", f'\n[backup]\nurl = "{place}"\nendpoint = "{server.url}"\nregion = "us-east-1"\nproxy = "{proxy}"\n')
            a_life(town)
            assert run("-C", str(town.root), "backup", "--new-key").returncode == 0
            taken = run("-C", str(town.root), "backup", **keys)
            assert taken.returncode == 0, taken.stderr
            where = ("restore", place, str(tmp_path / "new"), "--endpoint", server.url, "--region", "us-east-1", "--key", str(town.root / "backup.key"))
            back = run(*where, HTTP_PROXY=proxy, **keys)
            assert back.returncode == 0, back.stderr
        cut = run("-C", str(town.root), "backup", **keys)
        assert cut.returncode == 4 and "プロキシ" in cut.stderr and "Traceback" not in cut.stderr


def test_the_outbox_and_receipts_come_back(tmp_path: Path) -> None:
    """Whatever tables the ledger has, each comes back row by row."""
    import sqlite3
    from contextlib import closing

    town = backed_town(tmp_path, MIRROR.format(tmp_path / "mirror"))
    a_life(town)
    with town.desk() as opened:
        to_mirrors(opened, town.now)
    take(town)
    new = bring(town, tmp_path)

    def rows(root: Path) -> dict[str, list]:
        with closing(sqlite3.connect(root / ".publisher/ledger.db")) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
            return {t: sorted(map(repr, connection.execute(f"SELECT * FROM {t}"))) for t in tables if t not in ("meta", "pages")}

    assert rows(new.root) == rows(town.root)
