"""Commands that sign, compare and carry: keys, verify, mirrors, carry, bundle."""

from __future__ import annotations

import argparse
import json
import re
import sys

from publisher.cli.common import clock, settings_of
from publisher.cli.words import progress_bar, say_problem
from publisher.model import Problem


def keys(options: argparse.Namespace) -> int:
    """Make the signing key, or show the one that is there."""
    from publisher.pipeline.keys import make, place, signing_key

    settings = settings_of(options)
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
        say_problem(problem, as_json=False)
    return 0


_VERIFIED = {
    "ok": "正しい内容が見えています", "stale": "古い内容が見えています", "damaged": "正しくない内容があります", "forged": "署名が合いません",
    "unsigned": "署名がありません", "unreachable": "読めません",
}  # fmt: skip


def verify(options: argparse.Namespace) -> int:
    """Read every mirror as the public does; 4 when one of them is not whole, genuine and fresh."""
    from publisher.errors import UsageError
    from publisher.ledger import Ledger
    from publisher.pipeline import mending
    from publisher.pipeline.keys import signing_key
    from publisher.pipeline.verify import SAMPLE, verify

    settings = settings_of(options)
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
    found = verify(settings, key.public if key else None, serial, clock(settings), options.mirror, sample, progress_bar(options))
    mending.suspect(settings, found)
    if options.json:
        print(json.dumps({"mirrors": [one.as_json() for one in found], "signed": key is not None}, ensure_ascii=False))
    for one in found:
        if not options.json:
            print(f"公開先 {one.name}: {_VERIFIED[one.state]}（{one.of}件のうち{one.checked}件を確かめました。通し番号 {one.serial}）")
        for problem in one.problems:
            say_problem(problem, as_json=False)
    if not found:
        print("公開先がありません（publisher.toml の [[mirrors]]）。", file=sys.stderr)
    if key is None and not options.json:
        print("署名の鍵がないので、だれが発行したかは確かめていません。publisher keys で作れます。", file=sys.stderr)
    return 0 if all(one.state == "ok" for one in found) else 4


def mirrors(options: argparse.Namespace) -> int:
    """Try what each mirror really does. Nothing of the site is touched."""
    from publisher.pipeline.probe import probe_all

    settings = settings_of(options)
    found = probe_all(settings, options.name, clock(settings), options.dry_run)
    if options.json:
        print(json.dumps({"probes": [result.as_json() for result in found], "dry_run": options.dry_run}, ensure_ascii=False))
    else:
        for result in found:
            dry = "（試しに名前だけを調べました）" if options.dry_run else ""
            print(f"公開先 {result.mirror}: {'使えます' if result.fit else '使えません'}（1ファイル{result.seconds * 1000:.0f}ミリ秒）{dry}")
            for finding in result.findings:
                print(f"  {finding.words}")
            if result.problem is not None:
                say_problem(result.problem, as_json=False)
    return 0 if all(result.fit for result in found) else 4


def carry(options: argparse.Namespace) -> int:
    from publisher.pipeline.carry import carry, public_key

    settings = settings_of(options)
    progress = progress_bar(options)
    report = carry(
        settings, options.source, public_key(options.key), _short_name(options.name), options.to, clock(settings),
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
            say_problem(line.problem, as_json=False)
    return report.exit_code


def _short_name(name: str) -> str:
    from publisher.errors import UsageError

    if name and not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", name):
        raise UsageError(Problem("bad-name", "--name は、半角の英小文字、数字、ハイフンだけ（32文字まで）です。", name, "", "例: --name tonari-shi"))
    return name


def bundle(options: argparse.Namespace) -> int:
    from publisher.pipeline.carry import write_bundle

    serial, files, size = write_bundle(settings_of(options), options.file, max(0, options.since))
    if options.json:
        print(json.dumps({"file": str(options.file), "since": max(0, options.since), "serial": serial, "files": files, "bytes": size}, ensure_ascii=False))
    else:
        print(f"{options.file}: 通し番号 {options.since} より後、{serial} までの {files}件、{size:,}バイト")
        print("受け取った側は: publisher carry ファイル --key minisign.pub --name 名前")
    return 0
