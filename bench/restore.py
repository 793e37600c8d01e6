"""The machine is lost: how long until another one publishes, for a town of 10,000 notices and a roll of 133,000 people.

    python bench/restore.py [--notices 10000] [--people 133000]

Everything lies on SeaweedFS on loopback: one bucket for the public, one place for the backup.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.corpus import notices  # noqa: E402
from tests.servers import BUCKET, KEY, SECRET, seaweedfs  # noqa: E402
from tests.town import TOML  # noqa: E402

CHANNELS = """
[[mirrors]]
name = "own"
url = "s3://{bucket}/public"
endpoint = "{url}"
region = "us-east-1"

[backup]
url = "s3://{bucket}/backup"
endpoint = "{url}"
region = "us-east-1"
"""


def run(*words: str) -> tuple[dict, float]:
    start = time.perf_counter()
    env = os.environ | {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-m", "publisher", *words, "--json"], capture_output=True, text=True, env=env, check=False)
    if done.returncode not in (0, 3):
        raise SystemExit(done.stderr)
    return json.loads(done.stdout), time.perf_counter() - start


def roll(file: Path, people: int) -> None:
    file.parent.mkdir(parents=True)
    rows = (f"氏名{n},{'アカサタナハマヤラワ'[n % 10]}{'イキシチニヒミ'[n % 7]}{n % 997},汐見市本町{n % 40}-{n},{n % 100},第{n % 300}避難所,同意する," for n in range(people))
    file.write_text("\n".join(["氏名,フリガナ,住所,年齢,避難所,公表同意,閲覧制限", *rows]) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notices", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=133_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="publisher-bench-") as folder:
        work = Path(folder)
        (work / "weed").mkdir()
        (work / "town/content").mkdir(parents=True)
        with seaweedfs(work / "weed") as server:
            toml = TOML.replace('"40d"', '"36500d"') + CHANNELS.format(bucket=BUCKET, url=server.url)
            (work / "town/publisher.toml").write_text(toml, encoding="utf-8")
            notices(work / "town/content", given.notices)
            roll(work / "town/content/避難者名簿/避難者名簿.csv", given.people)
            town, new = str(work / "town"), str(work / "new")
            first, seconds = run("-C", town, "publish")
            print(f"first publish: {seconds:.1f} s, {first['outputs']['written']} files", flush=True)
            run("-C", town, "backup", "--new-key")
            made, seconds = run("-C", town, "backup")
            print(f"first backup: {seconds:.1f} s, {made['uploaded']} objects, {made['bytes'] / 1e6:.1f} MB", flush=True)
            (work / "town/content/water/000000.md").write_text("# 直しました\n\n時間が変わりました。\n", encoding="utf-8")
            run("-C", town, "publish")
            made, seconds = run("-C", town, "backup")
            print(f"backup after one changed notice: {seconds:.1f} s, {made['uploaded']} objects, {made['bytes'] / 1e3:.0f} kB", flush=True)
            back, seconds = run("restore", f"s3://{BUCKET}/backup", new, "--endpoint", server.url, "--region", "us-east-1", "--key", f"{town}/backup.key")
            print(f"restore: {seconds:.1f} s, {back['documents']} documents, {back['files']} originals", flush=True)
            again, seconds = run("-C", new, "publish")
            [mirror] = again["mirrors"]
            print(f"publish after it: {seconds:.1f} s, serial {again['serial']}, uploaded {mirror['uploaded']}, deleted {mirror['deleted']}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
