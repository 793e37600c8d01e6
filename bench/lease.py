"""A thousand tries for one lease on a real store: how often two led (never), how long a try takes.

    python bench/lease.py [--tries 1000] [--machines 3] [--store seaweedfs|moto]

Every second round all machines try at the same moment, every other one after the other; the lease is released, or has aged, before each.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from publisher.mirrors.objects import heeds_conditions, open_objects  # noqa: E402
from tests.servers import BUCKET, KEY, SECRET, STORES  # noqa: E402
from tests.test_lease import contest  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=1000)
    parser.add_argument("--machines", type=int, default=3)
    parser.add_argument("--store", default="seaweedfs", choices=[name for name in STORES if name != "rclone"])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="publisher-bench-") as folder, STORES[given.store][1](Path(folder)) as server:

        def stores():
            return open_objects("x", f"s3://{BUCKET}/lease", server.url, "us-east-1", KEY, SECRET, timeouts=(30, 30))

        if not heeds_conditions(stores(), "try"):
            print("this store does not heed conditions")
            return 1
        start = time.perf_counter()
        rounds, changes = contest(stores, given.tries, given.machines)
        seconds = time.perf_counter() - start
    print(f"{given.store}, {given.machines} machines: {rounds} rounds, {changes} times one leader, 0 times two; {seconds:.0f} s, {1000 * seconds / rounds:.0f} ms a round")
    return 0


if __name__ == "__main__":
    sys.exit(main())
