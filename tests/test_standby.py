"""Two machines and one public: real processes, a real store, kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from publisher.backup.lease import Lease
from publisher.mirrors.objects import open_objects
from publisher.pipeline.backup import Source, new_key, open_vault, restore
from publisher.pipeline.standby import Turns, lease_of, must_lead
from publisher.settings import load
from tests.servers import BUCKET, KEY, READER, SECRET, STORES, program, rclone, seaweedfs
from tests.test_restore import key_of
from tests.town import Town, make_town

TAKEOVER = 9
PATIENCE = 50.0

pytestmark = pytest.mark.skipif(program(STORES["seaweedfs"][0]) is None, reason="SeaweedFS is not here")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with seaweedfs(tmp_path_factory.mktemp("weed")) as running:
        yield running


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_KEY", KEY)
    monkeypatch.setenv("STORE_SECRET", SECRET)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


def configuration(tmp_path: Path, url: str, name: str, takeover: int = TAKEOVER) -> str:
    return (
        f'\n[[mirrors]]\nname = "m"\nurl = "{tmp_path / "mirror"}"\n\n[backup]\nurl = "s3://{BUCKET}/{name}"\nendpoint = "{url}"\nregion = "us-east-1"\n'
        f'key_env = "STORE_KEY"\nsecret_env = "STORE_SECRET"\nlease = true\ntakeover = {takeover}\n'
    )


def hall(tmp_path: Path, url: str, name: str) -> Town:
    town = make_town(tmp_path / "hall", configuration(tmp_path, url, name))
    new_key(town.settings())
    return town


class Machine:
    """``publisher watch`` in a process of its own; what it says is kept."""

    def __init__(self, root: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "publisher", "-C", str(root), "watch", "--json", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.said: list[str] = []
        self.errors: list[str] = []
        self._threads = [
            threading.Thread(target=self._listen, args=(self.process.stdout, self.said)),
            threading.Thread(target=self._listen, args=(self.process.stderr, self.errors)),
        ]
        for thread in self._threads:
            thread.start()

    def _listen(self, stream, into: list[str]) -> None:
        with stream:
            for line in stream:
                into.append(line)

    def heard(self, words: str) -> bool:
        return any(words in problem for line in list(self.said) for problem in json.loads(line).get("problems", []))

    def end(self, number: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(60)
        for thread in self._threads:
            thread.join(10)


@contextmanager
def machine(root: Path, *options: str) -> Iterator[Machine]:
    running = Machine(root, *options)
    try:
        yield running
    finally:
        running.end(signal.SIGKILL)
        assert not any("Traceback" in line for line in running.errors), "".join(running.errors)


def until(what: Callable[[], bool], words: str, patience: float = PATIENCE, told: list[Machine] | None = None) -> float:
    start = time.monotonic()
    while time.monotonic() < start + patience:
        if what():
            return time.monotonic() - start
        time.sleep(0.05)
    raise AssertionError(f"{words}\n" + "\n".join("".join(m.said[-6:]) + "".join(m.errors[-6:]) for m in told or []))


def public(tmp_path: Path, words: str) -> bool:
    """Is it on the public copy?"""
    for place in (tmp_path / "mirror").rglob("*.html"):
        try:
            if words in place.read_text(encoding="utf-8", errors="ignore"):
                return True
        except FileNotFoundError:
            continue
    return False


def serial(tmp_path: Path) -> int:
    return json.loads((tmp_path / "mirror/manifest.json").read_bytes())["serial"]


def backed_up(town: Town) -> int:
    vault = open_vault(town.settings())
    names = vault.snapshots()
    return vault.snapshot(names[0]).files if names else 0


def test_the_standby_publishes_when_the_leader_is_killed_and_the_hall_merges_when_it_comes_back(tmp_path: Path, server) -> None:
    town = hall(tmp_path, server.url, "kill")
    (town.content / "給水.md").write_text("# 給水します\n\n駅前公園です。\n", encoding="utf-8")
    (town.content / "古い.md").write_text("# 古いお知らせ\n\n本文です。\n", encoding="utf-8")
    with machine(town.root) as leader:
        until(lambda: public(tmp_path, "駅前公園"), "the leader does not publish", told=[leader])
        until(lambda: backed_up(town) == 2, "the leader does not back up", told=[leader])
        restore(Source(f"s3://{BUCKET}/kill", server.url, "us-east-1"), key_of(town), tmp_path / "branch")
        branch = Town(tmp_path / "branch")
        with machine(branch.root, "--standby") as standby:
            until(lambda: standby.heard("控えとして待ちます"), "the standby does not wait", told=[standby])
            (town.content / "道路.md").write_text("# 国道は通れません\n\n崖崩れです。\n", encoding="utf-8")
            until(lambda: public(tmp_path, "崖崩れ"), "the leader stopped", told=[leader])
            until(lambda: backed_up(town) == 3, "the leader does not back up", told=[leader])
            (branch.content / "支所.md").write_text("# 支所から\n\n支所の窓口です。\n", encoding="utf-8")
            time.sleep(1)
            assert not public(tmp_path, "支所の窓口")  # a standby never speaks
            before = serial(tmp_path)
            leader.end(signal.SIGKILL)
            seconds = until(lambda: public(tmp_path, "支所の窓口"), "nobody took over", told=[standby])
            assert seconds < 30
            assert public(tmp_path, "崖崩れ") and public(tmp_path, "駅前公園")
            until(lambda: serial(tmp_path) > before, "the manifest does not follow", told=[standby])
            (branch.content / "給水.md").write_text("# 給水は終わりました\n\nありがとうございました。\n", encoding="utf-8")
            (branch.content / "古い.md").unlink()
            until(lambda: public(tmp_path, "ありがとうございました"), "the new leader does not publish", told=[standby])
            until(lambda: not public(tmp_path, "本文です") and public(tmp_path, "取り消"), "no withdrawal", told=[standby])
            until(lambda: backed_up(branch) >= 5, "the new leader does not back up", told=[standby])
            # the town hall comes back, with a file that was dropped there meanwhile
            (town.content / "庁舎.md").write_text("# 庁舎で入れました\n\n電気が戻りました。\n", encoding="utf-8")
            with machine(town.root) as again:
                until(lambda: again.heard("控えとして待ちます"), "the hall does not see that it no longer leads", told=[again])
                time.sleep(2)
                assert not public(tmp_path, "電気が戻りました")
                standby.end(signal.SIGTERM)
                took = until(lambda: public(tmp_path, "電気が戻りました"), "the hall does not take over", told=[again])
                assert took < 30
                assert public(tmp_path, "ありがとうございました") and not public(tmp_path, "本文です")
                assert (town.content / "給水.md").read_text(encoding="utf-8").startswith("# 給水は終わりました")
                assert not (town.content / "古い.md").exists()
                aside = [p.name for p in (town.content / "_控え").rglob("*.md")]
                assert sorted(aside) == ["古い.md", "給水.md"]
                assert public(tmp_path, "支所の窓口")
                again.end()


def test_a_watch_backs_up_by_itself_and_a_dead_store_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    town = make_town(tmp_path / "town", f'\n[[mirrors]]\nname = "m"\nurl = "{tmp_path / "mirror"}"\n\n[backup]\nurl = "{tmp_path / "disk/vault"}"\n')
    new_key(town.settings())
    town.drop("給水.md", "# 給水します\n\n駅前公園です。\n")
    with machine(town.root) as alone:
        until(lambda: (tmp_path / "disk/vault/s").is_dir() and backed_up(town) == 1, "no backup", told=[alone])
        (town.content / "道路.md").write_text("# 国道は通れません\n\n崖崩れです。\n", encoding="utf-8")
        until(lambda: backed_up(town) == 2, "no backup after a change", told=[alone])
        (tmp_path / "disk").rename(tmp_path / "unplugged")
        (town.content / "電気.md").write_text("# 停電しています\n\n復旧は未定です。\n", encoding="utf-8")
        until(lambda: public(tmp_path, "復旧は未定"), "it stopped", told=[alone])
        until(lambda: alone.heard("バックアップ先"), "nobody was told", told=[alone])
        asked = subprocess.run([sys.executable, "-m", "publisher", "-C", str(town.root), "watch"], capture_output=True, text=True, check=False)
        assert asked.returncode == 1
        alone.end()


def test_a_second_process_of_the_machine_does_not_take_the_lease_from_the_first(tmp_path: Path, server) -> None:
    town = hall(tmp_path, server.url, "twice")
    town.drop("給水.md", "# 給水します\n\n駅前公園です。\n")
    with machine(town.root) as leader:
        until(lambda: public(tmp_path, "駅前公園"), "it does not publish", told=[leader])
        for words in (["watch"], ["publish"], ["watch", "--standby"]):
            second = subprocess.run([sys.executable, "-m", "publisher", "-C", str(town.root), *words], capture_output=True, text=True, check=False)
            assert second.returncode == 1 and "別の publisher が動いています" in second.stderr
        (town.content / "道路.md").write_text("# 国道は通れません\n\n崖崩れです。\n", encoding="utf-8")
        until(lambda: public(tmp_path, "崖崩れ"), "it lost its lease", told=[leader])
        assert not leader.heard("公開をやめました")
        leader.end()


def test_a_single_run_waits_for_no_one_and_speaks_for_no_one_else(tmp_path: Path, server) -> None:
    town = hall(tmp_path, server.url, "single")
    town.notices(1)

    def publish() -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "publisher", "-C", str(town.root), "publish", "--json"], capture_output=True, text=True, check=False)

    first = publish()
    assert first.returncode == 0, first.stderr
    assert backed_up(town) == 1
    settings = load(town.root)
    vault = open_vault(settings)
    other = Lease(open_objects("o", f"s3://{BUCKET}/single", server.url, "us-east-1", KEY, SECRET), vault.sealer, "other", "支所", TAKEOVER)
    assert other.attempt() and other.fence == 2
    town.drop("新着.md", "# 新着\n\n出てはいけない\n")
    refused = publish()
    assert refused.returncode == 1 and "支所" in refused.stderr and "Traceback" not in refused.stderr
    assert not public(tmp_path, "出てはいけない")
    other.release()
    assert publish().returncode == 0 and public(tmp_path, "出てはいけない")
    lease = must_lead(settings)
    assert lease is not None and lease.fence == 4
    lease.release()


def test_where_the_store_ignores_conditions_it_says_so_and_asks_for_one_writer(tmp_path: Path) -> None:
    (tmp_path / "rclone").mkdir()
    with rclone(tmp_path / "rclone") as careless:
        town = hall(tmp_path, careless.url, "careless")
        town.notices(1)
        with machine(town.root) as alone:
            until(lambda: public(tmp_path, "給水0号"), "it does not publish", told=[alone])
            assert alone.heard("公開する機械を1台だけ")
            alone.end()
        with machine(town.root, "--standby") as standby:
            until(lambda: standby.process.poll() is not None, "a standby must not start there", told=[standby])
            assert standby.process.returncode == 2


def test_where_the_store_refuses_us_nobody_publishes_as_if_there_were_no_lease(tmp_path: Path, server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine leads; ours may only read there."""
    town = hall(tmp_path, server.url, "refused")
    town.notices(1)
    other = lease_of(town.settings())
    other.holder, other.machine = "other", "支所"
    assert other.attempt()
    monkeypatch.setenv("STORE_KEY", READER)
    for words in ("watch", "publish"):
        done = subprocess.run([sys.executable, "-m", "publisher", "-C", str(town.root), words], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 4 and "許可しませんでした" in done.stderr and "Traceback" not in done.stderr
    assert not public(tmp_path, "給水0号")
    other.release()


def test_standby_without_a_lease_is_a_mistake_in_words(tmp_path: Path) -> None:
    town = make_town(tmp_path / "town")
    done = subprocess.run([sys.executable, "-m", "publisher", "-C", str(town.root), "watch", "--standby"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "lease = true" in done.stderr


def test_a_leader_that_is_cut_off_falls_silent_before_another_takes_over(tmp_path: Path, server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its line to the store is dead, its line to the mirror is not: it must not go on speaking."""
    from publisher.pipeline.build import desk
    from publisher.pipeline.publish import to_mirrors

    town = hall(tmp_path, server.url, "cut")
    town.notices(1)
    lease = lease_of(town.settings())
    assert lease.attempt()
    with desk(town.settings()) as opened:
        town.build_at(opened)
        assert to_mirrors(opened, town.now, lease.leading)[0].state == "current"
        town.drop("新着.md", "# 新着\n\nもう出せない\n")
        town.build_at(opened)
        time.sleep(lease.right)
        [line] = to_mirrors(opened, town.now, lease.leading)
        assert line.state == "behind" and not line.uploaded and line.problem.code == "not-leading"
        assert not public(tmp_path, "もう出せない")
        assert lease.renew()
        assert to_mirrors(opened, town.now, lease.leading)[0].state == "current"
    lease.release()


def test_what_a_dead_leader_sent_after_its_last_backup_is_found_on_the_mirror(tmp_path: Path, server) -> None:
    """The mirror holds newer pages than the backup knows of: all of them come back to what the new leader publishes."""
    town = hall(tmp_path, server.url, "newer")
    town.notices(3)

    def publish(root: Path) -> None:
        done = subprocess.run([sys.executable, "-m", "publisher", "-C", str(root), "publish"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    publish(town.root)
    lease = lease_of(town.settings())
    assert lease.attempt()
    with town.desk() as opened:
        from publisher.pipeline.publish import to_mirrors

        town.drop("給水/0001.md", "# 控えにない版\n\n失われます。\n")
        town.drop("給水/9999.md", "# 控えにない文書\n\n失われます。\n")
        town.build_at(opened)
        assert to_mirrors(opened, town.now, lease.leading)[0].uploaded
    lease.release()
    assert public(tmp_path, "失われます")
    before = serial(tmp_path)
    restore(Source(f"s3://{BUCKET}/newer", server.url, "us-east-1"), key_of(town), tmp_path / "branch")
    publish(tmp_path / "branch")
    assert not public(tmp_path, "失われます")
    assert serial(tmp_path) > before  # what the public saw is never seen again under the same number
    ours = {p.relative_to(tmp_path / "branch/public").as_posix(): p.read_bytes() for p in (tmp_path / "branch/public").rglob("*") if p.is_file()}
    theirs = {p.relative_to(tmp_path / "mirror").as_posix(): p.read_bytes() for p in (tmp_path / "mirror").rglob("*") if p.is_file()}
    assert ours == theirs


def test_turns_end_when_told_though_the_store_is_dead(tmp_path: Path, server) -> None:
    from tests.servers import free_ports

    [port] = free_ports(1)
    town = hall(tmp_path, f"http://127.0.0.1:{port}", "dead")
    said: list = []
    turns = Turns(town.settings(), lambda: town.now, said.append, lambda *_: None, lambda: None)
    thread = threading.Thread(target=turns.run)
    thread.start()
    until(lambda: bool(said), "it says nothing")
    turns.stop()
    thread.join(30)
    assert not thread.is_alive() and "バックアップ先" in said[0].where
    assert os.environ["STORE_KEY"] == KEY
