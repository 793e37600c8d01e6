"""``docs/settings.md``, made from where the keys are declared: ``python -m publisher.settings.guide``."""

from __future__ import annotations

from publisher.settings.section import keys, required
from publisher.settings.values import (
    BackupSettings,
    Editions,
    MirrorSettings,
    Paths,
    RelaySettings,
    Site,
    TableProfile,
)

PARTS = (
    ("[site]", Site, "サイトのこと。必ず書きます。"),
    (
        "[paths]",
        Paths,
        "フォルダーの場所。`publisher.toml` のある所から見て書きます。"
        "3つは、互いの中に入らない別々のフォルダーにします。",
    ),
    ("[editions]", Editions, "ウェブ版のほかに作る版。"),
    (
        "[[tables]]",
        TableProfile,
        "名前のある表で、何を公開してよいか。表ごとに1つ書きます。"
        "書かない表は、人の情報に見えるものがなければ公開され、あれば保留になります。",
    ),
    (
        "[[mirrors]]",
        MirrorSettings,
        "公開先。いくつでも書けます。1つが止まっても、ほかの公開先は止まりません。",
    ),
    (
        "[[relays]]",
        RelaySettings,
        "お知らせの中継先。いくつでも書けます。",
    ),
    (
        "[backup]",
        BackupSettings,
        "続けて公開するのに要るものすべての控え。ここで暗号にしてから送ります。",
    ),
)

_TOP = """\
# 設定 `publisher.toml` の項目

<!-- このページは publisher/settings/ の宣言から作られます。直すときは宣言を直し、
     python -m publisher.settings.guide > docs/settings.md で作り直してください。 -->

文字コードは UTF-8（BOM があってもよい）、書き方は TOML です。\
知らない項目、型の違い、使えない値は、行と、近い書き方を示して断ります（終了コード 2）。\
そのとき、公開中のページは前のままです。書きかえたら `publisher check` で確かめてください。
"""

_BOTTOM = """\
## 合いかぎ（パスワード、トークン）

`publisher.toml` には書きません。`…_env` で終わる項目に環境変数の**名前**を書き、\
値は次のどちらかに入れます。名前が `SAIGAI_SECRET` なら:

- 環境変数 `SAIGAI_SECRET` に、合いかぎそのもの
- 環境変数 `SAIGAI_SECRET_FILE` に、合いかぎを1行で書いたファイルの場所

## テーマ

`publisher.toml` の隣に `themes/` フォルダーを作り、\
`themes/web/style.css` のように元と同じ名前でファイルを置くと、そのファイルだけが置きかわります。
"""


def page() -> str:
    """The whole page, in Markdown."""
    parts = [_TOP]
    for title, type_, says in PARTS:
        parts.append(f"## `{title}`\n\n{says}\n")
        parts.append(_table(type_))
    return "\n".join([*parts, _BOTTOM])


def _table(type_: type) -> str:
    lines = ["| 項目 | 意味 | 書き方の例 | 書かないとき |", "|---|---|---|---|"]
    for key, field in keys(type_).items():
        words = field.metadata
        unset = "**必ず書く**" if required(field) else words["unset"]
        lines.append(f"| `{key}` | {words['says']} | `{words['example']}` | {unset} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
