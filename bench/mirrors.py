"""Sending a site to object stores, beside the sync tools that an engineer would choose: ``python -m bench.mirrors``.

The same folder of small files goes to the same store in the same run, each tool into a prefix of its own: a first upload, a second
run with nothing changed, a third with one notice changed (``CHANGED`` files). Printed are medians of the seconds and CPU seconds of the
tool (not of the store, which shares the cores), and the ratio to ours.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import peers
from tests import servers

CHANGED = 25
#: Bytes of a file, about those of a notice in the light edition.
SIZE = 3_000


@dataclass(frozen=True)
class Took:
    seconds: float
    cpu: float


def corpus(folder: Path, count: int) -> None:
    """Pages of about ``SIZE`` bytes, all different, in folders as the site has them."""
    chance = random.Random(1)
    for number in range(count):
        file = folder / "n" / f"{number:06d}.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"<!DOCTYPE html><html><p>" + chance.randbytes(SIZE // 2).hex().encode() + b"</html>")


def change(folder: Path, turn: int) -> None:
    for number in range(CHANGED):
        file = folder / "n" / f"{number * 7:06d}.html"
        if file.exists():
            file.write_bytes(file.read_bytes()[:-20] + f"{turn:013d}</html>".encode())


def measured(command: list[str], environment: dict[str, str]) -> Took:
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{command[0]}: {done.stderr.decode(errors='replace')[-500:]}")
    return Took(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def tools(server: servers.Server, folder: Path, work: Path, boto: bool) -> dict[str, Callable[[str], list[str]]]:
    """Tool → its command for a prefix."""
    config = work / "rclone.conf"
    config.write_text(
        f"[s]\ntype = s3\nprovider = Other\nendpoint = {server.url}\naccess_key_id = {servers.KEY}\nsecret_access_key = {servers.SECRET}\n"
        "region = us-east-1\nforce_path_style = true\n"
    )
    programs, bucket = peers.tools(peers.PLACE), servers.BUCKET
    s5cmd, rclone = str(programs / "s5cmd"), str(programs / "rclone")
    known: dict[str, Callable[[str], list[str]]] = {
        "publisher": lambda prefix: [sys.executable, "-m", "bench.mirrors", "--send", str(folder), server.url, prefix, str(work / f"{prefix}.db")],
        "s5cmd sync": lambda prefix: [s5cmd, "--endpoint-url", server.url, "sync", f"{folder}/", f"s3://{bucket}/{prefix}/"],
        "rclone sync": lambda prefix: [rclone, "--config", str(config), "sync", str(folder), f"s:{bucket}/{prefix}"],
    }
    if boto:
        known["boto3 put_object"] = lambda prefix: [sys.executable, "-m", "bench.mirrors", "--boto", str(folder), server.url, prefix, ""]
    return known


# --- the sending processes ---


def send(folder: Path, url: str, prefix: str, ledger_file: str) -> None:
    """What ``publisher publish`` does with a mirror after the build: plan from the ledger, send, record."""
    from datetime import UTC, datetime

    from publisher.ledger import Ledger
    from publisher.mirrors import Bucket, Retrying, S3Mirror, plan, sync
    from publisher.model import PageKind, PageRecord

    now = datetime.now(UTC)
    ledger = Ledger(Path(ledger_file))
    row = ledger.mirrors.get("m", prefix)
    with ledger.transaction():
        ledger.mirrors.start("m", prefix)
    changed = [PageRecord(path, sha256, size, PageKind.DOCUMENT, False, 1) for path, sha256, size in json.loads((folder.parent / "changed.json").read_text())]
    receipts = ledger.mirrors.receipts(row.name, [record.path for record in changed])
    made = plan("m", changed, (), receipts, ledger.mirrors.held("m"))
    mirror = Retrying(S3Mirror("m", Bucket(servers.BUCKET, prefix, url, "us-east-1", servers.KEY, servers.SECRET)))

    def note(given: object) -> None:
        with ledger.transaction():
            ledger.mirrors.confirm(given)  # type: ignore[arg-type]

    result = sync(mirror, made, lambda path: (folder / path).read_bytes(), note, now, doubt=note)
    ledger.close()
    if not result.whole:
        raise SystemExit(str(result.problem))


def boto(folder: Path, url: str, prefix: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    client = servers.client(url)
    files = [path for path in folder.rglob("*") if path.is_file()]

    def one(file: Path) -> None:
        client.put_object(Bucket=servers.BUCKET, Key=f"{prefix}/{file.relative_to(folder).as_posix()}", Body=file.read_bytes())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, files))


# --- the table ---


def tell_changes(folder: Path, known: dict[str, str]) -> None:
    """What the build knows anyhow: which files have changed."""
    import hashlib

    changed = []
    for file in sorted(folder.rglob("*.html")):
        body = file.read_bytes()
        path, sha256 = file.relative_to(folder).as_posix(), hashlib.sha256(body).hexdigest()
        if known.get(path) != sha256:
            changed.append((path, sha256, len(body)))
            known[path] = sha256
    (folder.parent / "changed.json").write_text(json.dumps(changed))


def run(kind: str, count: int, turns: int, with_boto: bool, base: Path) -> dict[str, dict[str, list[Took]]]:
    """Every turn has a folder of its own below ``base``: nothing is deleted while it is measured (see ``measure.put_aside``)."""
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": servers.KEY, "AWS_SECRET_ACCESS_KEY": servers.SECRET, "AWS_REGION": "us-east-1"}
    found: dict[str, dict[str, list[Took]]] = {}
    for turn in range(turns):
        work = _made(base / f"{kind}{turn}")
        with servers.STORES[kind][1](_made(work / "store")) as server:
            folder = work / "site"
            corpus(folder, count)
            known: dict[str, str] = {}
            commands = tools(server, folder, work, with_boto)
            for stage in ("first upload", "nothing changed", "one notice changed"):
                if stage == "one notice changed":
                    time.sleep(1.1)  # the tools compare times in whole seconds
                    change(folder, turn + 1)
                tell_changes(folder, known)
                names = list(commands)
                random.Random(turn).shuffle(names)
                for name in names:
                    if name.startswith("boto3") and stage != "first upload":
                        continue
                    took = measured(commands[name](name.replace(" ", "-")), environment)
                    found.setdefault(stage, {}).setdefault(name, []).append(took)
    return found


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def table(kind: str, count: int, found: dict[str, dict[str, list[Took]]]) -> str:
    lines = [f"### {count} files of {SIZE} B to {kind}", "", "| work | tool | seconds | min–max | CPU s | time ÷ ours | CPU ÷ ours |", "|---|---|---|---|---|---|---|"]
    for stage, by_tool in found.items():
        ours = by_tool["publisher"]
        base = statistics.median(t.seconds for t in ours), statistics.median(t.cpu for t in ours)
        for name, took in by_tool.items():
            seconds, cpu = [t.seconds for t in took], statistics.median(t.cpu for t in took)
            middle = statistics.median(seconds)
            lines.append(
                f"| {stage} | {name} | {middle:.2f} | {min(seconds):.2f}–{max(seconds):.2f} | {cpu:.2f} | {middle / base[0]:.2f} | {cpu / base[1]:.2f} |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--stores", nargs="+", default=["rclone", "seaweedfs"], choices=list(servers.STORES))
    parser.add_argument("--with-boto3", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--send", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--boto", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.send or options.boto:
        folder, url, prefix, ledger = options.send or options.boto
        return send(Path(folder), url, prefix, ledger) if options.send else boto(Path(folder), url, prefix)
    every = {}
    with tempfile.TemporaryDirectory() as place:
        for kind in options.stores:
            found = every[kind] = run(kind, options.files, options.turns, options.with_boto3, Path(place))
            print(table(kind, options.files, found), flush=True)
    if options.json:
        options.json.write_text(json.dumps(every, default=lambda took: took.__dict__, indent=1))
    return None


if __name__ == "__main__":
    main()
