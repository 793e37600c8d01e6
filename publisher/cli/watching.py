"""``publisher watch``: alone, or in turns with other machines."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from publisher.cli.common import clock, settings_of
from publisher.cli.site import build
from publisher.cli.words import said
from publisher.model import Problem

if TYPE_CHECKING:
    from publisher.settings import Settings


def watch(options: argparse.Namespace) -> int:
    import signal

    from publisher.errors import UsageError
    from publisher.pipeline.build import desk
    from publisher.pipeline.standby import backups
    from publisher.pipeline.watch import Watch

    settings = settings_of(options)
    if options.dry_run:
        return build(options)
    if options.standby and (settings.backup is None or not settings.backup.lease):
        raise UsageError(
            Problem("no-lease", "交代の設定がないので、控えとして待てません。", str(settings.paths.directory / "publisher.toml"), "", "[backup] に lease = true と書いてください。")
        )
    server = None
    if options.serve is not None:
        from publisher.console.preview import serve

        page = settings.paths.content / "_状況.html"
        server = serve(settings.paths.output, options.serve, staff=page.read_bytes, notify=lambda words: print(words, file=sys.stderr))
        _announce(settings, server.url, options)
    try:
        if settings.backup is not None and settings.backup.lease:
            return _take_turns(settings, options)
        with desk(settings) as opened:
            loop = Watch(opened, lambda: clock(settings), lambda report: said(report, options))
            loop.backup = backups(settings, loop.clock, loop.backup_said, None)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: loop.stop())
            loop.run()
    finally:
        if server is not None:
            server.close()
    return 0


def _take_turns(settings: Settings, options: argparse.Namespace) -> int:
    """One machine among several: wait, lead, wait again."""
    import signal

    from publisher.pipeline.build import Desk
    from publisher.pipeline.report import Report
    from publisher.pipeline.standby import Lease, Turns, backups, one_writer, usable
    from publisher.pipeline.watch import Watch

    running: list[Watch] = []

    def watch(opened: Desk, lease: Lease | None) -> None:
        loop = Watch(opened, lambda: clock(opened.settings), lambda report: said(report, options))
        loop.may = lease.leading if lease is not None else loop.may
        loop.backup = backups(opened.settings, loop.clock, loop.backup_said, lease)
        running[:] = [loop]
        if not ended:
            loop.run()

    ended: list[bool] = []
    turns = Turns(
        settings, lambda: clock(settings), lambda problem: said(Report(problems=(problem,)), options), watch,
        lambda: [loop.stop() for loop in running] and None, options.standby,
    )  # fmt: skip

    def end(*_: object) -> None:
        ended.append(True)
        turns.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    if not turns.patiently(lambda: usable(settings)):
        if ended:
            return 0
        assert settings.backup is not None
        said(Report(problems=(one_writer(settings.backup.url),)), options)
        if options.standby:
            return 2
        from publisher.pipeline.build import desk

        with desk(settings) as opened:
            watch(opened, None)
        return 0
    turns.run()
    return 0


def _announce(settings: Settings, url: str, options: argparse.Namespace) -> None:
    if options.json:
        told = {"serving": url, "staff": f"{url}_staff", "content": str(settings.paths.content)}
        print(json.dumps(told, ensure_ascii=False), flush=True)
        return
    print(f"サイト:           {url}")
    print(f"ファイルを置く所: {settings.paths.content}")
    print(f"職員向けの状況:   {url}_staff （同じものが {settings.paths.content / '_状況.html'}）")
    print("止めるには Ctrl+C を押します。", flush=True)
