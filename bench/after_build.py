"""How long one changed notice needs from the end of its build to the stores: ``python -m bench.after_build [--notices N]``.

The mirror is held open, as ``publisher watch`` holds it, and looks at what it sent, as always. Printed are medians over ``--turns``
changes, each with the number of files that it sent and the requests that this took.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests import servers
from tests.town import NOTICE, make_town

STORES = ("seaweedfs", "rclone")


def _counted(asked: Counter[str]) -> None:
    """Count the requests of all lines of this process by their method."""
    from publisher.mirrors import wire

    plain = wire.Wire.ask

    def ask(self: wire.Wire, method: str, *rest: object, **more: object) -> object:
        asked[method] += 1
        return plain(self, method, *rest, **more)

    wire.Wire.ask = ask


def run(kind: str, notices: int, turns: int) -> str:
    from publisher.mirrors import open_mirror
    from publisher.pipeline.build import desk
    from publisher.pipeline.publish import to_mirror, to_mirrors

    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "store").mkdir()
        with servers.STORES[kind][1](Path(place) / "store") as server:
            town = make_town(
                Path(place) / "town",
                f'\n[[mirrors]]\nname = "m"\nurl = "s3://{servers.BUCKET}/site"\nendpoint = "{server.url}"\nregion = "us-east-1"\n'
                'key_env = "TOWN_KEY"\nsecret_env = "TOWN_SECRET"\n',
            )
            town.notices(notices)
            seconds, files, requests = [], [], []
            asked: Counter[str] = Counter()
            _counted(asked)
            with desk(town.settings()) as opened:
                town.build_at(opened)
                to_mirrors(opened, town.now)
                settings = opened.settings
                mirror = open_mirror(settings.mirrors[0], settings.secret)
                for turn in range(turns + 1):
                    town.drop(f"給水/{turn * 7 % notices:04d}.md", NOTICE.format(title=f"{turn}回目の変更", minute=turn % 60))
                    town.build_at(opened)
                    asked.clear()
                    begun = time.perf_counter()
                    line = to_mirror(settings, opened.ledger, opened.folder, settings.mirrors[0], town.now, opened=mirror)
                    if turn:  # the first opens the lines
                        seconds.append(time.perf_counter() - begun)
                        files.append(line.uploaded)
                        requests.append(dict(asked))
                    if line.state != "current":
                        raise SystemExit(str(line.problem))
    sent = {method: statistics.median(each.get(method, 0) for each in requests) for method in sorted({m for each in requests for m in each})}
    said = ", ".join(f"{count:.0f} {method}" for method, count in sent.items())
    spread = f"{min(seconds) * 1000:.0f}–{max(seconds) * 1000:.0f}"
    return f"| {kind} | {statistics.median(seconds) * 1000:.0f} ms | {spread} | {statistics.median(files):.0f} | {said} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notices", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=20)
    options = parser.parse_args()
    os.environ |= {"TOWN_KEY": servers.KEY, "TOWN_SECRET": servers.SECRET}
    print(f"### One of {options.notices:,} notices changed: from the end of the build to the store\n")
    print("| store | median | min–max | files | requests |\n|---|---|---|---|---|")
    for kind in STORES:
        print(run(kind, options.notices, options.turns), flush=True)


if __name__ == "__main__":
    main()
