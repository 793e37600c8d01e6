"""Commands by which a person decides: release, withdraw, restrict."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from publisher.cli.common import clock, leading, operator, settings_of, with_staff_page
from publisher.cli.words import counting, progress_bar, say
from publisher.model import Problem

if TYPE_CHECKING:
    from datetime import datetime

    from publisher.intake.archive import Archive
    from publisher.ledger import Ledger
    from publisher.pipeline.restrict import Outcome
    from publisher.settings import Settings


def release(options: argparse.Namespace) -> int:
    return _decision(options, "release")


def withdraw(options: argparse.Namespace) -> int:
    return _decision(options, "withdraw")


def _decision(options: argparse.Namespace, action: str) -> int:
    """Decide, then publish at once: a decision that waits for the next run helps nobody. The publisher that is at work does it, if there is one."""
    from publisher.errors import Busy
    from publisher.pipeline import decide
    from publisher.pipeline.build import build, desk, write_staff_page
    from publisher.pipeline.lock import lock
    from publisher.pipeline.publish import to_mirrors
    from publisher.pipeline.recount import counted_again
    from publisher.values import replace

    settings = settings_of(options)
    if not options.dry_run:
        try:
            with lock(settings.paths.state):
                pass
        except Busy:
            return _have_it_decided(settings, options, action)
    with leading(settings, options) as may, desk(settings, dry=options.dry_run) as opened:
        now = clock(settings)
        if not opened.ledger.files.count():
            build(opened, now)
        paths = getattr(decide, action)(opened, options.path, now, operator())
        report = build(opened, now, all_lines=options.json, also=paths, later=not options.dry_run)
        report = replace(report, mirrors=to_mirrors(opened, now, may))
        report = counted_again(opened, report, lambda: clock(settings), may, counting)
        report = with_staff_page(report, write_staff_page(opened, report, now))
    return say(report, options)


def _have_it_decided(settings: Settings, options: argparse.Namespace, action: str) -> int:
    """Ask the publisher that is at work, and wait until the public sees what was decided, or until it is plain that it takes longer."""
    import time

    from publisher.errors import Busy
    from publisher.pipeline import requests
    from publisher.pipeline.decide import below_content
    from publisher.pipeline.status import status
    from publisher.pipeline.summary import lines
    from publisher.values import replace

    request = requests.Request(action, below_content(settings, options.path), operator())
    decided = requests.ask(settings.paths.state, request)
    if decided is None:
        raise Busy(_not_answered(settings))
    end = time.monotonic() + 20
    while True:
        with _records(settings) as (ledger, _):
            built = ledger.serial > decided.serial  # asked before the mirrors are: else they could be told of as they were before the build
            report = replace(status(settings, everything=False), documents=lines(ledger, settings, decided.paths), total=0)
        if built and all(line.state != "waiting" for line in report.mirrors):
            return say(report, options)
        if time.monotonic() > end:
            late = () if built else (_not_answered(settings),)
            return say(replace(report, problems=(*report.problems, *late), failed=not built), options)
        time.sleep(0.1)


def _not_answered(settings: Settings) -> Problem:
    return Problem(
        "not-answered", "動いている publisher が、1分たっても答えません。指示は預けました。", str(settings.paths.state), "公開中のページは、まだ変わっていません。",
        "大きな仕事が終わりしだい行います。急ぐときは、動いている publisher を止めてから、もう一度実行してください。",
    )  # fmt: skip


def restrict(options: argparse.Namespace) -> int:
    """Take one person off a list everywhere, now; also while ``publisher watch`` runs, which then does it."""
    from publisher.errors import Busy
    from publisher.pipeline import restrict
    from publisher.pipeline.restrict import Outcome
    from publisher.values import replace

    settings = settings_of(options)
    now = clock(settings)
    with _records(settings) as (ledger, archive):
        look = restrict.find_restricted if options.lift else restrict.find
        found = look(ledger, settings, archive, options.table, " ".join(options.row))
    outcome = Outcome(found.slug, found.rows, found.entries, options.lift, dry=options.dry_run, sheets=found.sheets)
    if options.dry_run:
        return _say_outcome(outcome, options)
    outcome = replace(outcome, entries=restrict.decide(settings, found, now, operator(), options.lift))
    try:
        _build_restricted(settings, options)
    except Busy:
        _wait_for_watch(settings, found.document.id, now)
    with _records(settings) as (ledger, _):
        done = restrict.receipts(ledger, settings, found.document.id, now)
        outcome = replace(outcome, applied=restrict.applied(ledger, settings.paths.state), receipts=done)
    return _say_outcome(outcome, options)


@contextmanager
def _records(settings: Settings) -> Iterator[tuple[Ledger, Archive]]:
    """Ledger and archive for reading, also while another publisher works on them."""
    from publisher.errors import UsageError
    from publisher.intake.archive import Archive
    from publisher.ledger import Ledger

    file = settings.paths.state / "ledger.db"
    if not file.exists():
        raise UsageError(Problem("nothing-built", "まだ何も公開していません。", str(file), "", "先に publisher build を実行してください。"))
    ledger = Ledger(file, readonly=True)
    try:
        yield ledger, Archive(settings.paths.state / "archive")
    finally:
        ledger.close()


def _build_restricted(settings: Settings, options: argparse.Namespace) -> None:
    from publisher.pipeline.build import build, desk, write_staff_page
    from publisher.pipeline.publish import to_mirrors
    from publisher.pipeline.recount import counted_again

    with leading(settings, options) as may, desk(settings) as opened:
        now = clock(settings)
        report = build(opened, now, tell=progress_bar(options), all_lines=False, later=True)
        to_mirrors(opened, now, may)
        report = counted_again(opened, report, lambda: clock(settings), may, counting)
        write_staff_page(opened, report, now)


def _wait_for_watch(settings: Settings, document: str, since: datetime) -> None:
    """The running publisher sees the register change and does the work; wait until it has, or until it is plain that it takes longer."""
    import time

    from publisher.pipeline import restrict

    start = time.monotonic()
    while time.monotonic() - start < 60:
        with _records(settings) as (ledger, _):
            if restrict.applied(ledger, settings.paths.state):
                lines = restrict.receipts(ledger, settings, document, since)
                if all(line.done for line in lines) or time.monotonic() - start > 20:
                    return
        time.sleep(0.1)


def _say_outcome(outcome: Outcome, options: argparse.Namespace) -> int:
    if options.json:
        print(json.dumps(outcome.as_json(), ensure_ascii=False))
        return outcome.exit_code
    who = f"表「{outcome.slug}」の{outcome.said_rows or '、'.join(outcome.entries)}の方"
    if outcome.dry:
        print(f"{who}を{'載せるように戻します' if outcome.lifted else 'すべての版と公開先から外します'}（試しに調べただけで、何も変えていません）。")
        return 0
    what = "載せるように戻しました" if outcome.lifted else "外しました"
    if not outcome.applied:
        print(f"{who}のことは記録しましたが、公開ページはまだ変わっていません。動いている publisher が続けます。")
        return outcome.exit_code
    print(f"{who}を、公開ページから{what}（記録の番号 {'、'.join(outcome.entries)}）。")
    for line in outcome.receipts:
        done = f"済みました（古い内容 {line.things}件も消しました）" if line.done else "まだ終わっていません。つながりしだい、ほかの更新より先に行います"
        print(f"公開先 {line.mirror}: {done}")
    return outcome.exit_code
