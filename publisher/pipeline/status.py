"""What the public sees now, from the ledger alone: nothing is read, nothing is written."""

from __future__ import annotations

import time
from contextlib import closing

from publisher.ledger import Ledger
from publisher.pipeline import takedown
from publisher.pipeline.report import MirrorLine, Report
from publisher.pipeline.summary import lines
from publisher.settings import Settings

RECENT = 30
"""Files that are told of beside the troubled ones, the newest first, where not everything is asked for."""

TROUBLED = 500


def status(settings: Settings, everything: bool) -> Report:
    """Documents, mirrors, what waits for a person. A site that was never built has none of them."""
    start = time.perf_counter()
    file = settings.paths.state / "ledger.db"
    if not file.exists():
        return Report(seconds=time.perf_counter() - start)
    with closing(Ledger(file, readonly=True)) as ledger:
        mirrors = tuple(mirror_line(ledger, m.name, m.identity) for m in settings.mirrors)
        files = ledger.files
        wanted = None if everything else [row.path for row in (*files.troubled(TROUBLED), *files.latest(RECENT))]
        return Report(
            documents=lines(ledger, settings, wanted), total=files.count(), mirrors=mirrors, troubled=ledger.files.troubled_count(), serial=ledger.serial,
            problems=takedown.problems(ledger, settings), seconds=time.perf_counter() - start,
        )  # fmt: skip


def mirror_line(ledger: Ledger, name: str, identity: str) -> MirrorLine:
    """Where a mirror stands; ``behind`` counts the files that changed since what it has confirmed.

    ``waiting``: nothing failed, but what was built last was not sent yet.
    """
    row = ledger.mirrors.get(name, identity)
    if row.serial == ledger.serial and row.state == "current":
        return MirrorLine(name, "current", since=row.since, confirmed=row.confirmed)
    behind = len(ledger.pages.changed_since(row.serial)) + len(ledger.pages.gone_since(row.serial)) + len(ledger.takedowns.pending(name))
    state = "behind" if row.state == "behind" else "waiting"
    return MirrorLine(name, state, behind=behind, problem=row.problem, since=row.since if state == "behind" else row.confirmed, confirmed=row.confirmed)
