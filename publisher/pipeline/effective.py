"""What a document is at a moment: which versions count, its state, its card. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from publisher.ledger.documents import DocumentRow, VersionRow
from publisher.model import (
    Card,
    Category,
    Heading,
    Inline,
    Kind,
    Listing,
    Notice,
    Paragraph,
    PublicContent,
    PublicWorkbook,
    State,
    Strong,
    Text,
    Version,
)
from publisher.model import Link as LinkInline
from publisher.model import Ruby as RubyInline
from publisher.pipeline.examine import Digest
from publisher.values import frozen, replace

SUMMARY = 160
"""Characters of a summary at most."""


@frozen
class Standing:
    """What counts at a moment. ``current``: language → its version; ``history``: published versions of the first language, of which those with
    the numbers in ``recalled`` were taken down later: their file was deleted, or a person said so.

    ``state`` withdrawn with no current version; ``changed``: when that came about. ``due``: when the clock changes it next.
    """

    state: State
    current: Mapping[str, VersionRow]
    history: tuple[VersionRow, ...]
    changed: datetime | None
    due: datetime | None
    recalled: frozenset[int] = frozenset()


def first_version(sha256: str, path: str, arrived: datetime, digest: Digest) -> VersionRow:
    """The first version of a Japanese document without a profile."""
    return VersionRow("ja", 1, arrived, sha256, path, digest.head.publish, digest.head.expires, rows=digest.rows, as_of=digest.as_of)


def standing(versions: Sequence[VersionRow], now: datetime) -> Standing:
    """Apply the clock to a document's versions."""
    current: dict[str, VersionRow] = {}
    dues = [v.publish for v in versions if v.publish and v.publish > now]
    for language in sorted({v.language for v in versions}, key=language_order):
        found = _current([v for v in versions if v.language == language], now)
        if found is not None:
            current[language] = found
    if not current:
        scheduled = any(not v.gone for v in _last_by_path(versions) if v.publish and v.publish > now)
        gone = [v.moment for v in versions if v.gone]
        published_before = any(not v.gone and (v.publish is None or v.publish <= now) for v in versions)
        state = State.WITHDRAWN if published_before else State.SCHEDULED if scheduled else State.WITHDRAWN
        return Standing(state, {}, _history(versions, now), max(gone, default=None), min(dues, default=None))
    first = next(iter(current.values()))
    if first.expires is not None and first.expires <= now:
        return Standing(State.EXPIRED, {}, _history(versions, now), first.expires, min(dues, default=None), _recalled(versions, now))
    if first.expires is not None:
        dues.append(first.expires)
    return Standing(State.PUBLISHED, current, _history(versions, now), first.moment, min(dues, default=None), _recalled(versions, now))


def language_order(language: str) -> tuple[bool, bool, str]:
    """Sorts the languages of a document, the one that it is known by first."""
    return language != "ja", language != "easy", language


def _last_by_path(versions: Sequence[VersionRow]) -> list[VersionRow]:
    last: dict[str, VersionRow] = {}
    for version in versions:
        last[version.path] = version
    return list(last.values())


def _current(versions: Sequence[VersionRow], now: datetime) -> VersionRow | None:
    """The newest version of a language that counts already and was not taken down since: what comes to its place later does not bring it back."""
    gone = _gone(versions)
    return next((v for v in reversed(versions) if not _is_gone(v, gone) and not v.gone and (v.publish is None or v.publish <= now)), None)


def _gone(versions: Sequence[VersionRow]) -> dict[tuple[str, str], int]:
    """(language, path) → the number of the last moment at which nothing stood there."""
    return {(v.language, v.path): v.number for v in versions if v.gone}


def _is_gone(version: VersionRow, gone: Mapping[tuple[str, str], int]) -> bool:
    return version.number < gone.get((version.language, version.path), 0)


def _history(versions: Sequence[VersionRow], now: datetime) -> tuple[VersionRow, ...]:
    return tuple(replace(v, number=number) for number, v in enumerate(_counted(versions, now), 1))


def _counted(versions: Sequence[VersionRow], now: datetime) -> list[VersionRow]:
    """The published versions of the first language."""
    first = min((v.language for v in versions), key=language_order, default="ja")
    return [v for v in versions if v.language == first and not v.gone and (v.publish is None or v.publish <= now)]


def _recalled(versions: Sequence[VersionRow], now: datetime) -> frozenset[int]:
    """The numbers in the history of versions whose place was empty since."""
    gone = _gone(versions)
    return frozenset(number for number, v in enumerate(_counted(versions, now), 1) if _is_gone(v, gone))


def make_card(
    row: DocumentRow, category: Category, what: Standing, digests: Mapping[str, Digest], slug: str, zone_now: datetime
) -> Card:
    """The card of a document as it stands now; a withdrawn or expired one keeps the title and the date under which it was known."""
    zone = zone_now.tzinfo
    if what.state is not State.PUBLISHED or not digests:
        old = row.card
        assert old is not None
        changed = (what.changed or old.updated).astimezone(zone)
        state = State.WITHDRAWN if what.state is State.PUBLISHED else what.state
        return replace(old, category=category, state=state, updated=max(changed, old.updated), summary="")
    language, content = next(iter(digests.items()))
    current = what.current[language]
    history = what.history or (current,)
    number = next((v.number for v in history if (v.moment, v.sha256, v.path) == (current.moment, current.sha256, current.path)), len(history))
    date, updated = _times(content, history, current)
    head = content.head
    return Card(
        id=row.id, kind=content.kind, path=f"t/{slug}/index.html" if content.kind is Kind.TABLE else f"n/{row.id}.html", title=content.title,
        category=category, date=date.astimezone(zone), updated=updated.astimezone(zone), state=State.PUBLISHED, severity=head.severity,
        districts=head.districts, drill=head.drill, version=number, languages=tuple(digests), summary=content.summary,
    )  # fmt: skip


def _times(content: Digest, history: Sequence[VersionRow], current: VersionRow) -> tuple[datetime, datetime]:
    """(the moment that it speaks of, the moment of its last change)."""
    if content.kind is Kind.TABLE:
        date = content.as_of or content.head.date or current.moment
        return date, date
    first = history[0].moment
    date = content.head.date or first
    if len(history) == 1 or current == history[0]:
        return date, min(date, max(first, current.publish or first)) if date <= first else max(first, current.publish or first)
    return date, max(current.moment, current.publish or current.moment)


def summary(content: PublicContent) -> str:
    """The first lines as plain text; nothing of a table's cells."""
    if isinstance(content, PublicWorkbook):
        return "" if any(t.personal for t in content.tables) else f"全{sum(len(t.rows) for t in content.tables)}件"
    if not isinstance(content, Notice):
        return ""
    parts: list[str] = []
    for block in content.blocks:
        if isinstance(block, Paragraph):
            parts.append(plain(block.inlines))
        elif isinstance(block, Listing):
            parts += [plain(b.inlines) for item in block.items for b in item if isinstance(b, Paragraph)]
        elif isinstance(block, Heading):
            continue
        if sum(map(len, parts)) > SUMMARY:
            break
    text = " ".join(" ".join(parts).split())
    return text if len(text) <= SUMMARY else text[: SUMMARY - 1] + "…"


def plain(inlines: Sequence[Inline]) -> str:
    """Inlines as plain text."""
    parts = []
    for inline in inlines:
        if isinstance(inline, Text):
            parts.append(inline.text)
        elif isinstance(inline, (Strong, LinkInline)):
            parts.append(plain(inline.inlines))
        elif isinstance(inline, RubyInline):
            parts.append(inline.base)
        else:
            parts.append(" ")
    return "".join(parts)


def versions_shown(what: Standing) -> tuple[Version, ...]:
    return tuple(v.version for v in what.history)
