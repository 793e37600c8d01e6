"""What can go wrong with a mirror, in words: what happened, what the public sees there, what to do."""

from __future__ import annotations

from publisher.errors import MirrorRefused, MirrorUnavailable
from publisher.model import Problem

#: True after any failure: nothing is taken away before everything new has arrived.
STANDING = "この公開先には、最後に確認できた内容がそのまま出ています。"

#: … and where nothing has ever been confirmed.
NOTHING_YET = "この公開先で、サイト全体が見えたことは、まだありません。"

_WAIT = "つながりしだい、自動で続きを送ります。長く続くときは、管理者に連絡してください。"
_SETTINGS = "publisher.toml の [[mirrors]] を確かめてください。"
_KEYS = "管理者に、鍵（アクセスキー）の設定を確かめるよう連絡してください。"

#: code → (what happened, what to do). In braces: facts that the caller knows.
_WORDS = {
    # worth trying again
    "name": ("送り先「{host}」の名前を調べられませんでした（DNS）。", "回線を確かめてください。" + _WAIT),
    "refused-line": (
        "送り先「{host}」が接続を受け付けません。",
        "回線と、送り先が動いているかを確かめてください。" + _WAIT,
    ),
    "no-line": ("送り先「{host}」につながりません。", "回線を確かめてください。" + _WAIT),
    "slow": ("時間内に返事がありませんでした。", _WAIT),
    "cut": ("送受信の途中で回線が切れました。", _WAIT),
    "proxy": (
        "中継サーバー（プロキシ）につながりません。",
        "プロキシの設定と動作を確かめてください。" + _WAIT,
    ),
    "proxy-refused": (
        "中継サーバー（プロキシ）が、送り先「{host}」につなぐのを断りました（{detail}）。",
        "中継サーバーの管理者に、この送り先への接続を許してもらうよう連絡してください。" + _WAIT,
    ),
    "proxy-keys": (
        "中継サーバー（プロキシ）が、利用者名と合いかぎを求めています。",
        "環境変数 HTTPS_PROXY に http://利用者名:合いかぎ@… の形で書いて、もう一度始めてください。",
    ),
    "certificate": (
        "送り先「{host}」の証明書を確かめられませんでした。",
        "このコンピューターの日付と時刻、途中の中継機器（プロキシ）を確かめてください。",
    ),
    "busy": ("送り先が混み合っているか、故障しています（{detail}）。", _WAIT),
    "damaged": ("送った内容が途中で壊れたため、保存されませんでした。", _WAIT),
    "moved": ("送っている間に、サイトの内容が変わりました。", "新しい内容を、すぐに送り直します。"),
    "lying": (
        "送り先は受け取ったと答えましたが、読み返すと、送った内容がありませんでした（{path}）。",
        "自動で送り直します。長く続くときは、保存先の事業者に連絡してください。",
    ),
    "undead": (
        "送り先は消したと答えましたが、まだ読めます（{path}）。",
        "自動でもう一度消します。長く続くときは、保存先の事業者に連絡してください。",
    ),
    "stranger": (
        "保存先ではないもの（中継サーバーや案内画面など）から返事が来ました（{detail}）。",
        "送り先の URL と、途中の中継サーバー（プロキシ）を確かめてください。" + _WAIT,
    ),
    "folder-gone": (
        "フォルダー「{folder}」が見つかりません。ディスクや共有フォルダーが外れているかもしれません。",
        "つなぎ直してください。まだ作っていないフォルダーなら、作ってください。つながりしだい、自動で続きを送ります。",
    ),
    "folder-line": (
        "フォルダー「{folder}」を読み書きできません（{detail}）。",
        "ディスクや共有フォルダーのつながりを確かめてください。" + _WAIT,
    ),
    # useless without a person
    "keys-missing": ("{detail}", _KEYS),
    "keys-wrong": ("送り先が鍵（アクセスキー）を認めませんでした（{detail}）。", _KEYS),
    "keys-expired": ("鍵（アクセスキー）の期限が切れています。", _KEYS),
    "forbidden": (
        "送り先が書き込みや読み取りを許可しませんでした（{detail}）。",
        "管理者に、保存先「{place}」の権限を確かめるよう連絡してください。",
    ),
    "bucket": (
        "保存先「{place}」がありません。",
        "管理者に、バケットを作るか、publisher.toml の [[mirrors]] の url を直すよう連絡してください。",
    ),
    "clock": (
        "このコンピューターの時計が、送り先の時計と{skew}ずれています。",
        "時計を合わせてください（NTP）。合えば、自動で続きを送ります。",
    ),
    "region": (
        "保存先「{place}」は別の地域（リージョン）にあります{detail}。",
        "管理者に、[[mirrors]] の region と endpoint を直すよう連絡してください。",
    ),
    "settings": ("公開先の設定が使えません（{detail}）。", _SETTINGS),
    "full": (
        "保存先の空き容量がありません（{detail}）。",
        "要らないものを消すか、容量を増やしてください。空けば、自動で続きを送ります。",
    ),
    "locked": (
        "フォルダー「{folder}」に書き込めません（{detail}）。",
        "フォルダーの権限と、読み取り専用になっていないかを確かめてください。",
    ),
    "outside": (
        "「{path}」は、公開先のフォルダーの外を指しています。",
        "フォルダーの中にリンク（ショートカット）があれば、取り除いてください。",
    ),
    "path": ("「{path}」という名前のファイルは送れません。", "管理者に連絡してください。"),
    "foreign": (
        "目録（manifest.json）が、最後に送ったものと違っていました。別のだれかが、この保存先に書き込んだようです。",
        "すべてのファイルを送り直します。管理者に、この保存先に書き込める鍵をだれが持っているか、確かめるよう連絡してください。",
    ),
    "occupied": (
        "保存先「{place}」には、別の発表者（{detail}）のサイトが入っています。何も送っていません。",
        "管理者に、publisher.toml の [[mirrors]] の url を確かめるよう連絡してください。",
    ),
    "conditions": (
        "送り先は、条件つきの書き込み（If-Match、If-None-Match）を知りません（{detail}）。",
        "複数の機械で交代するには、条件つきの書き込みを守る置き場所に替えてください。",
    ),
    "versions-hidden": (
        "保存先「{place}」が、古い版の一覧を見せません（{detail}）。古い版が残っているかどうかも、確かめられません。",
        "管理者に、この公開先の鍵に、古い版の一覧（ListBucketVersions）と消去（DeleteObjectVersion）を許すよう連絡してください。許されしだい、自動で消します。",
    ),
    "versions-kept": (
        "保存先「{place}」が、古い版を消すのを許しません（{detail}）。",
        "管理者に、この公開先の鍵に、古い版の消去（DeleteObjectVersion）を許すよう、バケットにオブジェクトロックがあれば外すよう、連絡してください。できしだい、自動で消します。",
    ),
    "newer": (
        "保存先「{place}」には、この町の別の機械が、より新しい内容（通し番号 {theirs}。この機械が送ったのは {ours} まで）を公開しています。何も送っていません。",
        "どの機械が続けるかを決めてください。この機械で続けるなら、もう一方で publisher backup をしてから止め、この機械の空のフォルダーに publisher restore して、"
        "publish します。この機械の内容のほうが正しければ、もう一方を止め、公開先の manifest.json を消してから、publisher publish を実行してください。",
    ),
    "unknown": ("送り先が断りました（{detail}）。", "管理者に、この文を添えて連絡してください。"),
}


#: Of what was taken down the pages are gone, and older versions may stand in the store.
OLD_VERSIONS = "いま見えるページからは消えています。保存先に残る古い版（取り下げる前の内容）は、番地を知る人に読まれるおそれがあります。"


#: What the public sees there, where it is not what we have confirmed.
_SHOWN = {
    "newer": "この公開先には、その機械が公開した、より新しい内容が見えています。",
    "versions-hidden": OLD_VERSIONS,
    "versions-kept": OLD_VERSIONS,
    "foreign": "送り直すまで、この公開先には、別のだれかが書いた内容が見えているおそれがあります。",
    "occupied": "この公開先には、その別のサイトが見えています。",
    "undead": "この公開先では、消したはずのページが、まだ見えています。",
    "lying": "この公開先には、新しい内容の一部が出ていません。古い内容が見えています。",
}


def problem(mirror: str, code: str, **facts: str) -> Problem:
    """The words for ``code``, a key of this module, at a mirror."""
    what, todo = _WORDS[code]
    shown = _SHOWN.get(code, STANDING)
    return Problem(f"mirror-{code}", what.format_map(facts), f"公開先「{mirror}」", shown, todo.format_map(facts))


def unavailable(mirror: str, code: str, **facts: str) -> MirrorUnavailable:
    """Worth trying again as it is."""
    return MirrorUnavailable(problem(mirror, code, **facts))


def refused(mirror: str, code: str, **facts: str) -> MirrorRefused:
    """Useless to try again before a person has changed something."""
    return MirrorRefused(problem(mirror, code, **facts))
