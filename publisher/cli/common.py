"""What several commands need first: settings, the moment, the turn among several machines."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from publisher.model import Problem
    from publisher.pipeline.report import Report
    from publisher.settings import Settings


def settings_of(options: argparse.Namespace) -> Settings:
    from publisher.settings import load

    return load(options.directory)


def clock(settings: Settings) -> datetime:
    from datetime import datetime

    return datetime.now(settings.site.zone)


def operator() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "?"


@contextmanager
def leading(settings: Settings, options: argparse.Namespace) -> Iterator[Callable[[], bool]]:
    """For a run that speaks to the public: where several machines take turns, it is ours while the run lasts."""
    from publisher.pipeline.publish import always

    if options.dry_run or settings.backup is None or not settings.backup.lease:
        yield always
        return
    from publisher.pipeline.standby import single_run

    with single_run(settings, lambda: clock(settings), lambda problem: print(problem, file=sys.stderr)) as may:
        yield may


def with_staff_page(report: Report, problem: Problem | None) -> Report:
    from publisher.values import replace

    return report if problem is None else replace(report, problems=(*report.problems, problem))
