"""A roll is held, and says that somebody must not be shown whom the public still sees by the edition before: staff are told what to do at once.

The one who is marked gains nothing by the edition that marks her, as long as another row holds it. Messages name lines only, those of the held file and those
of the edition that stands: ``publisher restrict`` looks into the latter.
"""

from __future__ import annotations

from collections.abc import Sequence

from publisher.errors import Unreadable
from publisher.model import Accepted, Content, Problem, PublicWorkbook, Table, Workbook
from publisher.pipeline.examine import Question
from publisher.readers.layout import numbers
from publisher.review.still import At, Found, marked, still_shown
from publisher.settings import TableProfile


def told(question: Question, data: bytes, standing: Question, before: bytes | None, newest: bool) -> tuple[Problem, ...]:
    """What to tell of a held roll, beside why it is held. ``before``: the edition that the public sees, None: it cannot be read; ``newest``: it is the one into
    which ``restrict`` looks first."""
    profile = question.profile
    content = _content(question, data)
    held = _people(content)
    if profile is None or not held:
        return ()
    shown = _shown(standing, before) if before is not None else None
    if shown is None:
        found = marked(held, profile)
        return (_perhaps(question.path, found.marked, len(held) > 1),) if found.marked else ()
    found = still_shown(held, content.unseen if isinstance(content, Workbook) else (), *shown, profile)
    return (_surely(question.path, standing.path, profile, found, len(held) > 1, len(shown[0]) > 1, newest),) if found.shown else ()


def _content(question: Question, data: bytes) -> Content:
    """What was read of a file, without rows whose time has come."""
    from publisher.readers import read
    from publisher.review.lapse import lapse

    return lapse(read(question.path, data, question.arrived), question.now or question.arrived)[0]


def _people(content: Content) -> tuple[Table, ...]:
    """The tables of a roll as the review looks at them; none of what is no table."""
    from publisher.review.rows import people_only

    return tuple([people_only(table, "")[0] for table in content.tables]) if isinstance(content, Workbook) else ()


def _shown(question: Question, data: bytes) -> tuple[tuple[Table, ...], list[bytes]] | None:
    """The tables of an edition, and of each which rows are shown; None where it cannot be read any more."""
    from publisher.review import review

    try:
        content = _content(question, data)
    except Unreadable:
        return None
    tables = _people(content)
    verdict = review(question.path, content, question.profile, question.slug, True, question.restrictions)
    if not isinstance(verdict, Accepted) or not isinstance(verdict.content, PublicWorkbook):  # by other rules it was accepted once, and nobody knows which rows
        return tables, [bytes([1]) * len(table.rows) for table in tables]
    return tables, [one.shown or bytes(len(table.rows)) for one, table in zip(verdict.content.tables, tables, strict=True)]


def _surely(path: str, standing: str, profile: TableProfile, found: Found, are_several: bool, stand_several: bool, newest: bool) -> Problem:
    who = f"（{_lines(found.marked, are_several)}）" if found.marked else "（表示していない行）"
    more = f" ほか{found.others}行" if found.others else ""
    what = f"この版で、閲覧の制限などの印が付いたか、公表に「同意しない」とした方{who}が、公開中の版「{standing}」に載っています（{_lines(found.shown, stand_several)}{more}）。"
    first = found.shown[0]
    where = f"{profile.slug}-{first.table + 1}" if stand_several else profile.slug
    if newest:
        how = f"「publisher restrict {where} 行{first.line}」で外してください（行の番号は、公開中の版のものです。何人もいるときは、1人ずつ）"
    else:  # a later edition was taken down or waits for its time: its rows have other numbers
        how = f"「publisher restrict {profile.slug}」に、その方の受付番号か氏名を付けて外してください"
    return Problem(
        "marked-still-shown", what, path, "この版は保留なので、その方は、いまも公開ページで見えています。",
        f"すぐに管理者に知らせ、{how}。そのあと、ほかの理由を直して、この版を保存し直してください。",
    )  # fmt: skip


def _perhaps(path: str, rows: Sequence[At], are_several: bool) -> Problem:
    return Problem(
        "marked-still-shown", f"この版に、閲覧の制限などの印が付いたか、公表に「同意しない」とした方がいます（{_lines(rows, are_several)}）。公開中の版の原本を読めないので、そこに載っているかは確かめられません。",
        path, "その方が公開中の版に載っているなら、いまも見えています。",
        "すぐに公開ページを確かめ、載っていたら、管理者が publisher restrict で外してください。そのあと、ほかの理由を直して、この版を保存し直してください。",
    )  # fmt: skip


def _lines(rows: Sequence[At], are_several: bool) -> str:
    """Rows for people; sheets by their number, since some are called after somebody."""
    by_table: dict[int, list[int]] = {}
    for at in rows:
        by_table.setdefault(at.table, []).append(at.line)
    return "、".join((f"{place + 1}枚目のシートの" if are_several else "") + f"{numbers(lines)}行目" for place, lines in by_table.items())
