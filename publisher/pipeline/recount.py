"""Counting again what waits for it: earlier editions of large lists, one after the other, between two builds.

After an update of the program, or when somebody is taken off a list, every edition has to be counted again. Of a roll with two dozen editions that takes
minutes. A notice must not wait for it, nor must the person who is to vanish: so the site is built without them first.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from publisher.errors import PublisherError
from publisher.model import Problem
from publisher.pipeline.build import Desk, build
from publisher.pipeline.crew import LARGE, crew
from publisher.pipeline.past import PastEditions, waiting
from publisher.pipeline.publish import always, to_mirrors
from publisher.pipeline.report import Report
from publisher.pipeline.take_in import Intake
from publisher.values import frozen, replace


@frozen
class Recounted:
    """``shown``: a document has all its numbers again, and the next build shows them. ``left``: some still wait, for time or because of ``problems``."""

    shown: bool = False
    left: bool = False
    problems: tuple[Problem, ...] = ()


def recount(desk: Desk, now: datetime, go_on: Callable[[], bool]) -> Recounted:
    """Count what waits, the newest first, as long as ``go_on`` says so: it is asked before each edition."""
    todo = waiting(desk.ledger)
    if not todo:
        return Recounted()
    ledger = desk.ledger
    shown, problems = False, []
    entered: set[str] = set()
    with crew(desk.bench(), [LARGE]) as hands:
        past = PastEditions(ledger, Intake(desk.settings, ledger, now), hands, desk.settings.site.zone)
        for document, key in todo:
            if not go_on():
                break
            version = next((v for v in ledger.documents.versions(document) if (v.moment, v.sha256) == key and not v.gone), None)
            try:
                digest = past.read(document, version) if version is not None else None
            except PublisherError as error:
                problems.append(error.problem)
                continue
            with ledger.transaction():
                shown = past.again(document, key, version, digest) or shown
            entered.add(document)
        else:
            if problems and entered:  # what cannot be read keeps the others waiting no longer
                with ledger.transaction():
                    ledger.pages.touch_all(("document", document) for document in sorted(entered))
                shown = True
    return Recounted(shown, bool(waiting(ledger)), tuple(problems))


def counted_again(
    desk: Desk, report: Report, clock: Callable[[], datetime], may: Callable[[], bool], tell: Callable[[int], None], allow_deletions: bool = False
) -> Report:
    """For a single run that has built ``later`` and sent that: count all that waits (``tell`` how many), then build and send once more. The report of
    both."""
    if desk.dry:
        return report
    waits = len(waiting(desk.ledger))
    if waits:
        tell(waits)
    found = recount(desk, clock(), always)
    report = replace(report, problems=(*report.problems, *found.problems))
    if not found.shown:
        return report
    again = build(desk, clock(), all_lines=False, later=True)
    first, second = report.outputs, again.outputs
    outputs = replace(
        second, written=first.written + second.written, deleted=first.deleted + second.deleted, bytes=first.bytes + second.bytes,
        paths=tuple(dict.fromkeys((*first.paths, *second.paths))),
    )  # fmt: skip
    problems = tuple(dict.fromkeys((*report.problems, *again.problems)))
    before = {line.name: line for line in report.mirrors}
    mirrors = [
        replace(line, uploaded=line.uploaded + before[line.name].uploaded, deleted=line.deleted + before[line.name].deleted) if line.name in before else line
        for line in to_mirrors(desk, clock(), may, allow_deletions)
    ]
    return replace(report, outputs=outputs, problems=problems, mirrors=tuple(mirrors), serial=again.serial)
