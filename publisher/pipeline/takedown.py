"""Take-downs outrank everything: on each mirror the old bytes are overwritten first, then gone, then purged in every version.

They stand in the ledger until the mirror has confirmed them, and each confirmation is a receipt.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from publisher.errors import MirrorError, MirrorRefused, MirrorUnavailable
from publisher.ledger import Ledger
from publisher.ledger.documents import DocumentRow
from publisher.ledger.takedowns import TakeDownRow
from publisher.model import Kind, PageKind, PageRecord, Problem, Receipt, State
from publisher.patterns import pattern
from publisher.pipeline.identify import folder_of
from publisher.site.order import ENTRANCE
from publisher.values import frozen

if TYPE_CHECKING:
    from publisher.mirrors import Mirror
    from publisher.settings import MirrorSettings, Settings

EDITIONS = ("", "k/", "i/")
FEEDS = ("atom.xml", "rss.xml", "feed.json")
_TABLE = pattern(r"t/([^/]+)/")
GONE = b"<!DOCTYPE html><html><head><title>-</title><meta name=\"robots\" content=\"noindex\"/></head><body><p>-</p></body></html>\n"
"""Written over a page before it is deleted: it names nothing, in any charset."""


@frozen
class TakeDownLine:
    """How a take-down stands on one mirror: since when it is ordered, when it was confirmed (None: not yet), how many things went."""

    mirror: str
    ordered: datetime
    done: datetime | None = None
    things: int = 0

    def as_json(self) -> dict[str, object]:
        return {
            "mirror": self.mirror, "state": "done" if self.done else "pending", "ordered": self.ordered.isoformat(),
            "done": self.done.isoformat() if self.done else None, "purged": self.things,
        }  # fmt: skip


@frozen
class Undone:
    """What staff have to know of take-downs that a mirror has not confirmed. ``seen``: the public may see the old text; else only versions that the
    store keeps are left. ``refused``: the mirror answered, and a person has to change something.
    """

    problem: Problem
    seen: bool
    refused: bool


def prefixes(ledger: Ledger, row: DocumentRow) -> list[str]:
    """Where all files of a document lie: of its pages, earlier versions, data, shards of its search; of each sheet that it ever had."""
    if row.card is None:
        return []
    if row.card.kind is not Kind.TABLE:
        return [f"{edition}n/{row.id}." for edition in EDITIONS]
    slugs = {row.card.path.split("/")[1]: None} | dict.fromkeys(ledger.tallies.slugs(row.id))
    return [f"{edition}t/{slug}/" for slug in slugs for edition in EDITIONS]


def order(ledger: Ledger, mirrors: Sequence[MirrorSettings], rows: Iterable[DocumentRow], reason: str, moment: datetime) -> None:
    """Order the take-down of documents' old bytes on every mirror. Runs within a transaction."""
    for row in rows:
        ledger.takedowns.order([m.name for m in mirrors], prefixes(ledger, row), reason, row.id, moment)


def intend(ledger: Ledger, row: DocumentRow, reason: str, moment: datetime) -> None:
    """The next build orders the take-down of a document's old bytes. Runs within a transaction.

    Until that build the old text is part of the site: a mirror that carried the order out would confirm that it stands.
    """
    ledger.pages.touch(_INTENDED, json.dumps([row.id, reason, moment.isoformat(), _everything(ledger, row), _lists(ledger, row)]))


def order_intended(ledger: Ledger, mirrors: Sequence[MirrorSettings]) -> None:
    """Order what was intended before this build. Runs within the transaction that enters its pages."""
    intended = ledger.pages.touched(_INTENDED)
    for target, reason, moment, places, lists in map(json.loads, intended):
        for why, prefixes_ in ((reason, places), (LISTS, lists)):
            ledger.takedowns.order([m.name for m in mirrors], prefixes_, why, target, datetime.fromisoformat(moment))
    ledger.pages.untouch(_INTENDED, intended)


_INTENDED = "takedown"

LISTS = "lists"
"""The reason of take-downs of what lists and feeds once said: these stay, and go the ordinary way; only what a store keeps behind them has to vanish."""


def _everything(ledger: Ledger, row: DocumentRow) -> list[str]:
    """Where all files of a document lie, and the pictures that any of its versions shows."""
    owners = [f"document:{row.id}", *ledger.pages.owners_below(f"document:{row.id}:v")]
    pictures = {path for owner in owners for path in ledger.pages.owned(owner) if path.startswith("m/")}
    return [*prefixes(ledger, row), *sorted(pictures)]


def _lists(ledger: Ledger, row: DocumentRow) -> list[str]:
    """The lists and feeds that bear, or once bore, a document's title and summary: of the site, its month, each category in which it stood."""
    if row.card is None:
        return []
    folders = {row.category, folder_of(row.first_path), *(folder_of(version.path) for version in ledger.documents.versions(row.id))}
    slugs = sorted(category.slug for folder in folders if (category := ledger.documents.category(folder)) is not None)
    names = [ENTRANCE, f"a/{row.card.date:%Y-%m}", *(f"c/{slug}" for slug in slugs)]
    return [*FEEDS, *(f"{edition}{name}" for name in names for edition in EDITIONS)]


def order_ended(ledger: Ledger, mirrors: Sequence[MirrorSettings], gone: Iterable[str], moment: datetime) -> None:
    """Lists of people whose time is over, or whose file was taken away, go from every mirror now. Runs within the transaction that buries ``gone``.

    The ceiling of deletions asks whether a share was lost; on a mirror that waits for the answer the people would stay.
    """
    tables = {found[1] for path in gone if (found := _TABLE.match(path)) is not None}
    known = {row.target for row in ledger.takedowns.pending()}
    for slug in sorted(tables):
        row = ledger.documents.by_address(f"t/{slug}/index.html")
        if row is not None and row.id not in known and row.state in (State.EXPIRED, State.WITHDRAWN):
            order(ledger, mirrors, [row], "ended", moment)


def carry_out(ledger: Ledger, read: Callable[[str], bytes], mirror: Mirror, now: datetime, may: Callable[[], bool] = lambda: True, lists: bool = False) -> Undone | None:
    """Do what is pending on one mirror. None when all of it is done; what was not confirmed stays pending.

    A mirror that refuses one of them is asked for the others; where it does not answer, they wait for the next run, which begins behind the one
    that failed. ``lists``: what is pending of lists and feeds, when today's stand there already; else all but that. Raises ``MirrorError`` only where we may publish no more (``may``).
    """
    undone: list[Undone] = []
    for row in _in_turn(ledger, mirror.name):
        if (row.reason == LISTS) is not lists:
            continue
        seen = not lists
        try:
            things = 0
            if lists:
                things = mirror.purge(row.prefix, _known(ledger, mirror.name, row.prefix))
            elif not (row.prefix.startswith("m/") and ledger.pages.get(row.prefix) is not None):  # else another document shows the same picture
                keep = _replace(ledger, read, mirror, row.prefix, now)
                seen = False
                things = mirror.purge(row.prefix, keep)
        except MirrorError as error:
            if not may():
                raise
            undone.append(Undone(_undone(row, error.problem, seen), seen, isinstance(error, MirrorRefused)))
            if isinstance(error, MirrorUnavailable) and error.problem.code not in _OF_ONE_FILE:
                with ledger.transaction():
                    ledger.remember(_turn(mirror.name), str(row.number))
                break
            continue
        with ledger.transaction():
            ledger.takedowns.finish([row.number], now, things)
    return worst(undone)


def worst(undone: Iterable[Undone]) -> Undone | None:
    """What staff have to know first."""
    return max(undone, key=lambda one: (one.seen, not one.refused), default=None)


def _known(ledger: Ledger, mirror: str, prefix: str) -> set[str]:
    return {page.path for page in ledger.takedowns.pages_below(prefix)} | ledger.takedowns.receipts_below(mirror, prefix).keys()


_OF_ONE_FILE = frozenset({"mirror-undead", "mirror-lying"})
"""Failures that say nothing of the line: the next take-down may succeed."""


def _turn(mirror: str) -> str:
    return f"takedown {mirror}"


def _in_turn(ledger: Ledger, mirror: str) -> list[TakeDownRow]:
    """What is pending, so that one on which a mirror always breaks off does not keep the others waiting for ever."""
    rows = ledger.takedowns.pending(mirror)
    last = int(ledger.fact(_turn(mirror)) or 0)
    return [row for row in rows if row.number > last] + [row for row in rows if row.number <= last]


def _replace(ledger: Ledger, read: Callable[[str], bytes], mirror: Mirror, prefix: str, now: datetime) -> set[str]:
    """Below a prefix nothing stands any more but today's files, whose paths are returned; what the store keeps behind them is not touched."""
    from publisher.mirrors import plan, sync, unavailable, unsure  # ``status`` only asks what is pending

    pages = ledger.takedowns.pages_below(prefix)
    held = ledger.takedowns.receipts_below(mirror.name, prefix)
    gone = sorted(held.keys() - {page.path for page in pages})
    _, unreached = ledger.mirrors.standing(mirror.name, held, ledger.mirrors.reached(mirror.name))
    what = plan(mirror.name, pages, gone, held, len(held), allow_deletions=True, unreached=unreached)

    def note(receipts: Sequence[Receipt]) -> None:
        with ledger.transaction():
            ledger.mirrors.confirm(receipts)

    # Should a page come back before all this is recorded, what stands there must not be taken for it.
    note([unsure(mirror, path, now) for path in gone])
    _overwrite(mirror, gone)
    result = sync(mirror, what, read, note, now, doubt=note)
    with ledger.transaction():
        ledger.mirrors.deleted(mirror.name, result.deleted)
    if result.problem is not None:
        raise (MirrorUnavailable if result.retry else MirrorRefused)(result.problem)
    if not result.whole:
        raise unavailable(mirror.name, "moved")
    return {page.path for page in pages}


def _undone(row: TakeDownRow, cause: Problem, seen: bool) -> Problem:
    """``seen``: the public may see what was taken down; else only what the store keeps of it is left."""
    from publisher.mirrors.trouble import OLD_VERSIONS

    if not seen:
        return Problem("takedown-versions", f"取り下げ（{_when(row.moment)}の指示）のうち、古い版の消去が終わっていません。{cause.what}", cause.where, OLD_VERSIONS, cause.todo)
    return Problem(
        "takedown-refused", f"取り下げ（{_when(row.moment)}の指示）が、終わっていません。{cause.what}", cause.where,
        "この公開先には、取り下げる前の内容が、まだ見えているおそれがあります。",
        f"{cause.todo}急ぐときは、この公開先の事業者に連絡して公開を止めてください。",
    )  # fmt: skip


def _when(moment: datetime) -> str:
    return f"{moment.month}月{moment.day}日{moment.hour}時{moment.minute:02d}分"


def _overwrite(mirror: Mirror, gone: Sequence[str]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from publisher.mirrors import headers

    def one(path: str) -> None:
        record = PageRecord(path, "", 0, PageKind.DOCUMENT, True, 0)
        mirror.put(path, GONE if path.endswith(".html") else b"\n", headers(record.path, record.kind, record.personal))

    with ThreadPoolExecutor(8, thread_name_prefix=f"takedown-{mirror.name}") as pool:
        list(pool.map(one, gone))


def lines(rows: Iterable[TakeDownRow]) -> tuple[TakeDownLine, ...]:
    """One line a mirror: done when all of it is done there."""
    found: dict[str, list[TakeDownRow]] = {}
    for row in rows:
        found.setdefault(row.mirror, []).append(row)
    return tuple(_line(name, mine) for name, mine in found.items())


def _line(name: str, rows: Sequence[TakeDownRow]) -> TakeDownLine:
    ends = [row.done for row in rows]
    done = max((end for end in ends if end is not None), default=None) if all(end is not None for end in ends) else None
    return TakeDownLine(name, min(row.moment for row in rows), done, sum(row.things for row in rows))


def problems(ledger: Ledger, settings: Settings) -> tuple[Problem, ...]:
    """What staff have to know of mirrors that still show, or keep, what was taken down."""
    known = {mirror.name for mirror in settings.mirrors}
    return tuple(_pending(line) for line in lines(row for row in ledger.takedowns.pending() if row.mirror in known))


def _pending(line: TakeDownLine) -> Problem:
    return Problem(
        "takedown-pending",
        f"取り下げ（{_when(line.ordered)}の指示）が、この公開先ではまだ終わっていません。",
        f"公開先「{line.mirror}」",
        "この公開先には、取り下げる前の内容が残っているおそれがあります。",
        "つながりしだい、ほかの更新より先に消します。急ぐときは、この公開先の事業者に連絡して公開を止めてください。",
    )
