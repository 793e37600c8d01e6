"""When many documents vanish at once, somebody pulled a plug: nothing is withdrawn until a person says so."""

from __future__ import annotations

from publisher.model import Problem

FEW = 5
"""So many may vanish at once without a question, where the drop folder is plainly there."""

SHARE = 0.2
"""Beyond that, this share of all documents."""


def too_many(vanished: int, known: int, folder_is_alive: bool) -> bool:
    """Is this a lost share rather than somebody tidying up?

    ``known`` counts the documents before. ``folder_is_alive``: our own status page still stands in the drop folder, so it is
    not the empty mount point of a share that dropped off.
    """
    if vanished == 0:
        return False
    if not folder_is_alive and vanished == known:
        return True
    return vanished > FEW and vanished > known * SHARE


def held_vanishing(vanished: int, known: int) -> Problem:
    return Problem(
        "mass-vanishing",
        f"{known}件のうち{vanished}件のファイルが一度に見えなくなりました。"
        f"共有フォルダーの接続が切れたおそれがあるため、取り消しはしていません。",
        "投入フォルダー",
        "公開中のページは、そのまま見えています。",
        "共有フォルダーにつながっているか確かめてください。本当に取り消すときは、"
        "管理者が publisher withdraw でそのフォルダーやファイルを指定します。",
    )


def shrunk(before: int, after: int) -> bool:
    """Has a table lost so many rows at once that it looks like half a file? From 20 rows on, more than half
    of them.
    """
    return before >= 20 and after * 2 < before
