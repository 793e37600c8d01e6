"""Decides what of a document may be published, and why not: fail closed about people, open about everything
else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from publisher.layouts import Kind, recognise
from publisher.model import (
    Accepted,
    Content,
    Grid,
    Head,
    Held,
    Notice,
    Problem,
    PublicTable,
    PublicWorkbook,
    Scan,
    Table,
    TableKind,
    Verdict,
    Workbook,
)
from publisher.readers.layout import numbers
from publisher.review import facilities, leaks, remarks, showing, unseen
from publisher.review import profile as profiles
from publisher.review import rows as row_care
from publisher.review.headers import Meaning, meaning
from publisher.review.kinds import PERSONAL
from publisher.review.persons import quoted
from publisher.review.privacy import Looks, header, look
from publisher.review.restrict import People, Restrictions
from publisher.turns import Both, in_turn
from publisher.values import frozen, replace

if TYPE_CHECKING:
    from publisher.settings import TableProfile

__all__ = ["review"]

_HELD = "まだ公開していません。前に公開した版があれば、それが表示されたままです。"
_RELEASE = "公開してよいと確かめたら、「publisher release」で公開できます。"
_FEWEST_ROWS = 3  # a table within a notice with fewer rows tells of an office, not of a list of people


def review(
    path: str, content: Content, profile: TableProfile | None, slug: str, released: bool, restrictions: Restrictions | None = None, both: Both = in_turn
) -> Verdict:
    """The verdict on one document. Pure.

    ``profile`` is the one whose folder the document lies in. ``slug`` names the table's address without
    ``/``; further sheets get
    ``slug-2``, ``slug-3`` … ``released`` means that a person has looked at what was held: doubts and
    looks no longer hold it,
    individual numbers and columns that a profile needs but does not find still do (``Held.final``).
    ``restrictions``: people who are counted and not shown. ``both``: how the two halves of a list of people are looked at.
    """
    if isinstance(content, Workbook):
        return _workbook(path, content, profile, slug, released, restrictions, both)
    return _document(path, content, profile, released)


# --- notices and scans
# ----------------------------------------------------------------------------------------


def _document(path: str, content: Notice | Scan, profile: TableProfile | None, released: bool) -> Verdict:
    warnings = list(content.warnings)
    lines: list[str] = []
    if isinstance(content, Notice):
        lines = list(leaks.texts(content.blocks))
        texts = [text for text in (content.head.title, *lines) if leaks.may_hold_numbers(text)]
        if any(leaks.my_numbers(text) for text in texts):
            return Held((_my_number(path, "文章の中に"),), final=True)
        if any(leaks.mobile_beside_name(text) for text in texts):
            warnings.append(
                Problem(
                    "mobile-number",
                    "人の名前のそばに携帯電話の番号があります。",
                    path,
                    "このまま公開します。",
                    "本人の番号でないか、公開してよい番号か確かめてください。",
                )
            )
    reasons = (
        ()
        if released
        else (*content.doubts, *_folder_of_people(path, profile), *(_personal_grids(path, content) or _personal_lines(path, lines)))
    )
    return Held(reasons) if reasons else Accepted(content, tuple(warnings))


def _my_number(where: str, place: str) -> Problem:
    return Problem(
        "my-number",
        f"{place}個人番号（マイナンバー）と読める12桁の番号があります。",
        where,
        _HELD,
        "番号を消して保存し直してください。個人番号は公開できません。",
    )


def _folder_of_people(path: str, profile: TableProfile | None) -> tuple[Problem, ...]:
    if profile is None or profile.kind not in PERSONAL:
        return ()
    return (
        Problem(
            "roll-not-a-table",
            f"「{profile.path}」は名簿のフォルダーですが、このファイルは表ではありません。"
            f"公開する列を選べません。",
            path,
            _HELD,
            f"名簿は表（CSV か Excel）で入れ、ほかの文書は別のフォルダーに移してください。{_RELEASE}",
        ),
    )


def _personal_grids(path: str, content: Notice | Scan) -> tuple[Problem, ...]:
    if not isinstance(content, Notice):
        return ()
    for grid in leaks.grids(content.blocks):
        seen = _look_at_grid(grid)
        if seen.personal:
            return (_looks_personal(path, "文章の中の表が", seen),)
    return ()


def _personal_lines(path: str, lines: Sequence[str]) -> tuple[Problem, ...]:
    """A roll need not be a table: lines of a text file, of a list."""
    if leaks.entries(lines) < _FEWEST_ROWS:
        return ()
    return (_looks_personal(path, "文章の中の行が", Looks(reasons=("人の名前と、その人に関すること",))),)


def _look_at_grid(grid: Grid) -> Looks:
    """Judges a table within a notice; without a header its first row may be one."""
    rows = [tuple(leaks.plain(cell).strip() for cell in row) for row in grid.rows]
    header = tuple(leaks.plain(cell).strip() for cell in grid.header)
    width = max((len(row) for row in (header, *rows)), default=0)
    rows = [(row + ("",) * width)[:width] for row in rows]
    if not any(header) and rows:
        header, rows = rows[0], rows[1:]
    header = (header + ("",) * width)[:width]
    if len(rows) < _FEWEST_ROWS:
        return Looks()
    return look(header, rows)


def _looks_personal(where: str, what: str, seen: Looks) -> Problem:
    return Problem(
        "looks-personal",
        f"{what}個人の情報に見えます：{'、'.join(seen.reasons)}。",
        where,
        _HELD,
        f"公開する列と同意の列を publisher.toml の [[tables]] に書くか、個人の列を消してください。{_RELEASE}",
    )


# --- tables
# ---------------------------------------------------------------------------------------------------


def _workbook(
    path: str, book: Workbook, profile: TableProfile | None, slug: str, released: bool, restrictions: Restrictions | None, both: Both
) -> Verdict:
    book = _told(path, book)
    listed = profile if profile is not None and profile.kind in PERSONAL else None
    several = len(book.tables) > 1
    places = [f"{path} シート{quoted(table.name)}" if table.name and several else path for table in book.tables]
    warnings = list(book.warnings)
    final: list[Problem] = []
    if listed is not None:
        people = [row_care.people_only(table, where) for table, where in zip(book.tables, places, strict=True)]
        book = replace(book, tables=tuple([table for table, _ in people]))
        warnings += [told for _, told in people if told is not None]
        final += [_unsaved(one.where) for one in book.warnings if one.code == "stale-formula"]
        final += [replace(one, code="unseen-text", shown=_HELD) for one in book.warnings if one.code == "white-text"]
        final += [one for one in book.doubts if one.code == "unseen-text"]  # released, whoever is marked so would be shown
    reasons = [one for one in book.doubts if one not in final]
    (judged, others), looked = (both if listed is not None else in_turn)(lambda: _judged(book, profile, restrictions), lambda: _looked(book, places, listed))
    if others is not None and others.unsure:
        reasons.append(unseen.doubt(path, others.unsure, _HELD, _RELEASE))
    for table, where, cells in zip(book.tables, places, looked, strict=True):
        final += cells.sure
        reasons += cells.unsure
        if listed is None:
            reasons += _words(book.head.title, table, where)
        elif told := remarks.says_of_others(path, table):
            reasons.append(
                Problem(
                    "words-around", f"{'と'.join(told)}に、載せてはいけない方がいると読める言葉（非公開、DVなど）があります。どなたのことか確かめられません。", where, _HELD,
                    f"その方の行の「閲覧制限」の列などに印を入れ、その言葉を消して保存し直してください。{_RELEASE}",
                )
            )
        if not table.rows:
            reasons.append(
                Problem(
                    "empty-table",
                    "表にデータが1行もありません。",
                    where,
                    _HELD,
                    f"ファイルを確かめてください。本当に0件なら公開できます。{_RELEASE}",
                )
            )
    tables: list[PublicTable] = []
    lacking: list[str] = []
    for index, (table, where, (found, alike)) in enumerate(zip(book.tables, places, judged, strict=True)):
        hidden = frozenset(found)
        warnings += _restricted(len(hidden), where)
        address = slug if index == 0 else f"{slug}-{index + 1}"
        if profile is None:
            made, told, held = _without_profile(table, address, _title(book, table, several), where, path, hidden)
            reasons += held
        else:
            title = _title(book, table, several)
            if (
                profile.kind in PERSONAL
            ):  # nothing of such a file is public that the profile does not name
                title = f"{profile.name}（{index + 1}）" if several else profile.name
            applied = profiles.apply(table, profile, address, title, where, hidden, others, looked[index].misfits)
            final += applied.faults
            lacking += [where] if any(fault.code == "missing-column" for fault in applied.faults) else []
            made, told = applied.table, applied.warnings
        warnings += told
        if made is not None:
            shown = made.shown if profile is not None else None  # without a profile all rows are
            warnings += _namesakes([table.lines[i] for i in alike if shown is None or (shown and shown[i])], where)
            tables.append(replace(made, unnumbered=looked[index].unnumbered))
    if final:
        return Held((*final, *_why_lacking(book, lacking, places), *reasons), final=True)
    if reasons and not released:
        return Held(tuple(reasons))
    return Accepted(PublicWorkbook(_head(book.head, profile), tuple(tables)), tuple(warnings))


@frozen
class _Looked:
    """What the cells of a table say, each for itself: individual numbers (``sure``, and such as chance may have made), whether no cell holds as many
    digits at all, and what does not fit its column in a list of people."""

    sure: list[Problem]
    unsure: list[Problem]
    unnumbered: bool
    misfits: Mapping[int, frozenset[str]]


def _looked(book: Workbook, places: Sequence[str], listed: TableProfile | None) -> list[_Looked]:
    return [
        _Looked(*_numbers(table, where), profiles.misfits_of(table, listed, where) if listed is not None else {})
        for table, where in zip(book.tables, places, strict=True)
    ]


def _judged(
    book: Workbook, profile: TableProfile | None, restrictions: Restrictions | None
) -> tuple[list[tuple[Collection[int], Sequence[int]]], showing.Others | None]:
    """Of each table the rows of people who were taken off the list and those of their namesakes; what the rows say of each other."""
    judged = [People(table, profile.key if profile is not None else None).judged(restrictions) for table in book.tables]
    if profile is None or profile.kind not in PERSONAL:
        return judged, None
    return judged, showing.others_of(book.tables, profile, [found for found, _ in judged], book.unseen)


_SAYS = {
    Kind.SHELTERS: "避難所", Kind.ROADS: "道路の規制", Kind.OUTAGES: "断水", Kind.ORDERS: "避難の情報", Kind.CLINICS: "医療機関", Kind.AED: "AED", Kind.WATER: "給水・水の施設",
}  # fmt: skip


def _told(path: str, book: Workbook) -> Workbook:
    """The workbook with a title that residents can read, where its file is called dansui.csv: what it is, else its folder, goes before it."""
    stem, folder = PurePosixPath(path).stem.strip(), PurePosixPath(path).parent.name
    if book.head.title != stem or not stem.isascii() or not book.tables:
        return book
    found = recognise(book.tables[0].columns)
    what = _SAYS.get(found.kind, folder) if found is not None else folder
    return replace(book, head=replace(book.head, title=f"{what}（{' '.join(stem.replace('_', ' ').split())}）")) if what else book


def _unsaved(where: str) -> Problem:
    return Problem(
        "unsaved-formula", "計算結果が保存されていない式があり、公表の同意や閲覧の制限を確かめられません。", where, _HELD,
        "表計算ソフトで開き、上書き保存してから入れ直してください。",
    )  # fmt: skip


def _why_lacking(book: Workbook, lacking: Sequence[str], places: Sequence[str]) -> list[Problem]:
    """What staff may not think of where a sheet lacks a column: that the column is hidden, that the sheet is no list."""
    told = [
        Problem("hidden-columns", f"{one.what}なくなっている列は、この中かもしれません。", one.where, _HELD, "その列を再表示して保存し直してください。")
        for one in book.warnings
        if one.code == "hidden-columns" and lacking and (len(places) == 1 or one.where in lacking)
    ]
    if 0 < len(lacking) < len(places):
        names = [table.name for table, where in zip(book.tables, places, strict=True) if where in lacking]
        listed = "、".join(f"シート{quoted(name)}" if name else "そのシート" for name in names)
        told.append(
            Problem(
                "other-sheet", f"同じファイルのほかのシートには、その列があります。{listed}は名簿ではないのかもしれません。", lacking[0], _HELD,
                f"名簿でないなら、{listed}を別のファイルに分けるか、非表示にして保存し直してください。名簿なら、見出しをほかのシートとそろえてください。",
            )
        )  # fmt: skip
    return told


def _restricted(count: int, where: str) -> list[Problem]:
    if not count:
        return []
    return [
        Problem(
            "restricted",
            f"載せないと決めた方の行が{count}行あります。",
            where,
            "その方は人数にだけ数え、載せていません。",
            "載せてよくなったときは、管理者が publisher restrict --lift で戻せます。",
        )
    ]


def _namesakes(lines: Sequence[int], where: str) -> list[Problem]:
    if not lines:
        return []
    return [
        Problem(
            "restricted-namesake",
            f"載せないと決めた方と同じ氏名で、読み、生年月日か住所が違う行があります（{numbers(lines)}行目）。",
            where,
            "別の方と見て、載せています。",
            f"同じ方でないか、すぐに確かめてください。同じ方なら、管理者が publisher restrict で「行{lines[0]}」のように指定して外せます。",
        )
    ]


def _head(head: Head, profile: TableProfile | None) -> Head:
    if profile is None or profile.kind not in PERSONAL:
        return head
    return Head(profile.name, head.date, head.publish, head.expires, head.severity, (), head.drill)


def _title(book: Workbook, table: Table, several: bool) -> str:
    if not several:
        return book.head.title
    return table.title or (f"{book.head.title}（{table.name}）" if table.name else book.head.title)


def _numbers(table: Table, where: str) -> tuple[list[Problem], list[Problem], bool]:
    """Individual numbers in a table: certain ones, and such as chance may have made; and whether no cell holds as many digits at all."""
    named = [c for c, name in enumerate(table.columns) if meaning(name) is Meaning.MY_NUMBER]
    sure, unsure = [], []
    columns = leaks.numbered_columns(table.columns, table.rows, named)
    for found in columns:
        if found.others:
            continue
        lines = numbers([table.lines[i] for i in found.rows])
        problem = _my_number(where, f"{quoted(table.columns[found.column])}の列（{lines}行目）に")
        (sure if found.sure else unsure).append(problem)
    if any(leaks.my_numbers(text) for text in (table.title, *table.notes, *table.columns)):
        sure.append(_my_number(where, "表の題や注記に"))
    return sure, unsure, not columns


def _words(title: str, table: Table, where: str) -> list[Problem]:
    """What is written around an open table is published with it, and its title goes to feeds and posts."""
    told = []
    if any(leaks.mobile_beside_name(text) for text in (title, table.title, *table.notes)):
        told.append("人の名前と携帯電話の番号（題か注記）")
    if any(leaks.calls_somebody(text) for text in (title, table.title, table.name)):
        told.append("人の名前（題）")
    return [_looks_personal(where, "この表は", Looks(reasons=tuple(told)))] if told else []


def _without_profile(
    table: Table, slug: str, title: str, where: str, path: str, hidden: frozenset[int]
) -> tuple[PublicTable, list[Problem], list[Problem]]:
    seen = facilities.looks(table.columns, table.rows)
    held = [_looks_personal(where, "この表は", seen)] if seen.personal else []
    warnings = []
    if seen.roles and not seen.personal:
        listed = "、".join(header(table.columns, table.rows, c) for c in seen.roles)
        warnings.append(
            Problem(
                "names-of-officers",
                f"担当者などの名前の列があります：{listed}。",
                where,
                "このまま公開します。",
                "公開してよい名前か確かめてください。",
            )
        )
    if seen.mobiles and not seen.personal:
        listed = "、".join(header(table.columns, table.rows, c) for c in seen.mobiles)
        warnings.append(
            Problem(
                "mobile-number",
                f"携帯電話の番号があります：{listed}。",
                where,
                "このまま公開します。",
                "公開してよい番号か確かめてください。",
            )
        )
    made = PublicTable(
        slug=slug,
        title=title,
        kind=TableKind.OPEN,
        columns=table.columns,
        rows=[row for i, row in enumerate(table.rows) if i not in hidden] if hidden else table.rows,
        total=len(table.rows),
        withheld=len(hidden),
        personal=seen.personal or bool(hidden),
        as_of=table.as_of,
        notes=table.notes,
    )
    return made, warnings, held
