"""Commands against the loss of the machine: backup, restore."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from publisher.cli.common import clock, settings_of
from publisher.cli.words import say_problem
from publisher.model import Problem

if TYPE_CHECKING:
    from publisher.backup.key import Key


def backup(options: argparse.Namespace) -> int:
    from publisher.backup.key import Key, paper
    from publisher.pipeline.backup import backup, configured, new_key

    settings = settings_of(options)
    file = configured(settings).key_file
    if options.new_key or options.paper:
        made = new_key(settings) if options.new_key and not options.dry_run else Key.read(file)
        if options.json:  # never the words: this is for scripts and their logs
            print(json.dumps({"key_file": str(file), "key": made.id.hex()[:8]}, ensure_ascii=False))
        else:
            print(paper(made, settings.site.title))
            print(f"鍵のファイル: {file}（自分だけが読めます）。上の紙を印刷するか書き写してください。", file=sys.stderr)
        return 0
    taken = backup(settings, clock(settings), options.dry_run)
    if options.json:
        print(json.dumps(taken.as_json() | {"dry_run": options.dry_run}, ensure_ascii=False))
        return 0
    for problem in taken.problems:
        say_problem(problem, as_json=False)
    if taken.unchanged:
        print(f"変わったものはありません。控え {taken.serial} が最新です（{taken.seconds:.1f}秒）。")
    else:
        dry = "（試しに数えただけで、何も送っていません）" if options.dry_run else ""
        print(f"控え {taken.serial} を作りました: 送ったもの {taken.uploaded}個、{taken.bytes:,} B、{taken.seconds:.1f}秒{dry}")
    return 0


def restore(options: argparse.Namespace) -> int:
    from publisher.pipeline.backup import Source, look, restore

    key = _restore_key(options)
    source = Source(options.source, options.endpoint, options.region)
    back = (look if options.dry_run else restore)(source, key, (options.target or options.directory).resolve())
    if options.json:
        print(json.dumps(back.as_json() | {"dry_run": options.dry_run}, ensure_ascii=False))
        return back.exit_code
    for problem in back.problems:
        say_problem(problem, as_json=False)
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
