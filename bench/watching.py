"""From the drop to the mirror: ``publisher watch``, and ``hugo --watch`` with the quickest sync tool behind it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench import corpus, peers, rolls
from bench.measure import cpu_of, family, proportional
from bench.report import Table
from publisher.ledger.names import identity
from tests.servers import BUCKET, KEY, SECRET, Server, seaweedfs

PATIENCE = 120.0


class Reader:
    """Reads a mirror over one connection, signed by boto3's rules (the bucket is private)."""

    def __init__(self, server: Server) -> None:
        import boto3
        from botocore.config import Config

        self._store = boto3.client(
            "s3", endpoint_url=server.url, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}, response_checksum_validation="when_required"),
        )  # fmt: skip
        self._url = server.url

    def serial(self) -> int:
        """Of the manifest that the mirror has."""
        return int(json.loads(self._store.get_object(Bucket=BUCKET, Key="manifest.json")["Body"].read())["serial"])

    def signed(self, path: str) -> str:
        return self._store.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": path}, ExpiresIn=3600)


def await_words(reader: Reader, paths: Sequence[str], words: str, start: float) -> float:
    """Seconds from ``start`` until every path holds the words."""
    from urllib.parse import urlsplit

    urls = [reader.signed(path) for path in paths]
    connection = http.client.HTTPConnection(urlsplit(urls[0]).netloc, timeout=10)
    for url in urls:
        target = url[len(f"http://{urlsplit(url).netloc}") :]
        while True:
            connection.request("GET", target)
            answer = connection.getresponse()
            if words.encode() in answer.read() and answer.status == 200:
                break
            if time.perf_counter() - start > PATIENCE:
                raise RuntimeError(f"{words} is not on {url} after {PATIENCE} s")
            time.sleep(0.004)
    return time.perf_counter() - start


@contextmanager
def started(command: Sequence[str], cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
    with (cwd / ".bench.log").open("wb") as out:
        process = subprocess.Popen(command, cwd=cwd, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=environment)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def ours(work: Path, count: int, drops: int, tell: Callable[[str], None]) -> tuple[list[float], float, float]:
    """Seconds of each drop; share of a core and bytes of memory while nothing happens for a minute."""
    site = work / "watched"
    corpus.notices(site / "content", count)
    (work / "store").mkdir()
    with seaweedfs(work / "store") as server:
        mirror = f'\n[[mirrors]]\nname = "store"\nurl = "s3://{BUCKET}"\nendpoint = "{server.url}"\npublic_url = "{server.url}/{BUCKET}/"\n'
        peers.publisher_site(site, mirror)
        tell("first build and upload")
        with started((sys.executable, "-m", "publisher", "-C", str(site), "publish"), site) as process:
            process.wait(900)
        with started((sys.executable, "-m", "publisher", "-C", str(site), "watch"), site) as process:
            time.sleep(8)
            reader, took = Reader(server), []
            for number in range(drops):
                tell(f"drop {number + 1}/{drops}")
                name = f"water/drop{number:03d}.md"
                title = f"試験の給水{number}号"
                file = site / "content" / name
                start = time.perf_counter()
                file.write_text(f"# {title}\n\n{title}です。10時から配ります。\n", encoding="utf-8")
                category = "c/water.html"
                paths = [f"n/{identity(name)}.html", "index.html", category, "atom.xml"]
                took.append(await_words(reader, paths, title, start))
                time.sleep(0.3)
            tell("a minute of nothing")
            time.sleep(3)
            cpu, start = cpu_of(process.pid), time.perf_counter()
            time.sleep(60)
            share = (cpu_of(process.pid) - cpu) / (time.perf_counter() - start)
            memory = sum(proportional(pid) for pid in family(process.pid))
    return took, share, memory


def roll(work: Path, count: int, repeat: int, tell: Callable[[str], None]) -> Table:
    """A roll of which 1 % have changed, 0.5 % have left and 0.5 % have arrived: from the moment when the file stands in the drop folder until
    the mirror has all of it. The manifest is sent last."""
    site, editions = work / "watched-roll", [work / f"edition{number}.csv" for number in (1, 2)]
    for number, file in enumerate(editions, 1):
        rolls.write(file, rolls.people(count, number))
    target = site / "content" / "避難者名簿" / "名簿.csv"
    target.parent.mkdir(parents=True)
    (work / "store3").mkdir()
    shutil.copy(editions[0], target)
    took: list[float] = []
    with seaweedfs(work / "store3") as server:
        mirror = f'\n[[mirrors]]\nname = "store"\nurl = "s3://{BUCKET}"\nendpoint = "{server.url}"\npublic_url = "{server.url}/{BUCKET}/"\n'
        peers.publisher_site(site, rolls.PROFILE + mirror)
        tell("first build and upload of the roll")
        with started((sys.executable, "-m", "publisher", "-C", str(site), "publish"), site) as process:
            process.wait(900)
        with started((sys.executable, "-m", "publisher", "-C", str(site), "watch"), site):
            time.sleep(8)
            reader = Reader(server)
            for turn in range(repeat):
                tell(f"next edition, {turn + 1}/{repeat}")
                serial = reader.serial()
                ready = work / "ready.csv"
                shutil.copy(editions[(turn + 1) % 2], ready)
                start = time.perf_counter()
                ready.replace(target)
                while reader.serial() == serial:
                    if time.perf_counter() - start > PATIENCE:
                        raise RuntimeError(f"the next edition is not on the mirror after {PATIENCE} s")
                    time.sleep(0.02)
                took.append(time.perf_counter() - start)
                time.sleep(2)
    middle = statistics.median(took)
    result = Table(f"A roll of {count:,} people, 1 % changed, dropped while watching: until all of it is on the mirror (SeaweedFS on loopback)", ("median", "min–max"))
    result.add("publisher watch", f"{middle:.1f} s", f"{min(took):.1f}–{max(took):.1f}", goal="≤ 10 s", met=middle <= 10)
    return result


def hugo(work: Path, count: int, drops: int, programs: Path, tell: Callable[[str], None]) -> dict[str, list[float]]:
    """The same with Hugo watching and a sync as soon as it has written: by tool."""
    site = work / "hugo-watched"
    corpus.notices(site / "content", count)
    peers.hugo_site(site, programs)
    (work / "store2").mkdir()
    found: dict[str, list[float]] = {}
    with seaweedfs(work / "store2") as server:
        target = f"s3://{BUCKET}/"
        rclone = f":s3,provider=Other,access_key_id={KEY},secret_access_key={SECRET},endpoint='{server.url}':{BUCKET}"
        tools = {
            "s5cmd sync": (str(programs / "s5cmd"), "--endpoint-url", server.url, "sync", "--delete", "public/", target),
            "rclone sync": (str(programs / "rclone"), "sync", "--checksum", "--transfers=16", "--checkers=32", "public", rclone),
        }
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}

        def sync(tool: str) -> None:
            subprocess.run(tools[tool], cwd=site, env=environment, check=True, capture_output=True)

        with started((str(programs / "hugo"), "build", "--watch"), site):
            home = site / "public" / "index.html"
            deadline = time.monotonic() + PATIENCE
            while not home.exists() and time.monotonic() < deadline:
                time.sleep(0.1)
            time.sleep(10)
            tell("first sync")
            sync("s5cmd sync")
            reader = Reader(server)
            for number in range(drops * len(tools)):
                tool = sorted(tools)[number % len(tools)]
                title = f"試験の給水{number}号"
                page = site / "public" / "water" / f"drop{number:03d}" / "index.html"
                start = time.perf_counter()
                (site / "content" / "water" / f"drop{number:03d}.md").write_text(
                    f'---\ntitle: "{title}"\ndate: 2012-01-01T00:00:{number:02d}+09:00\n---\n\n{title}です。\n', encoding="utf-8"
                )
                while not (page.exists() and title in home.read_text(encoding="utf-8")):
                    if time.perf_counter() - start > PATIENCE:
                        raise RuntimeError("Hugo did not build the drop")
                    time.sleep(0.005)
                sync(tool)
                found.setdefault(tool, []).append(await_words(reader, [f"water/drop{number:03d}/index.html", "index.html"], title, start))
                tell(f"Hugo, drop {number + 1}: {found[tool][-1]:.1f} s")
    return found


def table(work: Path, count: int, drops: int, programs: Path, tell: Callable[[str], None]) -> Table:
    took, share, memory = ours(work, count, drops, tell)
    peers_ = hugo(work, count, max(3, drops // 10), programs, tell)
    best = min(statistics.median(times) for times in peers_.values())
    middle, worst = statistics.median(took), max(took)
    result = Table(
        f"One notice dropped while watching {count:,}: until its page, home, category and feed are on the mirror (SeaweedFS on loopback)",
        ("median", "min–max", "best peer ÷ this"),
    )
    for tool, times in sorted(peers_.items()):
        result.add(f"hugo --watch + {tool}: page and home", f"{statistics.median(times):.2f} s", f"{min(times):.2f}–{max(times):.2f}")
    enough = middle <= 0.3 and worst <= 0.6 and best >= 10 * middle
    result.add(
        f"publisher watch, {len(took)} drops", f"{middle * 1000:.0f} ms", f"{min(took) * 1000:.0f}–{worst * 1000:.0f} ms", f"{best / middle:.0f}",
        goal="≤ 300 ms, worst ≤ 600 ms, ≥ 10 × sooner", met=enough,
    )  # fmt: skip
    result.add(
        "publisher watch, nothing happening", f"{share * 100:.2f} % of a core", f"{memory / 1e6:.0f} MB", goal="≤ 1 %, ≤ 150 MiB",
        met=share <= 0.01 and memory <= 150 * 2**20,
    )  # fmt: skip
    return result
