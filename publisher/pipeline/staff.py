"""From the ledger to the staff's page: its cost does not grow with the site."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from publisher.console.status_page import LATEST, TROUBLED, MirrorRow, Row, StatusView
from publisher.ledger import Ledger
from publisher.ledger.files import FileRow
from publisher.model import State
from publisher.pipeline.report import MirrorLine, Report
from publisher.pipeline.status import mirror_line
from publisher.pipeline.summary import lines
from publisher.settings import MirrorSettings, Settings


def staff_view(ledger: Ledger, settings: Settings, report: Report, now: datetime) -> StatusView:
    """What staff are told after a run."""
    said = {line.name: line for line in report.mirrors}
    return StatusView(
        title=settings.site.title, site_url=settings.site.url, now=now, serial=ledger.serial, count=ledger.files.count(),
        troubled_count=ledger.files.troubled_count(), problems=report.problems,
        troubled=_rows(ledger, settings, ledger.files.troubled(TROUBLED)),
        mirrors=tuple(
            _mirror(mirror, said.get(mirror.name) or mirror_line(ledger, mirror.name, mirror.identity)) for mirror in settings.mirrors
        ),
        latest=_rows(ledger, settings, ledger.files.latest(LATEST)),
    )  # fmt: skip


def _rows(ledger: Ledger, settings: Settings, files: Iterable[FileRow]) -> tuple[Row, ...]:
    rows = {row.path: row for row in files}
    found = {line.path: line for line in lines(ledger, settings, rows)}
    return tuple(
        Row(
            path, line.title, State(line.state), row.arrived, line.url if line.version else "", line.version, line.reasons
        )
        for path, row in rows.items() if (line := found.get(path)) is not None
    )  # fmt: skip


def _mirror(settings: MirrorSettings, line: MirrorLine) -> MirrorRow:
    return MirrorRow(settings.name, line.state, line.behind, line.since, line.problem, settings.public_url)
