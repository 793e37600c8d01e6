"""What the commands say on the terminal: reports, problems, progress."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from publisher.model import Problem, State

if TYPE_CHECKING:
    from publisher.pipeline.report import MirrorLine, Report


MARKS = {
    State.PUBLISHED: "公開", State.HELD: "保留", State.REJECTED: "不可", State.WITHDRAWN: "取消", State.EXPIRED: "終了", State.SCHEDULED: "予約",
}  # fmt: skip


_MIRRORS = {"current": "すべて届いています", "waiting": "まだ送っていません（残り{0}）"}


def say(report: Report, options: argparse.Namespace, full: bool = False) -> int:
    if options.json:
        print(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        _words(report, full)
    return report.exit_code


def said(report: Report, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(report.as_json(), ensure_ascii=False), flush=True)
    else:
        _words(report)


def _words(report: Report, full: bool = False) -> None:
    for line in report.documents:
        if full or line.reasons or line.state is not State.PUBLISHED or len(report.documents) <= 20:
            print(f"[{MARKS[line.state]}] {line.path}  {line.url}".rstrip())
            for reason in line.reasons:
                where = reason.where.removeprefix(line.path).strip()
                print(f"       {where + ': ' if where else ''}{reason.what}{reason.shown}{reason.todo}")
    for problem in report.problems:
        say_problem(problem, as_json=False)
    for mirror in report.mirrors:
        words = _MIRRORS.get(mirror.state, "遅れています（残り{0}）").format(mirror.behind)
        print(f"公開先 {mirror.name}: {words}（送信{mirror.uploaded}、削除{mirror.deleted}）{_seen(mirror)}")
        if mirror.problem is not None:
            say_problem(mirror.problem, as_json=False)
    if report.total:
        print(f"ファイル {report.total}件、確認が必要 {report.troubled}件、通し番号 {report.serial}")
    elif report.outputs.written or report.outputs.deleted or full:
        out = report.outputs
        dry = "（試しに数えただけで、何も書いていません）" if report.dry else ""
        print(
            f"書き込み {out.written}、削除 {out.deleted}、変わらず {out.unchanged}、{report.seconds:.2f}秒、通し番号 {report.serial}{dry}"
        )
    sys.stdout.flush()


def _seen(mirror: MirrorLine) -> str:
    """What the public sees at a mirror that is not up to date, and since when."""
    if mirror.state == "current":
        return ""
    if mirror.confirmed is None:
        return "。この公開先で、サイト全体が見えたことは、まだありません。"
    words = f"。住民に見えているのは、{mirror.confirmed:%Y-%m-%d %H:%M}に確かめた内容です"
    return f"{words}（{mirror.since:%Y-%m-%d %H:%M}から遅れています）。" if mirror.since and mirror.state != "waiting" else f"{words}。"


def say_problem(problem: Problem, as_json: bool) -> None:
    if as_json:
        error = {"code": problem.code, "what": problem.what, "where": problem.where, "shown": problem.shown, "todo": problem.todo}
        print(json.dumps({"error": error}, ensure_ascii=False))
    print(f"{problem.where}: {problem.what}" if problem.where else problem.what, file=sys.stderr)
    for extra in (problem.shown, problem.todo):
        if extra:
            print(f"  {extra}", file=sys.stderr)


def counting(editions: int) -> None:
    """What a person waits for after the public has the news."""
    print(
        f"公開ページは新しくなりました。続けて、大きな名簿の前の版{editions}件の人数を数え直しています（1件に数秒、そのあとに1分ほど）。途中で止めても、次の公開で続きます。", file=sys.stderr
    )


def progress_bar(options: argparse.Namespace) -> Callable[[str, int, int], None]:
    """A bar on a terminal, nothing elsewhere."""
    if options.json or not sys.stderr.isatty():
        return lambda *_: None
    bars: dict[str, object] = {}

    def tell(what: str, done: int, total: int) -> None:
        if total < 100:
            return
        from tqdm import tqdm

        bar = bars.setdefault(what, tqdm(total=total, desc=what, unit="件", file=sys.stderr, leave=False))
        bar.update(done - bar.n)  # type: ignore[attr-defined]

    return tell
