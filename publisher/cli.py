"""The command line: arguments, wiring, words on the terminal, exit codes."""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from publisher.errors import PublisherError
from publisher.model import Problem, State

if TYPE_CHECKING:
    from datetime import datetime

    from publisher.backup.key import Key
    from publisher.intake.archive import Archive
    from publisher.ledger import Ledger
    from publisher.pipeline.report import MirrorLine, Report
    from publisher.pipeline.restrict import Outcome
    from publisher.settings import Settings

MARKS = {
    State.PUBLISHED: "公開", State.HELD: "保留", State.REJECTED: "不可", State.WITHDRAWN: "取消", State.EXPIRED: "終了", State.SCHEDULED: "予約",
}  # fmt: skip


class Parser(argparse.ArgumentParser):
    """Mistakes in Japanese, with what to do next; exit code 2."""

    def error(self, message: str) -> NoReturn:
        found = re.search(r"invalid choice: '([^']+)'", message)
        if found:
            near = difflib.get_close_matches(found[1], _COMMANDS, 1, 0.6)
            hint = f"「{near[0]}」の打ち間違いではありませんか。" if near else f"使えるのは {'、'.join(_COMMANDS)} です。"
            words = f"「{found[1]}」という命令はありません。{hint}"
        else:
            words = f"命令の書き方がちがいます（{message}）。"
        self.exit(2, f"{words}\n  使い方は {self.prog} --help で見られます。\n")


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = Parser(prog="publisher", description="共有フォルダーに置かれたファイルを、災害情報のサイトとして公開します。")
    top.add_argument("-C", dest="directory", metavar="DIR", type=Path, default=Path(), help="publisher.toml のあるフォルダー（なければ今のフォルダー）")
    top.add_argument("--version", action="store_true", help="版を表示する")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    def command(name: str, help_: str, acts: bool = False) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_, description=help_)
        sub.add_argument("--json", action="store_true", help="結果を JSON で標準出力に書く")
        if acts:
            sub.add_argument("--dry-run", action="store_true", help="何をするかを示すだけで、何も変えない")
        return sub

    command("init", "新しいサイトを作る（設定、見本、職員向けの手引き）", acts=True).add_argument("target", metavar="DIR", type=Path)
    command("check", "すべて読んで、何が公開・保留・不可になるかを示す（何も書かない）")
    command("build", "フォルダーの中身からサイトを作る", acts=True)
    publish = command("publish", "サイトを作り、すべての公開先に送る（1回）", acts=True)
    publish.add_argument("--allow-deletions", action="store_true", help="一度に多くのページが公開先から消えてよい（確かめたうえで）")
    watch = command("watch", "変わるたびに公開し続ける", acts=True)
    watch.add_argument("--serve", metavar="PORT", type=int, nargs="?", const=8000, help="手元で見るための画面も開く（なければ 8000 番）")
    watch.add_argument("--standby", action="store_true", help="控えの機械として待ち、公開している機械が消えたら代わる（[backup] lease）")
    command("status", "書類と公開先の今の状態を示す")
    mirrors = command("mirrors", "公開先（保存先）が本当にできることを試して、記録する（probe）", acts=True)
    mirrors.add_argument("action", metavar="probe", choices=["probe"])
    mirrors.add_argument("name", metavar="NAME", nargs="?", help="公開先の名前（なければすべて）")
    for name, words in (("release", "保留中のファイルを、内容を確かめたうえで公開する"), ("withdraw", "公開中の書類を取り消す")):
        command(name, words, acts=True).add_argument("path", metavar="PATH")
    command("keys", "サイトに署名する鍵を作る（もうあれば、その公開鍵を示す）")
    compare = command("verify", "公開先を住民と同じように読み、発行したものと同じかを確かめる")
    compare.add_argument("--all", action="store_true", help="すべてのファイルを確かめる（なければ、公開先ごとに200件を選んで）")
    compare.add_argument("--sample", metavar="N", type=int, default=0, help="確かめるファイルの数")
    compare.add_argument("--mirror", metavar="NAME", action="append", default=[], help="この公開先だけ（いくつでも）")
    bring = command("carry", "ほかの市町村の署名されたサイトを確かめながら写し、こちらの公開先にも載せる")
    bring.add_argument("source", metavar="SOURCE", help="相手のサイトのアドレス、そのフォルダー、または持ち運び用のファイル")
    bring.add_argument("--key", metavar="KEY", required=True, help="相手の公開鍵（minisign.pub のファイルか、その2行目）")
    bring.add_argument("--name", metavar="NAME", default="", help="こちらの公開先での名前（tonari/名前/ の下に載る）")
    bring.add_argument("--to", metavar="DIR", type=Path, help="公開先ではなく、このフォルダーに写す")
    pack = command("bundle", "署名されたサイトの変わった分を、持ち運べる1つのファイルにする")
    pack.add_argument("file", metavar="FILE", type=Path)
    pack.add_argument("--since", metavar="SERIAL", type=int, default=0, help="この通し番号より後に変わったものだけ（なければ全部）")
    keep = command("backup", "続けて公開するのに要るものすべてを、暗号にして控える", acts=True)
    keep.add_argument("--new-key", action="store_true", help="暗号の鍵を作り、紙に控える言葉を表示する（初めに1回）")
    keep.add_argument("--paper", action="store_true", help="今の鍵の、紙に控える言葉をもう一度表示する")
    back = command("restore", "控えから、空のフォルダーにすべてを戻す（機械を失ったとき）", acts=True)
    back.add_argument("source", metavar="SOURCE", help="控えの場所（s3://バケット/場所 か、フォルダー）")
    back.add_argument("target", metavar="DIR", type=Path, nargs="?", help="戻す先の、空のフォルダー（なければ -C のフォルダー）")
    back.add_argument("--key", metavar="FILE", type=Path, help="暗号の鍵のファイル")
    back.add_argument("--phrase", action="store_true", help="鍵のファイルの代わりに、紙に控えた24語を入れる")
    back.add_argument("--endpoint", metavar="URL", default="", help="AWS 以外の S3 の入口")
    back.add_argument("--region", metavar="NAME", default="", help="S3 の地域")
    restrict = command("restrict", "名簿の1人を、すべての版と公開先から外す（--lift で戻す）", acts=True)
    restrict.add_argument("table", metavar="TABLE", help="表の名前、フォルダー、またはアドレスの語")
    restrict.add_argument("row", metavar="ROW", nargs="+", help="行の番号（行12）、見分ける列の値、氏名か読み。--lift では記録の番号（r3）も")
    restrict.add_argument("--lift", action="store_true", help="載せないことにした方を、載せるように戻す")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Every failure that a person may meet is a sentence on stderr."""
    options = parser().parse_args(arguments)
    if options.version:
        from publisher import __version__

        print(__version__)
        return 0
    if options.command is None:
        parser().print_help()
        return 2
    try:
        return _COMMANDS[options.command](options)
    except PublisherError as error:
        _say_problem(error.problem, options.json)
        return error.exit_code
    except KeyboardInterrupt:
        print("止めました。公開中のページは、そのまま見えています。", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1


def _settings(options: argparse.Namespace) -> Settings:
    from publisher.settings import load

    return load(options.directory)


def _now(settings: Settings) -> datetime:
    from datetime import datetime

    return datetime.now(settings.site.zone)


def _who() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "?"


# --- commands ---


def _init(options: argparse.Namespace) -> int:
    from publisher.starter import init

    made = init(options.target, dry=options.dry_run)
    if options.json:
        print(json.dumps({"created": list(made), "dry_run": options.dry_run}, ensure_ascii=False))
    else:
        for path in made:
            print(path)
        print(f"\nできました。次は: publisher -C {options.target} watch --serve", file=sys.stderr)
    return 0


def _check(options: argparse.Namespace) -> int:
    from publisher.pipeline.build import build, desk

    settings = _settings(options)
    with desk(settings, dry=True) as opened:
        opened.ledger.remember("fingerprint", "")  # so that everything is read, not only what changed
        report = build(opened, _now(settings), tell=_progress(options))
    return _say(report, options, full=True)


def _build(options: argparse.Namespace) -> int:
    from publisher.pipeline.build import build, desk, write_staff_page

    settings = _settings(options)
    with desk(settings, dry=options.dry_run) as opened:
        report = build(opened, _now(settings), tell=_progress(options), all_lines=options.json)
        report = _with_staff_page(report, write_staff_page(opened, report, _now(settings)))
    return _say(report, options)


def _publish(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from publisher.pipeline.build import build, desk, write_staff_page
    from publisher.pipeline.publish import open_secrets, to_mirrors, to_relays

    settings = _settings(options)
    with _leading(settings, options) as may, desk(settings, dry=options.dry_run) as opened:
        report = build(opened, _now(settings), tell=_progress(options), all_lines=options.json)
        relays, problems = to_relays(settings, report.documents)
        report = replace(report, mirrors=to_mirrors(opened, _now(settings), may, options.allow_deletions), relays=relays, problems=(*report.problems, *problems, *open_secrets(settings)))
        report = _with_staff_page(report, write_staff_page(opened, report, _now(settings)))
    return _say(report, options)


@contextmanager
def _leading(settings: Settings, options: argparse.Namespace) -> Iterator[Callable[[], bool]]:
    """For a run that speaks to the public: where several machines take turns, it is ours while the run lasts."""
    from publisher.pipeline.publish import always

    if options.dry_run or settings.backup is None or not settings.backup.lease:
        yield always
        return
    from publisher.pipeline.standby import single_run

    with single_run(settings, lambda: _now(settings)) as may:
        yield may


def _with_staff_page(report: Report, problem: Problem | None) -> Report:
    from dataclasses import replace

    return report if problem is None else replace(report, problems=(*report.problems, problem))


def _watch(options: argparse.Namespace) -> int:
    import signal

    from publisher.errors import UsageError
    from publisher.pipeline.build import desk
    from publisher.pipeline.standby import backups
    from publisher.pipeline.watch import Watch

    settings = _settings(options)
    if options.dry_run:
        return _build(options)
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
            loop = Watch(opened, lambda: _now(settings), lambda report: _said(report, options))
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
        loop = Watch(opened, lambda: _now(opened.settings), lambda report: _said(report, options))
        loop.may = lease.leading if lease is not None else loop.may
        loop.backup = backups(opened.settings, loop.clock, loop.backup_said, lease)
        running[:] = [loop]
        if not ended:
            loop.run()

    ended: list[bool] = []
    turns = Turns(
        settings, lambda: _now(settings), lambda problem: _said(Report(problems=(problem,)), options), watch,
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
        _said(Report(problems=(one_writer(settings.backup.url),)), options)
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


def _said(report: Report, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(report.as_json(), ensure_ascii=False), flush=True)
    else:
        _words(report)


def _status(options: argparse.Namespace) -> int:
    from publisher.pipeline.status import RECENT, status

    settings = _settings(options)
    report = status(settings, everything=options.json)
    code = _say(report, options, full=True)
    if not options.json and report.total > len(report.documents):
        print(f"確認が必要なものと、新しい{RECENT}件です。全{report.total}件は publisher status --json で見られます。")
    return code


def _keys(options: argparse.Namespace) -> int:
    """Make the signing key, or show the one that is there."""
    from publisher.pipeline.keys import make, place, signing_key

    settings = _settings(options)
    key, problems = signing_key(settings)
    made = key is None
    if key is None:
        key = make(settings)
    public = key.public
    if options.json:
        said = {"created": made, "file": str(place(settings)), "public_key": public.text.splitlines()[1], "fingerprint": public.fingerprint}
        print(json.dumps(said, ensure_ascii=False))
    else:
        print("署名の鍵を作りました。次の publisher publish から、サイトに署名します。" if made else "署名の鍵は、もうあります。")
        print(f"  鍵のファイル: {place(settings)}（だれにも渡さず、控え（publisher backup）に入れてください）")
        print(f"  公開鍵: {public.text.splitlines()[1]}")
        print(f"  目印（広報紙や掲示に刷る番号）: {public.fingerprint}")
    for problem in problems:
        _say_problem(problem, as_json=False)
    return 0


def _verify(options: argparse.Namespace) -> int:
    """Read every mirror as the public does; 4 when one of them is not whole, genuine and fresh."""
    from publisher.errors import UsageError
    from publisher.ledger import Ledger
    from publisher.pipeline.keys import signing_key
    from publisher.pipeline.verify import SAMPLE, verify

    settings = _settings(options)
    if unknown := [name for name in options.mirror if name not in [m.name for m in settings.mirrors]]:
        known = "、".join(m.name for m in settings.mirrors) or "なし"
        raise UsageError(Problem("unknown-mirror", f"「{unknown[0]}」という公開先はありません。", "publisher.toml [[mirrors]]", "", f"書かれている公開先：{known}"))
    key, _ = signing_key(settings)
    file = settings.paths.state / "ledger.db"
    serial = 0
    if file.exists():
        ledger = Ledger(file, readonly=True)
        serial = int(ledger.fact("site_serial") or 0)
        ledger.close()
    sample = None if options.all else options.sample or SAMPLE
    found = verify(settings, key.public if key else None, serial, _now(settings), options.mirror, sample, _progress(options))
    if options.json:
        print(json.dumps({"mirrors": [one.as_json() for one in found], "signed": key is not None}, ensure_ascii=False))
    for one in found:
        if not options.json:
            print(f"公開先 {one.name}: {_VERIFIED[one.state]}（{one.of}件のうち{one.checked}件を確かめました。通し番号 {one.serial}）")
        for problem in one.problems:
            _say_problem(problem, as_json=False)
    if not found:
        print("公開先がありません（publisher.toml の [[mirrors]]）。", file=sys.stderr)
    if key is None and not options.json:
        print("署名の鍵がないので、だれが発行したかは確かめていません。publisher keys で作れます。", file=sys.stderr)
    return 0 if all(one.state == "ok" for one in found) else 4


def _carry(options: argparse.Namespace) -> int:
    from publisher.pipeline.carry import carry, public_key

    settings = _settings(options)
    progress = _progress(options)
    report = carry(
        settings, options.source, public_key(options.key), _short_name(options.name), options.to, _now(settings),
        lambda done, total: progress("写し", done, total),
    )  # fmt: skip
    if options.json:
        print(json.dumps(report.as_json(), ensure_ascii=False))
        return report.exit_code
    done = report.carried
    where = options.to or "、".join(f"{line.name} の tonari/{report.name}/" for line in report.mirrors) or "手元"
    print(f"{report.site} の写し（通し番号 {done.serial}）: 書き込み {done.written}、削除 {done.deleted}。置いた所: {where}")
    for line in report.mirrors:
        if line.problem is not None:
            _say_problem(line.problem, as_json=False)
    return report.exit_code


def _short_name(name: str) -> str:
    from publisher.errors import UsageError

    if name and not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", name):
        raise UsageError(Problem("bad-name", "--name は、半角の英小文字、数字、ハイフンだけ（32文字まで）です。", name, "", "例: --name tonari-shi"))
    return name


def _bundle(options: argparse.Namespace) -> int:
    from publisher.pipeline.carry import write_bundle

    serial, files, size = write_bundle(_settings(options), options.file, max(0, options.since))
    if options.json:
        print(json.dumps({"file": str(options.file), "since": max(0, options.since), "serial": serial, "files": files, "bytes": size}, ensure_ascii=False))
    else:
        print(f"{options.file}: 通し番号 {options.since} より後、{serial} までの {files}件、{size:,}バイト")
        print("受け取った側は: publisher carry ファイル --key minisign.pub --name 名前")
    return 0


_VERIFIED = {
    "ok": "正しい内容が見えています", "stale": "古い内容が見えています", "damaged": "正しくない内容があります", "forged": "署名が合いません",
    "unsigned": "署名がありません", "unreachable": "読めません",
}  # fmt: skip


def _mirrors(options: argparse.Namespace) -> int:
    """Try what each mirror really does. Nothing of the site is touched."""
    from publisher.pipeline.probe import probe_all

    settings = _settings(options)
    found = probe_all(settings, options.name, _now(settings), options.dry_run)
    if options.json:
        print(json.dumps({"probes": [result.as_json() for result in found], "dry_run": options.dry_run}, ensure_ascii=False))
    else:
        for result in found:
            dry = "（試しに名前だけを調べました）" if options.dry_run else ""
            print(f"公開先 {result.mirror}: {'使えます' if result.fit else '使えません'}（1ファイル{result.seconds * 1000:.0f}ミリ秒）{dry}")
            for finding in result.findings:
                print(f"  {finding.words}")
            if result.problem is not None:
                _say_problem(result.problem, as_json=False)
    return 0 if all(result.fit for result in found) else 4


def _release(options: argparse.Namespace) -> int:
    return _decision(options, "release")


def _withdraw(options: argparse.Namespace) -> int:
    return _decision(options, "withdraw")


def _decision(options: argparse.Namespace, action: str) -> int:
    """Decide, then publish at once: a decision that waits for the next run helps nobody."""
    from dataclasses import replace

    from publisher.pipeline import decide
    from publisher.pipeline.build import build, desk, write_staff_page
    from publisher.pipeline.publish import to_mirrors

    settings = _settings(options)
    with _leading(settings, options) as may, desk(settings, dry=options.dry_run) as opened:
        now = _now(settings)
        if not opened.ledger.files.count():
            build(opened, now)
        paths = getattr(decide, action)(opened, options.path, now, _who())
        report = build(opened, now, all_lines=options.json, also=paths)
        report = replace(report, mirrors=to_mirrors(opened, now, may))
        report = _with_staff_page(report, write_staff_page(opened, report, now))
    return _say(report, options)


def _backup(options: argparse.Namespace) -> int:
    from publisher.backup.key import Key, paper
    from publisher.pipeline.backup import backup, configured, new_key

    settings = _settings(options)
    file = configured(settings).key_file
    if options.new_key or options.paper:
        made = new_key(settings) if options.new_key and not options.dry_run else Key.read(file)
        if options.json:  # never the words: this is for scripts and their logs
            print(json.dumps({"key_file": str(file), "key": made.id.hex()[:8]}, ensure_ascii=False))
        else:
            print(paper(made, settings.site.title))
            print(f"鍵のファイル: {file}（自分だけが読めます）。上の紙を印刷するか書き写してください。", file=sys.stderr)
        return 0
    taken = backup(settings, _now(settings), options.dry_run)
    if options.json:
        print(json.dumps(taken.as_json() | {"dry_run": options.dry_run}, ensure_ascii=False))
        return 0
    for problem in taken.problems:
        _say_problem(problem, as_json=False)
    if taken.unchanged:
        print(f"変わったものはありません。控え {taken.serial} が最新です（{taken.seconds:.1f}秒）。")
    else:
        dry = "（試しに数えただけで、何も送っていません）" if options.dry_run else ""
        print(f"控え {taken.serial} を作りました: 送ったもの {taken.uploaded}個、{taken.bytes:,} B、{taken.seconds:.1f}秒{dry}")
    return 0


def _restore(options: argparse.Namespace) -> int:
    from publisher.pipeline.backup import Source, look, restore

    key = _restore_key(options)
    source = Source(options.source, options.endpoint, options.region)
    back = (look if options.dry_run else restore)(source, key, (options.target or options.directory).resolve())
    if options.json:
        print(json.dumps(back.as_json() | {"dry_run": options.dry_run}, ensure_ascii=False))
        return back.exit_code
    for problem in back.problems:
        _say_problem(problem, as_json=False)
    verb = "戻せます（まだ何も書いていません）" if options.dry_run else "戻しました"
    print(f"{back.moment:%Y年%m月%d日 %H時%M分}の控えから{verb}: 書類 {back.documents}件、原本 {back.files}件、通し番号 {back.serial}、{back.seconds:.1f}秒")
    if not options.dry_run:
        print(f"次は: publisher -C {back.directory} publish", file=sys.stderr)
    return back.exit_code


def _restore_key(options: argparse.Namespace) -> Key:
    """From the file, from the environment, or typed by a person."""
    import os

    from publisher.backup.key import Key
    from publisher.errors import UsageError

    if options.key is not None:
        return Key.read(options.key)
    words = os.environ.get("PUBLISHER_BACKUP_PHRASE", "")
    if not words and options.phrase:
        print("紙に控えた24語を、1番から順に入れてください（ひらがなか英語。区切りは空白か改行）。", file=sys.stderr)
        while len(words.split()) < 24 and (line := sys.stdin.readline()):
            words += line
    if words or options.phrase:
        return Key.from_words(words)
    raise UsageError(
        Problem(
            "no-key", "控えを開ける鍵が、渡されていません。", "restore", "",
            "--key 鍵のファイル か、--phrase（紙に控えた24語を入れる）を付けて、もう一度実行してください。",
        )
    )  # fmt: skip


def _restrict(options: argparse.Namespace) -> int:
    """Take one person off a list everywhere, now; also while ``publisher watch`` runs, which then does it."""
    from dataclasses import replace

    from publisher.errors import Busy
    from publisher.pipeline import restrict
    from publisher.pipeline.restrict import Outcome

    settings = _settings(options)
    now = _now(settings)
    with _records(settings) as (ledger, archive):
        look = restrict.find_restricted if options.lift else restrict.find
        found = look(ledger, settings, archive, options.table, " ".join(options.row))
    outcome = Outcome(found.slug, found.rows, found.entries, options.lift, dry=options.dry_run)
    if options.dry_run:
        return _say_outcome(outcome, options)
    outcome = replace(outcome, entries=restrict.decide(settings, found, now, _who(), options.lift))
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

    with _leading(settings, options) as may, desk(settings) as opened:
        now = _now(settings)
        report = build(opened, now, tell=_progress(options), all_lines=False)
        to_mirrors(opened, now, may)
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
    rows = "、".join(f"行{row}" for row in outcome.rows)
    who = f"表「{outcome.slug}」の{rows or '、'.join(outcome.entries)}の方"
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


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "init": _init, "check": _check, "build": _build, "publish": _publish, "watch": _watch, "status": _status, "release": _release,
    "withdraw": _withdraw, "restrict": _restrict, "backup": _backup, "restore": _restore, "keys": _keys, "verify": _verify, "carry": _carry, "bundle": _bundle,
    "mirrors": _mirrors,
}  # fmt: skip

_MIRRORS = {"current": "すべて届いています", "waiting": "まだ送っていません（残り{0}）"}

# --- words ---


def _say(report: Report, options: argparse.Namespace, full: bool = False) -> int:
    if options.json:
        print(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        _words(report, full)
    return report.exit_code


def _words(report: Report, full: bool = False) -> None:
    for line in report.documents:
        if full or line.reasons or line.state is not State.PUBLISHED or len(report.documents) <= 20:
            print(f"[{MARKS[line.state]}] {line.path}  {line.url}".rstrip())
            for reason in line.reasons:
                where = reason.where.removeprefix(line.path).strip()
                print(f"       {where + ': ' if where else ''}{reason.what}{reason.shown}{reason.todo}")
    for problem in report.problems:
        _say_problem(problem, as_json=False)
    for mirror in report.mirrors:
        words = _MIRRORS.get(mirror.state, "遅れています（残り{0}）").format(mirror.behind)
        print(f"公開先 {mirror.name}: {words}（送信{mirror.uploaded}、削除{mirror.deleted}）{_seen(mirror)}")
        if mirror.problem is not None:
            _say_problem(mirror.problem, as_json=False)
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


def _say_problem(problem: Problem, as_json: bool) -> None:
    if as_json:
        error = {"code": problem.code, "what": problem.what, "where": problem.where, "shown": problem.shown, "todo": problem.todo}
        print(json.dumps({"error": error}, ensure_ascii=False))
    print(f"{problem.where}: {problem.what}" if problem.where else problem.what, file=sys.stderr)
    for extra in (problem.shown, problem.todo):
        if extra:
            print(f"  {extra}", file=sys.stderr)


def _progress(options: argparse.Namespace) -> Callable[[str, int, int], None]:
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


if __name__ == "__main__":
    sys.exit(main())
