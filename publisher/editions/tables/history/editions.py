"""The pages of editions: the list of all of them, and each one's overview with what changed since the one before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo

from publisher.editions import data, moments
from publisher.editions.frame import LEGACY
from publisher.editions.tables.history.packing import Binder, Section, Sheet
from publisher.editions.tables.history.shield import said
from publisher.editions.tables.history.timeline import Timeline, covered_changes, covered_groups
from publisher.editions.tables.pages import Draft, unit
from publisher.model import Change, EditionTally, Page, PageKind, PublicTable

BLOCK = 20
"""Editions on one page of the list. Full pages are counted from the oldest edition and are not changed by new ones."""


def editions(binder: Binder, timeline: Timeline) -> Iterator[Draft]:
    """The overview of each edition, then the list."""
    for edition in timeline.all:
        yield from _edition(binder, timeline, edition)
    yield from _list(binder, timeline)


def folder(binder: Binder) -> str:
    return f"t/{binder.table.slug}/e/"


def crumbs(binder: Binder) -> tuple[tuple[str, str], ...]:
    """The way back; it does not name the table by today's title, or a new title would rewrite the page of every edition."""
    return ((f"t/{binder.table.slug}/index.html", binder.words["history_now"]),)


# --- one edition --------------------------------------------------------------------------------------------------------------


def _edition(binder: Binder, timeline: Timeline, edition: EditionTally) -> Iterator[Draft]:
    words, path = binder.words, f"{folder(binder)}{timeline.stems[edition]}.html"
    fixed = timeline.corrected_by(edition)
    opening = binder.paragraph(words["history_here"], words["history_corrected"] if fixed is not None else "")
    if fixed is not None:
        opening += binder.link(path, f"{folder(binder)}{timeline.stems[fixed]}.html", words["history_newer"])
    opening += binder.paragraph(*counts(binder, edition)) + binder.heading(words["history_change"]) + _change(binder, timeline, edition)
    sections = _groups(binder, edition)
    closing = ""
    if not edition.personal:
        closing += binder.data_link(path, f"{folder(binder)}{timeline.stems[edition]}.csv", words["history_csv"])
    closing += binder.link(path, f"{folder(binder)}index.html", words["history_link"])
    closing += binder.link(path, f"t/{binder.table.slug}/index.html", words["history_now"])
    sheet = Sheet(path, edition.title or binder.table.title, opening, sections, closing, crumbs(binder))
    yield from binder.drafts(sheet, updated=edition.as_of, said=None)


def counts(binder: Binder, edition: EditionTally) -> list[str]:
    """The lines of an overview that count its rows."""
    words, one = binder.words, unit(edition.personal)
    if edition.withheld or edition.total != edition.shown:
        why = "table_withheld_people" if edition.personal else "table_withheld"
        lines = [
            words["table_total"].format(total=f"{edition.total:,}", unit=one),
            words["table_shown"].format(shown=f"{edition.shown:,}", unit=one),
            words[why].format(count=f"{max(edition.withheld, edition.total - edition.shown):,}", unit=one),
        ]
    else:
        lines = [words["table_all"].format(total=f"{edition.total:,}", unit=one)]
    if edition.people:
        lines.append(words["history_people_of"].format(group=edition.group_name, count=f"{edition.counted:,}人"))
    return lines


def _change(binder: Binder, timeline: Timeline, edition: EditionTally) -> str:
    change = edition.change
    if change is None:
        return binder.paragraph(binder.words["history_change_first"])
    since = moments.long(change.since, timeline.zone, "ja")
    return binder.paragraph(binder.words["history_change_since"].format(moment=since), *changes(binder, edition, change))


def changes(binder: Binder, edition: EditionTally, change: Change) -> list[str]:
    """Who arrived, left and moved, a line each. Of people, numbers from 1 to 4 are not said, nor what they would follow from."""
    words, one = binder.words, unit(edition.personal)
    people = "_people" if edition.personal else ""
    arrived, left, moved = (said(count, edition.personal) for count in (change.arrived, change.left, change.moved))
    if arrived is None or left is None:  # each follows from the other: the counts of both editions are public
        arrived = left = None
    lines = [words[f"history_arrived{people}"].format(count=_with(arrived, one, words)), words[f"history_left{people}"].format(count=_with(left, one, words))]
    if edition.groups and not edition.people:
        which = "history_moved" if edition.personal else "history_moved_things"
        lines.append(words[which].format(group=edition.group_name, count=_with(moved, one, words)))
    return [*lines, words["history_few_said"] if None in (arrived, left, moved) else ""]


def _with(count: int | None, one: str, words: Mapping[str, str]) -> str:
    return words["history_few"] if count is None else f"{count:,}{one}"


def _groups(binder: Binder, edition: EditionTally) -> list[Section]:
    """A row for each group: how many, how many came and went."""
    words = binder.words
    names: dict[str, None] = dict.fromkeys(name for name, _ in edition.groups)
    change = edition.change
    moves = {name: (came, went) for name, came, went in change.groups} if change is not None else {}
    names.update(dict.fromkeys(moves))
    if not names:
        return []
    hidden, quiet = covered_groups(edition), covered_changes(edition)
    numbers = dict(edition.groups)
    steps = bool(moves) and not (quiet and quiet >= {name for name, pair in moves.items() if any(pair)})
    rows = []
    for name in names:
        cells = [_cell(binder, None if name in hidden else numbers.get(name, 0))]
        if steps:
            came, went = moves.get(name, (0, 0))
            cells += [_cell(binder, None if name in quiet else step) if step or binder.edition is not LEGACY else "" for step in (came, went)]
        rows.append((name or words["history_blank"], *cells))
    count = words["history_count"] if edition.personal or edition.people else words["history_count_things"]
    more = ("history_grew", "history_shrank") if edition.people else ("history_came", "history_went")
    heads = [edition.group_name, count, *((words[key] for key in more) if steps else ())]
    caption = words["history_groups"].format(group=edition.group_name)
    told = [words["history_few_said"] if hidden or (steps and quiet) else "", words["history_nothing"].format(group=edition.group_name) if moves and not steps else ""]
    return [binder.numbers(caption, heads, rows, binder.heading(caption) + binder.paragraph(*told))]


def _cell(binder: Binder, count: int | None) -> str:
    return binder.words["history_few"] if count is None else f"{count:,}"


# --- the list ------------------------------------------------------------------------------------------------------------


def _list(binder: Binder, timeline: Timeline) -> Iterator[Draft]:
    """``e/index.html`` has the newest editions, ``e/list-1.html`` … the older ones: full pages, counted from the oldest, that stay as they are."""
    blocks = [timeline.all[start : start + BLOCK] for start in range(0, len(timeline.all), BLOCK)]
    few = len(blocks) > 1 and len(blocks[-1]) < BLOCK // 4
    newest = [*blocks[-2], *blocks[-1]] if few else blocks[-1]
    for number, block in enumerate(blocks[:-1], 1):
        older = f"{folder(binder)}list-{number - 1}.html" if number > 1 else ""
        yield from _page_of_list(binder, timeline, f"{folder(binder)}list-{number}.html", block, older, block[-1])
    older = f"{folder(binder)}list-{len(blocks) - (2 if few else 1)}.html"
    yield from _page_of_list(binder, timeline, f"{folder(binder)}index.html", newest, "" if older.endswith("-0.html") else older, timeline.latest)


def _page_of_list(
    binder: Binder, timeline: Timeline, path: str, block: list[EditionTally], older: str, speaks_of: EditionTally
) -> Iterator[Draft]:
    words = binder.words
    rows = [_item(binder, timeline, path, edition) for edition in reversed(block)]
    opening, closing = ("", "") if binder.edition is LEGACY else ("<ul>\n", "</ul>\n")
    end = binder.link(path, older, words["history_older"]) if older else ""
    if path.endswith("/index.html") and len(timeline.counting) > 1:
        end += binder.link(path, f"t/{binder.table.slug}/trend.html", words["history_trend_link"])
    title = words["history_list_title"].format(title=speaks_of.title or binder.table.title)
    sheet = Sheet(path, title, binder.paragraph(words["history_list_intro"]), [Section(rows, opening, closing)], end, crumbs(binder))
    yield from binder.drafts(sheet, updated=speaks_of.as_of, said=None)


def _item(binder: Binder, timeline: Timeline, path: str, edition: EditionTally) -> str:
    assert edition.as_of is not None
    one = "人" if edition.people else unit(edition.personal)
    when = (moments.short if binder.edition is LEGACY else _long)(edition.as_of, timeline.zone)
    label = f"{when} {edition.counted:,}{one}"
    if timeline.corrected_by(edition) is not None:
        label += binder.words["history_corrected"]
    link = f'<a href="{timeline.stems[edition]}.html">{binder.escape(label)}</a>'
    return f"{link}<br/>\n" if binder.edition is LEGACY else f"<li>{link}</li>\n"


def _long(moment: datetime, zone: tzinfo) -> str:
    return moments.long(moment, zone, "ja")


def csv(table: PublicTable, stem: str) -> Page:
    """An edition's own CSV."""
    return Page(f"t/{table.slug}/e/{stem}.csv", data.csv_bytes(table)[0], PageKind.DATA, table.personal)
