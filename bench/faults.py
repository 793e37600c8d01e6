"""The long rehearsal of faults: ``python -m bench.faults --publishes 200 [--seed N] [--proxy]``.

Three mirrors, each a store behind a proxy that fails in ten ways (``tests/faults.py``), crawlers that read all the time, and at the end a
comparison of every byte. With ``--proxy`` the publisher reaches them through tinyproxy (a Debian package), as from behind a town's own
proxy. Ends with 1 when a reader met a broken link or half a page, or when a mirror differs from the site.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from tests import servers
from tests.faults import rehearse


@contextmanager
def tinyproxy(folder: Path) -> Iterator[str]:
    """tinyproxy on loopback; its address."""
    program = servers.program("tinyproxy")
    if program is None:
        raise SystemExit("tinyproxy is not installed (Debian: apt-get install tinyproxy)")
    (port,) = servers.free_ports(1)
    folder.mkdir(parents=True)
    config = folder / "tinyproxy.conf"
    config.write_text(f"Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 200\nAllow 127.0.0.1\nDisableViaHeader Yes\n")
    with servers.running([program, "-d", "-c", str(config)], folder, (port,)):
        yield f"http://127.0.0.1:{port}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--publishes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--proxy", action="store_true")
    parser.add_argument("--timeout", type=float, default=1.0, help="connect_timeout and read_timeout of the mirrors, in seconds")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between two rounds of a crawler: longer ones leave the machine to others")
    options = parser.parse_args()
    os.environ |= {"TOWN_KEY": servers.KEY, "TOWN_SECRET": servers.SECRET}
    with tempfile.TemporaryDirectory() as place, tinyproxy(Path(place) / "proxy") if options.proxy else nullcontext("") as proxy:
        lines = f"connect_timeout = {options.timeout}\nread_timeout = {options.timeout}\n" + (f'proxy = "{proxy}"\n' if proxy else "")
        done = rehearse(Path(place) / "work", options.seed, options.publishes, lines, options.pause, late=2.0, hang=30.0)
    struck = ", ".join(f"{kind} {count}" for kind, count in sorted(done.struck.items()))
    print(f"{done.publishes} publishes, {done.seconds:.0f} s, seed {options.seed}{', through tinyproxy' if options.proxy else ''}")
    print(f"faults that struck: {struck}")
    print(f"pages read {done.pages}; broken links {len(done.broken)}; half pages {len(done.half)}; files that differ at the end {len(done.differ)}")
    print(f"mirrors at the end: {', '.join(done.last)}")
    for what in (*done.broken[:5], *done.half[:5], *done.differ[:5]):
        print(f"  {what}")
    for line in done.histories[:200]:
        print(f"  {line}")
    return 0 if done.fine else 1


if __name__ == "__main__":
    sys.exit(main())
