"""The backup: what it sends, what it hides, what it says when something is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.backup import pages
from publisher.backup.key import SIZE, Key, paper
from publisher.backup.seal import Damaged, Sealer, padded
from publisher.backup.snapshot import PART, SHARD, sharded
from publisher.backup.vault import Vault
from publisher.errors import BackupError, MirrorError, SettingsError
from publisher.mirrors.objects import Entry, FolderObjects, heeds_conditions, open_objects
from publisher.pipeline.backup import backup, new_key, open_vault
from tests.servers import BUCKET, KEY, SECRET, STORES, client, program
from tests.town import Town, make_town

ROLL = (
    "氏名,フリガナ,住所,年齢,避難所,公表同意,閲覧制限\n浜田秘子,ハマダヒコ,汐見市港町1-2-3,71,第一小,同意する,\n"
    "沖本伏男,オキモトフセオ,汐見市浜町4-5,45,第二小,同意しない,\n"
)


def backed_town(tmp_path: Path, extra: str = "") -> Town:
    town = make_town(tmp_path / "town", f'\n[backup]\nurl = "{tmp_path / "vault"}"\n{extra}')
    new_key(town.settings())
    return town


def take(town: Town):
    return backup(town.settings(), town.now)


def objects(tmp_path: Path) -> dict[str, bytes]:
    root = tmp_path / "vault"
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


# --- the key ---


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=SIZE, max_size=SIZE))
def test_every_key_comes_back_from_its_file_and_from_either_list_of_words(secret: bytes) -> None:
    key = Key(secret)
    assert Key.parse(key.text(), "x") == key
    assert Key.parse(key.text().lower().replace("saigai-backup-key-1:", "SAIGAI-BACKUP-KEY-1:"), "x") == key
    japanese, english = key.words("japanese"), key.words("english")
    assert Key.from_words(" ".join(japanese)) == Key.from_words("\n".join(english)) == key
    katakana = "、".join("".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in word) for word in japanese)
    assert Key.from_words(katakana) == key
    numbered = "\n".join(f"{n}. {unicodedata.normalize('NFD', word)}" for n, word in enumerate(japanese, 1))
    assert Key.from_words(numbered) == key
    assert Key.from_words(" , ".join(english).upper()) == key


def test_a_wrong_word_is_named_and_the_nearest_shown() -> None:
    words = list(Key(bytes(range(32))).words("japanese"))
    words[4] = words[4] + "ん"
    with pytest.raises(BackupError) as caught:
        Key.from_words(" ".join(words))
    assert "5番目" in caught.value.problem.what and words[4][:-1] in caught.value.problem.todo


@pytest.mark.parametrize("change", ["swap", "short", "empty", "noise"])
def test_words_that_are_no_key_are_refused(change: str) -> None:
    words = list(Key(bytes(range(32))).words("english"))
    if change == "swap":
        words[0], words[5] = words[5], words[0]
    typed = {"swap": " ".join(words), "short": " ".join(words[:23]), "empty": " \n", "noise": "…！？ 12 34"}[change]
    with pytest.raises(BackupError) as caught:
        Key.from_words(typed)
    assert caught.value.problem.code == "backup-phrase" and caught.value.problem.todo


def test_the_paper_holds_both_lists_in_order() -> None:
    key = Key(bytes(range(32)))
    sheet = paper(key, "汐見市")
    for number, words in enumerate(zip(key.words("japanese"), key.words("english"), strict=True), 1):
        line = next(line for line in sheet.splitlines() if f"{number:2}. {words[0]}" in line)
        assert words[1] in line


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "backup.key"
    key = Key.generate()
    key.write(file)
    assert file.stat().st_mode & 0o777 == 0o600 and Key.read(file) == key
    for mode in (0o640, 0o604):
        file.chmod(mode)
        with pytest.raises(BackupError) as caught:
            Key.read(file)
        assert caught.value.problem.code == "backup-key-open" and "chmod 600" in caught.value.problem.todo


def test_a_key_file_is_never_overwritten_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    file = tmp_path / "backup.key"
    Key.generate().write(file)
    before = file.read_bytes()
    with pytest.raises(BackupError, match="もうあります"):
        Key.generate().write(file)
    assert file.read_bytes() == before
    for broken in (before[:-5], before.replace(b"KEY-1:", b"KEY-1:Q", 1), b""):
        file.write_bytes(broken)
        with pytest.raises(BackupError, match="鍵の形ではありません"):
            Key.read(file)


# --- one object ---


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=3000), st.integers(min_value=0, max_value=10**9), st.integers(min_value=1, max_value=255))
def test_an_object_opens_only_whole_and_under_its_name(content: bytes, place: int, flip: int) -> None:
    sealer = Sealer(Key(bytes(32)))
    name = sealer.name("l", content)
    body = sealer.seal(name, content)
    assert sealer.open(name, body) == content
    at = place % len(body)
    for wrong in (body[:at], body[:at] + bytes([body[at] ^ flip]) + body[at + 1 :], body + b"x"):
        with pytest.raises(Damaged):
            sealer.open(name, wrong)
    with pytest.raises(Damaged):
        sealer.open(name[:-1] + ("0" if name[-1] != "0" else "1"), body)
    with pytest.raises(Damaged):
        Sealer(Key(b"\1" * 32)).open(name, body)


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=2**40))
def test_padding_costs_little_and_leaves_few_lengths(length: int) -> None:
    assert length <= padded(length) <= length * 1.12 + 1


def test_names_say_nothing_without_the_key() -> None:
    one, other = Sealer(Key(bytes(32))), Sealer(Key(b"\1" * 32))
    assert one.name("l", b"same") == one.name("l", b"same") != other.name("l", b"same")
    assert one.name("l", b"same") != one.name("c", b"same")


@settings(max_examples=25, deadline=None)
@given(st.integers(min_value=0, max_value=3000))
def test_shards_stay_short(count: int) -> None:
    import hashlib

    files = [(hashlib.sha256(str(n).encode()).hexdigest(), n) for n in range(count)]
    found = sharded(files)
    assert sorted(item for shard in found.values() for item in shard) == sorted(files)
    assert all(len(shard) <= 3 * SHARD for shard in found.values())


# --- what is sent ---


def test_nothing_changed_sends_nothing_and_a_notice_sends_little(tmp_path: Path) -> None:
    town = backed_town(tmp_path)
    town.notices(300)
    town.build()
    first = take(town)
    before = objects(tmp_path)
    again = take(town)
    assert again.unchanged and again.uploaded == 0 and objects(tmp_path) == before
    town.drop("給水/0007.md", "# 直しました\n\n時間が変わりました。\n")
    town.build()
    change = take(town)
    assert not change.unchanged and change.serial == first.serial + 1
    assert change.uploaded <= 6 and change.bytes < first.bytes / 2
    assert all(objects(tmp_path)[name] == body for name, body in before.items())


def test_the_bucket_holds_no_readable_name(tmp_path: Path) -> None:
    """Canaries of every kind: people, streets, titles, paths, secrets; as text, compressed by nobody but us."""
    town = backed_town(tmp_path)
    town.drop("避難者名簿/避難者名簿.csv", ROLL)
    town.drop("給水/合歓木町の給水.md", "# 合歓木町の給水\n\n担当は磯貝です。\n")
    (town.root / "themes/web").mkdir(parents=True)
    (town.root / "themes/web/style.css").write_text("/* 蜃気楼 */", encoding="utf-8")
    town.build()
    take(town)
    stored = objects(tmp_path)
    import hashlib

    canaries = ["浜田秘子", "沖本伏男", "ハマダ", "港町", "合歓木", "磯貝", "汐見", "避難者", "蜃気楼", "hinansha", "SQLite", "publisher", "content", "[site]"]
    hashes = [hashlib.sha256(p.read_bytes()).hexdigest() for p in town.content.rglob("*") if p.is_file() and not p.name.startswith("_")]
    for name, body in stored.items():
        for canary in [*canaries, *hashes]:
            for encoding in ("utf-8", "shift_jis", "utf-16-le"):
                assert canary.encode(encoding) not in body, (name, canary)
            assert canary not in name
    assert len(stored) > 4


def test_it_keeps_what_is_needed_and_forgets_the_rest(tmp_path: Path) -> None:
    town = backed_town(tmp_path, "keep = 2\n")
    town.notices(3)
    town.build()
    for number in range(6):
        town.drop("給水/0000.md", f"# 第{number}報\n\n{number}時\n")
        town.build()
        take(town)
    old = (datetime.now(UTC) - timedelta(days=40)).timestamp()
    for file in (tmp_path / "vault").rglob("*"):
        if file.is_file():
            os.utime(file, (old, old))
    town.drop("給水/0000.md", "# 最終報\n\n終わり\n")
    town.build()
    take(town)
    vault = open_vault(town.settings())
    before = vault.names()
    gone = vault.prune(2)
    kept = vault.snapshots()
    assert gone and len(kept) == 3  # the two newest, and the last of an earlier day
    for name in kept:
        snapshot = vault.snapshot(name)
        for pack, _ in snapshot.packs:
            vault.get(pack)
        for shard in snapshot.shards.values():
            for line in vault.get(shard).decode().splitlines():
                assert vault.file(line[:64], 1)
    assert len(vault.names()) < len(before)
    assert vault.prune(2) == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=12), min_size=1, max_size=12), st.booleans())
def test_whatever_changes_the_ledger_comes_back_page_by_page(history: list[list[tuple[int, int]]], forget: bool) -> None:
    """Pages are rewritten, added, cut off; every state is assembled again, with and without the one before at hand."""
    import tempfile

    store: dict[str, bytes] = {}
    state: list[bytes] = []
    layout, old, before = None, b"", None
    with tempfile.TemporaryDirectory() as folder:
        file, back, kept = Path(folder, "ledger"), Path(folder, "back"), Path(folder, "kept")
        for changes in history:
            for place, value in changes:
                if value == 3:
                    del state[place:]
                else:
                    state[place : place + 1] = [bytes([value]) * pages.PAGE]
            file.write_bytes(b"".join(state))
            new, digest = pages.hashes(file)
            wanted = pages.fresh(new, old) if layout is not None else list(range(len(state)))
            layout = pages.arrange(file, wanted, len(state), layout, lambda c: f"l/{hash(c):x}", lambda made: store.update(dict(made)))
            layout = pages.Layout.read(layout.packs, layout.text())
            old = new
            assert pages.assemble(layout, len(state) * pages.PAGE, back, before, lambda names: (store[name] for name in names)) == digest
            assert back.read_bytes() == file.read_bytes()
            kept.write_bytes(file.read_bytes())
            before = None if forget else (layout, kept)


def test_worn_packs_are_packed_anew(tmp_path: Path) -> None:
    town = backed_town(tmp_path)
    town.notices(5)
    town.build()
    take(town)
    vault = open_vault(town.settings())
    stored = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "SLACK", 0)
        for number in range(8):
            town.drop("給水/0000.md", f"# 第{number}報\n\n{number}時\n")
            town.build()
            take(town)
            _, last = vault.latest()
            assert last is not None
            stored.append((last.layout.stored, len(last.layout.places)))
    assert all(held <= 2 * needed for held, needed in stored)


def test_a_fresh_object_that_nobody_names_yet_is_left_alone(tmp_path: Path) -> None:
    town = backed_town(tmp_path)
    town.notices(1)
    town.build()
    take(town)
    vault = open_vault(town.settings())
    name = vault.sealer.name("l", b"of another run")
    vault.put(name, b"of another run")
    vault.prune(30)
    assert vault.get(name) == b"of another run"


def test_what_somebody_took_away_is_sent_again(tmp_path: Path) -> None:
    town = backed_town(tmp_path)
    town.notices(20)
    town.build()
    take(town)
    before = objects(tmp_path)
    for name in before:
        if name.split("/")[0] in "aclx":
            (tmp_path / "vault" / name).unlink()
    taken = take(town)
    assert taken.uploaded and set(objects(tmp_path)) == set(before)


def test_a_large_file_goes_in_parts(tmp_path: Path) -> None:
    town = backed_town(tmp_path)
    data = os.urandom(2 * PART + 17)
    town.drop("資料/大きい.bin", data)
    town.notices(1)
    town.build()
    import hashlib

    digest = hashlib.sha256(data).hexdigest()
    archive = town.root / ".publisher/archive" / digest[:2]
    archive.mkdir(parents=True, exist_ok=True)
    (archive / digest).write_bytes(data)
    take(town)
    vault = open_vault(town.settings())
    assert vault.file(digest, 3) == data
    assert max(map(len, objects(tmp_path).values())) < 1.2 * PART


def test_an_archived_file_that_broke_is_told_and_left_out(tmp_path: Path) -> None:
    town = backed_town(tmp_path)
    town.notices(2)
    town.build()
    victim = next(p for p in (town.root / ".publisher/archive").rglob("*") if p.is_file())
    victim.write_bytes(b"rot")
    taken = take(town)
    assert [p.code for p in taken.problems] == ["archive-broken"] and taken.files == 1


def test_the_ledger_is_copied_while_others_write(tmp_path: Path) -> None:
    """A writer changes two rows that belong together all the time: no copy ever holds one without the other."""
    import sqlite3
    import threading
    from contextlib import closing

    from publisher.ledger import Ledger
    from publisher.ledger.copies import copy_ledger, sound

    file = tmp_path / "ledger.db"
    ledger = Ledger(file)
    ledger.remember("x", "0")
    ledger.remember("y", "0")
    stop = threading.Event()

    def write() -> None:
        with closing(Ledger(file)) as mine:
            number = 0
            while not stop.is_set():
                number += 1
                with mine.transaction():
                    mine.remember("x", str(number))
                    mine.remember("big", "z" * 20000)
                    mine.remember("y", str(number))

    thread = threading.Thread(target=write)
    thread.start()
    seen = set()
    try:
        for _ in range(20):
            copy_ledger(file, tmp_path / "copy.db")
            assert sound(tmp_path / "copy.db")
            with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
                rows = dict(copy.execute("SELECT key, value FROM meta WHERE key IN ('x', 'y')"))
            assert rows["x"] == rows["y"]
            seen.add(rows["x"])
    finally:
        stop.set()
        thread.join()
        ledger.close()
    assert len(seen) > 1


# --- whose it is ---


def test_a_bucket_of_another_town_is_not_touched(tmp_path: Path) -> None:
    town = backed_town(tmp_path)
    town.notices(1)
    town.build()
    take(town)
    before = objects(tmp_path)
    (town.root / "backup.key").unlink()
    new_key(town.settings())
    with pytest.raises(BackupError) as caught:
        take(town)
    assert caught.value.problem.code == "backup-other-key" and objects(tmp_path) == before
    (tmp_path / "vault/vault").write_bytes(b"something else")
    with pytest.raises(BackupError) as caught:
        take(town)
    assert caught.value.problem.code == "backup-foreign"


@pytest.mark.parametrize("bad", ["content/x", "public", ".publisher/backup", "mirror"])
def test_a_backup_in_the_wrong_place_is_refused(tmp_path: Path, bad: str) -> None:
    town = make_town(tmp_path / "town", f'\n[[mirrors]]\nname = "m"\nurl = "mirror"\n\n[backup]\nurl = "{bad}"\n')
    with pytest.raises(SettingsError):
        town.settings()


@pytest.mark.parametrize("line", ["every = 0", 'every = "15m"', "keep = 1", "takeover = true", "lease = 1", 'proxy = "socks://127.0.0.1:1"', 'key_file = "content/k"', "evry = 3"])
def test_a_wrong_setting_names_its_line(tmp_path: Path, line: str) -> None:
    town = make_town(tmp_path / "town", f'\n[backup]\nurl = "vault"\n{line}\n')
    with pytest.raises(SettingsError) as caught:
        town.settings()
    assert "行目" in caught.value.problem.where


# --- on the command line ---


def run(town: Town, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "publisher", "-C", str(town.root), *words], capture_output=True, text=True, check=False)


def test_the_command_makes_a_key_then_a_backup(tmp_path: Path) -> None:
    town = make_town(tmp_path / "town", f'\n[backup]\nurl = "{tmp_path / "vault"}"\n')
    town.notices(2)
    missing = run(town, "backup")
    assert missing.returncode == 2 and "build" in missing.stderr
    assert run(town, "build").returncode == 0
    assert "--new-key" in run(town, "backup").stderr
    dry = run(town, "backup", "--new-key", "--dry-run")
    assert dry.returncode == 1 and not (town.root / "backup.key").exists()
    made = run(town, "backup", "--new-key")
    key = Key.read(town.root / "backup.key")
    assert made.returncode == 0 and all(word in made.stdout for word in (*key.words("japanese"), *key.words("english")))
    told = run(town, "backup", "--paper", "--json")
    assert json.loads(told.stdout)["key"] == key.id.hex()[:8]
    assert not any(word in told.stdout + told.stderr for word in key.words("japanese"))
    dry = json.loads(run(town, "backup", "--dry-run", "--json").stdout)
    assert dry["uploaded"] > 0 and not (tmp_path / "vault").exists()
    first = json.loads(run(town, "backup", "--json").stdout)
    assert first["serial"] == 1 and first["files"] == 2
    assert json.loads(run(town, "backup", "--json").stdout)["unchanged"] is True


# --- the stores ---


@pytest.fixture(scope="module", params=["folder", *STORES])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "folder":
        yield request.param, FolderObjects("b", folder / "store")
        return
    name, start = STORES[request.param]
    if program(name) is None:
        pytest.skip(f"{name} is not here")
    with start(folder) as server:
        yield request.param, open_objects("b", f"s3://{BUCKET}/deep/er", server.url, "us-east-1", KEY, SECRET)


def test_every_store_keeps_the_contract(store) -> None:
    _, objects_ = store
    assert objects_.get("a/none") is None
    assert list(objects_.list("a/")) == []
    first = objects_.put("a/x/1", b"one")
    assert objects_.get("a/x/1").body == b"one" and objects_.get("a/x/1").tag == first
    assert objects_.put("a/x/1", b"two") != first
    objects_.put("a/2", b"")
    objects_.put("b/3", b"three")
    entries = list(objects_.list("a/"))
    assert [(e.key, e.size) for e in entries] == [("a/2", 0), ("a/x/1", 3)]
    assert all(isinstance(e, Entry) and abs(e.modified - datetime.now(UTC)) < timedelta(minutes=5) for e in entries)
    objects_.delete("a/2")
    objects_.delete("a/2")
    assert [e.key for e in objects_.list("a/")] == ["a/x/1"]
    for key in ("../out", "/abs", "a//b", "ä"):
        with pytest.raises(MirrorError):
            objects_.get(key)


def test_the_trial_tells_which_stores_heed_conditions(store) -> None:
    kind, objects_ = store
    assert heeds_conditions(objects_, "try") is (kind != "rclone")
    assert [e.key for e in objects_.list("try")] == []


def test_a_backup_goes_through_every_store(store) -> None:
    _, objects_ = store
    vault = Vault(objects_, Key(b"\2" * 32), "x")
    vault.open(make=True)
    vault.open(make=False)
    name = vault.sealer.name("l", b"content")
    vault.put(name, b"content")
    assert vault.get(name) == b"content" and name in vault.names()
    objects_.put(name, objects_.get(name).body[:-3])
    with pytest.raises(Damaged):
        vault.get(name)
    with pytest.raises(BackupError):
        Vault(objects_, Key(b"\3" * 32), "x").open(make=True)


def test_a_store_that_is_not_there_is_told_as_the_backup(tmp_path: Path) -> None:
    from tests.servers import free_ports

    [port] = free_ports(1)
    far = Vault(open_objects("b", f"s3://{BUCKET}", f"http://127.0.0.1:{port}", "us-east-1", KEY, SECRET), Key(bytes(32)), "s3://site")
    with pytest.raises(MirrorError) as caught:
        far.open(make=True)
    assert "バックアップ先" in caught.value.problem.where and "公開先" not in str(caught.value.problem)


def test_clients_see_the_same_objects(store) -> None:
    kind, objects_ = store
    if kind == "folder":
        pytest.skip("a folder has no client")
    objects_.put("seen", b"1")
    raw = client(objects_.bucket.endpoint)
    assert raw.get_object(Bucket=BUCKET, Key="deep/er/seen")["Body"].read() == b"1"
