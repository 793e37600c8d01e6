"""A store of the town's own: three volume servers, two copies of everything, one server killed and started again while the town publishes."""

from __future__ import annotations

import json
import random
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from publisher.pipeline.publish import to_mirrors
from tests.servers import ADMIN, BUCKET, KEY, SECRET, await_port, client, free_ports, make_bucket, program
from tests.town import Town, lasting, make_town

PUBLISHES, KILL, RESTART = 50, 15, 35

pytestmark = pytest.mark.skipif(program("weed") is None, reason="SeaweedFS is not here")


class Role:
    """One process of the cluster, ended by its process id."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder, self.words = folder, words
        folder.mkdir()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, port: int) -> None:
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen([program("weed"), "-logtostderr", *self.words], cwd=self.folder, stdout=log, stderr=log)
        await_port(port, self.process, self.folder / "server.log")

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Cluster:
    """One master, three volume servers, a filer with the S3 gateway; every file on two of the three (replication 001)."""

    def __init__(self, folder: Path) -> None:
        self.master_port, self.filer_port, self.s3_port, *self.volume_ports = free_ports(6)
        identities = [
            {"name": "publisher", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Read", "Write", "List", "Tagging"]},
            {"name": "admin", "credentials": [{"accessKey": ADMIN, "secretKey": SECRET}], "actions": ["Admin", "Read", "Write", "List", "Tagging"]},
            {"name": "anonymous", "actions": [f"Read:{BUCKET}"]},
        ]
        (folder / "s3.json").write_text(json.dumps({"identities": identities}))
        here = ("-ip=127.0.0.1", "-ip.bind=127.0.0.1")
        self.master = Role(
            folder / "master", "master", *here, f"-port={self.master_port}", "-mdir=.", "-defaultReplication=001", "-volumeSizeLimitMB=64",
            "-volumePreallocate=false",
        )  # fmt: skip
        self.volumes = [
            Role(
                folder / f"volume{n}", "volume", *here, f"-port={port}", "-dir=.", f"-master=127.0.0.1:{self.master_port}", "-max=40",
                "-minFreeSpace=100MiB", "-rack=r1", "-dataCenter=d1", "-preStopSeconds=0",
            )
            for n, port in enumerate(self.volume_ports)
        ]  # fmt: skip
        self.filer = Role(
            folder / "filer", "filer", *here, f"-port={self.filer_port}", f"-master=127.0.0.1:{self.master_port}", "-defaultReplicaPlacement=001", "-s3",
            f"-s3.port={self.s3_port}", f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0",
        )  # fmt: skip

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.s3_port}"

    def start(self) -> None:
        self.master.start(self.master_port)
        for role, port in zip(self.volumes, self.volume_ports, strict=True):
            role.start(port)
        self.filer.start(self.filer_port)
        assert self.filer.process is not None
        await_port(self.s3_port, self.filer.process, self.filer.folder / "server.log")
        make_bucket(self.url, key=ADMIN)

    def stop(self) -> None:
        for role in (self.filer, *self.volumes, self.master):
            role.kill()

    def copies(self, key: str) -> list[list[bytes]]:
        """For each piece of an object: its bytes as each server that holds a copy gives them, asked directly."""
        where = f"http://127.0.0.1:{self.filer_port}/buckets/{BUCKET}/{key}?metadata=true"
        found = []
        for chunk in _json(where).get("chunks") or ():
            place = f"http://127.0.0.1:{self.master_port}/dir/lookup?volumeId={chunk['file_id'].split(',')[0]}"
            servers = [location["url"] for location in _json(place)["locations"]]
            found.append([_bytes(f"http://{server}/{chunk['file_id']}") for server in servers])
        return found

    def shell(self, *commands: str) -> str:
        words = "\n".join(["lock", *commands, "unlock", "exit"]) + "\n"
        done = subprocess.run(
            [program("weed"), "shell", f"-master=127.0.0.1:{self.master_port}", f"-filer=127.0.0.1:{self.filer_port}"], input=words, capture_output=True,
            text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        made = Cluster(folder)
        stack.callback(made.stop)
        made.start()
        yield made


class Reader(threading.Thread):
    """Somebody who reads pages of the site all the time, straight from the store's address; notes every one that fails."""

    def __init__(self, url: str, paths: list[str], seed: int) -> None:
        super().__init__()
        self.url, self.paths, self.chance = url, paths, random.Random(seed)
        self.failed: list[str] = []
        self.slowest = 0.0
        self.read, self.ended = 0, threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            path = self.chance.choice(self.paths)
            start = time.monotonic()
            try:
                with urllib.request.urlopen(f"{self.url}/{BUCKET}/{path}", timeout=10) as answer:
                    body = answer.read()
                if path.endswith(".html") and not body.rstrip().endswith(b"</html>"):
                    self.failed.append(f"{path}: half a page")
            except (urllib.error.URLError, OSError) as error:
                self.failed.append(f"{path}: {error}")
            self.read += 1
            self.slowest = max(self.slowest, time.monotonic() - start)
            self.ended.wait(0.01)


def publish(town: Town, number: int) -> float:
    start = time.monotonic()
    town.drop(f"給水/{number % 7:04d}.md", f"# 第{number}報\n\n{number}回目のお知らせです。\n")
    with town.desk() as opened:
        town.build_at(opened)
        [line] = to_mirrors(opened, town.now)
    assert line.state == "current", line.problem
    return time.monotonic() - start


@pytest.mark.timeout(300)
def test_one_of_three_servers_dies_and_comes_back_and_nobody_notices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_KEY", KEY)
    monkeypatch.setenv("STORE_SECRET", SECRET)
    (tmp_path / "weed").mkdir()
    with cluster(tmp_path / "weed") as store:
        extra = f'\n[[mirrors]]\nname = "own"\nurl = "s3://{BUCKET}"\nendpoint = "{store.url}"\nregion = "us-east-1"\n'
        town = make_town(tmp_path / "town", extra + 'key_env = "STORE_KEY"\nsecret_env = "STORE_SECRET"\n')
        town.notices(7)
        publish(town, 0)
        paths = [p for p in town.files() if p.endswith((".html", ".json", ".xml")) and not p.startswith("manifest/")]
        readers = [Reader(store.url, paths, seed) for seed in range(2)]
        for reader in readers:
            reader.start()
        try:
            times = []
            for number in range(1, PUBLISHES + 1):
                if number == KILL:
                    store.volumes[1].kill()
                if number == RESTART:
                    store.volumes[1].start(store.volume_ports[1])
                times.append(publish(town, number))
        finally:
            for reader in readers:
                reader.ended.set()
            for reader in readers:
                reader.join(30)
        assert not [failure for reader in readers for failure in reader.failed]
        assert sum(reader.read for reader in readers) > 200
        assert max(times) < 30
        raw = client(store.url)
        keys = [entry["Key"] for page in raw.get_paginator("list_objects_v2").paginate(Bucket=BUCKET) for entry in page["Contents"]]
        held = {key: raw.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}
        assert held == town.files() and lasting(held)
        equal_copies(store, keys)


def equal_copies(store: Cluster, keys: list[str]) -> None:
    """Every piece of every object lies on two servers, the same bytes on both, once the store has mended itself."""
    deadline = time.monotonic() + 40
    while True:
        told = store.shell("volume.fix.replication -apply")
        pieces = [copies for key in keys for copies in store.copies(key)]
        if all(len(copies) == 2 for copies in pieces):
            break
        assert time.monotonic() < deadline, told[-2000:]
        time.sleep(1)
    assert len(pieces) >= len(keys) and all(one == other for one, other in pieces)


def _json(url: str) -> dict:
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def _bytes(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()
