"""All commands and their options, and what is said of a mistake in them."""

from __future__ import annotations

import argparse
import difflib
import re
from pathlib import Path
from typing import NoReturn

COMMANDS = {
    "init": "site", "check": "site", "build": "site", "publish": "site", "watch": "watching", "status": "site", "release": "decisions",
    "withdraw": "decisions", "restrict": "decisions", "backup": "safety", "restore": "safety", "keys": "proof", "verify": "proof",
    "carry": "proof", "bundle": "proof", "mirrors": "proof",
}  # fmt: skip
"""Command → the module of this package that has a function of its name."""


class Parser(argparse.ArgumentParser):
    """Mistakes in Japanese, with what to do next; exit code 2."""

    def error(self, message: str) -> NoReturn:
        found = re.search(r"invalid choice: '([^']+)'", message)
        if found:
            near = difflib.get_close_matches(found[1], COMMANDS, 1, 0.6)
            hint = f"「{near[0]}」の打ち間違いではありませんか。" if near else f"使えるのは {'、'.join(COMMANDS)} です。"
            words = f"「{found[1]}」という命令はありません。{hint}"
        else:
            words = f"命令の書き方がちがいます（{message}）。"
        self.exit(2, f"{words}\n  使い方は {self.prog} --help で見られます。\n")


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = Parser(prog="publisher", description="共有フォルダーに置かれたファイルを、災害情報のサイトとして公開します。")
    top.add_argument("-C", dest="directory", metavar="DIR", type=Path, default=Path(), help="publisher.toml のあるフォルダー（なければ今のフォルダー）")
    top.add_argument("--version", action="store_true", help="版を表示する")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", prog=top.prog)  # else argparse writes a usage to find it out

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
    restrict.add_argument("table", metavar="TABLE", help="表の名前、フォルダー、またはアドレスの語（hinansha。2枚目のシートは hinansha-2）")
    restrict.add_argument("row", metavar="ROW", nargs="+", help="行の番号（行12、シートを付けて 高台！行12）、見分ける列の値、氏名か読み。--lift では記録の番号（r3）も")
    restrict.add_argument("--lift", action="store_true", help="載せないことにした方を、載せるように戻す")
    return top
