"""Commands that make and publish the site."""

from __future__ import annotations

import argparse
import json
import sys

from publisher.cli.common import clock, leading, settings_of, with_staff_page
from publisher.cli.words import counting, progress_bar, say


def init(options: argparse.Namespace) -> int:
    from publisher.starter import init

    made = init(options.target, dry=options.dry_run)
    if options.json:
        print(json.dumps({"created": list(made), "dry_run": options.dry_run}, ensure_ascii=False))
    else:
        for path in made:
            print(path)
        print(f"\nできました。次は: publisher -C {options.target} watch --serve", file=sys.stderr)
    return 0


def check(options: argparse.Namespace) -> int:
    from publisher.pipeline.build import build, desk

    settings = settings_of(options)
    with desk(settings, dry=True) as opened:
        opened.ledger.remember("fingerprint", "")  # so that everything is read, not only what changed
        report = build(opened, clock(settings), tell=progress_bar(options))
    return say(report, options, full=True)


def build(options: argparse.Namespace) -> int:
    from publisher.pipeline.build import build, desk, write_staff_page
    from publisher.pipeline.requests import carry_out

    settings = settings_of(options)
    with desk(settings, dry=options.dry_run) as opened:
        asked = () if options.dry_run else carry_out(opened, clock(settings))
        report = build(opened, clock(settings), tell=progress_bar(options), all_lines=options.json, also=asked)
        report = with_staff_page(report, write_staff_page(opened, report, clock(settings)))
    return say(report, options)


def publish(options: argparse.Namespace) -> int:
    from publisher.pipeline.build import build, desk, write_staff_page
    from publisher.pipeline.publish import open_secrets, to_mirrors, to_relays
    from publisher.pipeline.recount import counted_again
    from publisher.pipeline.requests import carry_out
    from publisher.values import replace

    settings = settings_of(options)
    with leading(settings, options) as may, desk(settings, dry=options.dry_run) as opened:
        asked = () if options.dry_run else carry_out(opened, clock(settings))
        report = build(opened, clock(settings), tell=progress_bar(options), all_lines=options.json, also=asked, later=not options.dry_run)
        relays, problems = to_relays(settings, report.documents)
        report = replace(report, mirrors=to_mirrors(opened, clock(settings), may, options.allow_deletions), relays=relays, problems=(*report.problems, *problems, *open_secrets(settings)))
        report = counted_again(opened, report, lambda: clock(settings), may, counting, options.allow_deletions)
        report = with_staff_page(report, write_staff_page(opened, report, clock(settings)))
    return say(report, options)


def status(options: argparse.Namespace) -> int:
    from publisher.pipeline.status import RECENT, status

    settings = settings_of(options)
    report = status(settings, everything=options.json)
    code = say(report, options, full=True)
    if not options.json and report.total > len(report.documents):
        print(f"確認が必要なものと、新しい{RECENT}件です。全{report.total}件は publisher status --json で見られます。")
    return code
