"""Taking one person off a list: who is meant, what is put on record, and how far it has got on each mirror."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from publisher.errors import Unreadable, UsageError
from publisher.intake.archive import Archive
from publisher.ledger import Ledger
from publisher.ledger.documents import DocumentRow, VersionRow
from publisher.model import Kind, Problem, Table, Workbook
from publisher.pipeline import restrictions
from publisher.pipeline.identify import identify
from publisher.pipeline.takedown import TakeDownLine, lines
from publisher.review.restrict import People, Person, Restrictions
from publisher.settings import Settings
from publisher.values import frozen, replace

_UNCHANGED = "公開中のページは、変わっていません。"


@frozen
class Found:
    """Whom the command means. ``rows``: their row numbers in the newest edition that has them; nothing here says a name."""

    document: DocumentRow
    slug: str
    people: tuple[Person, ...]
    rows: tuple[int, ...]
    entries: tuple[str, ...] = ()


@frozen
class Outcome:
    """What became of it. ``applied``: the site on this machine does not show them any more (or shows them again)."""

    slug: str
    rows: tuple[int, ...]
    entries: tuple[str, ...]
    lifted: bool = False
    applied: bool = False
    dry: bool = False
    receipts: tuple[TakeDownLine, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "table": self.slug, "rows": list(self.rows), "restrictions": list(self.entries), "lifted": self.lifted, "applied": self.applied,
            "dry_run": self.dry, "receipts": [line.as_json() for line in self.receipts],
        }  # fmt: skip

    @property
    def exit_code(self) -> int:
        """0 gone everywhere · 1 the site could not be changed yet · 4 a mirror may still have it."""
        if self.dry:
            return 0
        if not self.applied:
            return 1
        return 4 if any(line.done is None for line in self.receipts) else 0


def table_of(ledger: Ledger, settings: Settings, wanted: str) -> tuple[DocumentRow, str]:
    """The table by slug, name or folder of its profile, by its id or path. Raises ``UsageError``."""
    said = wanted.strip().strip("/")
    for profile in settings.tables:
        if said in (profile.slug, profile.name, profile.path, f"{settings.paths.content.name}/{profile.path}"):
            row = ledger.documents.by_key(profile.path.rstrip("/") + "/")
            if row is not None:
                return row, profile.slug
            raise UsageError(Problem("no-edition", "この表は、まだ1度も受け取っていません。", profile.name, _UNCHANGED, "publisher status で確かめてください。"))
    row = ledger.documents.get(said) or next(iter(ledger.documents.at_path(said)), None)
    if row is not None and (row.card is None or row.card.kind is Kind.TABLE):
        return row, row.id
    known = "、".join(f"「{profile.slug}」（{profile.name}）" for profile in settings.tables) or "ありません"
    raise UsageError(Problem("unknown-table", "その表は見つかりません。", "TABLE", _UNCHANGED, f"表の名前かアドレスの語で指定してください。設定にある表: {known}。"))


def find(ledger: Ledger, settings: Settings, archive: Archive, table: str, row: str) -> Found:
    """Whom an official means, in the newest edition that has them. Raises ``UsageError`` when nobody or more than one fits."""
    document, slug = table_of(ledger, settings, table)
    versions = sorted((v for v in ledger.documents.versions(document.id) if not v.gone), key=lambda v: (v.moment, v.number), reverse=True)
    for version in versions:
        for sheet in _tables(version, archive):
            people = People(sheet, _key(settings, version))
            places = people.find(row)
            if not places:
                continue
            persons = {people.person(sheet.rows[i]): None for i in places}
            persons.pop(Person(), None)
            numbers = tuple(sheet.lines[i] for i in places)
            if len(persons) > 1:
                raise UsageError(_ambiguous(version.path, numbers))
            if persons:
                return Found(document, slug, tuple(persons), numbers)
            raise UsageError(_nobody_there(version.path))
    raise UsageError(_nobody())


def _tables(version: VersionRow, archive: Archive) -> Sequence[Table]:
    from publisher.readers import read

    try:
        content = read(version.path, archive.read(version.sha256), version.moment)
    except (Unreadable, OSError, ValueError):
        return ()  # an edition that cannot be read shows nobody
    return content.tables if isinstance(content, Workbook) else ()


def _key(settings: Settings, version: VersionRow) -> str | None:
    profile = identify(version.path, settings).profile
    return profile.key if profile is not None else None


def _ambiguous(path: str, numbers: Sequence[int]) -> Problem:
    listed = "、".join(f"行{number}" for number in numbers[:40]) + ("など" if len(numbers) > 40 else "")
    return Problem(
        "ambiguous-row",
        f"あてはまる方が{len(numbers)}人います（{listed}）。",
        path,
        _UNCHANGED,
        f"ファイルで確かめて、「行{numbers[0]}」のように行の番号で指定してください。",
    )


def _nobody_there(path: str) -> Problem:
    return Problem("empty-row", "その行には、氏名も読みも受付番号もありません。", path, _UNCHANGED, "行の番号を確かめてください。")


def _nobody() -> Problem:
    return Problem(
        "unknown-row",
        "あてはまる方が見つかりません。",
        "ROW",
        _UNCHANGED,
        "行の番号（行12）、受付番号などの見分ける列の値、氏名か読みのどれかで指定してください。これまでの版もすべて探しました。",
    )


def find_restricted(ledger: Ledger, settings: Settings, archive: Archive, table: str, row: str) -> Found:
    """Whose restriction is to be lifted: by its number (r3), or by the person as for restricting. Raises ``UsageError``."""
    register = restrictions.load(settings.paths.state, ledger.fact(restrictions.FACT))
    if re.fullmatch(r"r\d+", row.strip()):
        document, slug = table_of(ledger, settings, table)
        known = register.of(slug)
        if known and any(entry.id == row.strip() for entry in known.entries):
            return Found(document, slug, (), (), (row.strip(),))
        raise UsageError(_not_restricted())
    found = find(ledger, settings, archive, table, row)
    known = register.of(found.slug)
    ids = _ids_of(known, found.people) if known else ()
    if not ids:
        raise UsageError(_not_restricted())
    return replace(found, entries=ids)


def _ids_of(known: Restrictions, people: Sequence[Person]) -> tuple[str, ...]:
    from publisher.review.restrict import matching

    return tuple(entry.id for entry in known.entries if any(matching(entry, person, known.key) for person in people))


def _not_restricted() -> Problem:
    return Problem("not-restricted", "この表では、その方を「載せない」とは決めていません。", "ROW", _UNCHANGED, "表と行の指定を確かめてください。")


def decide(settings: Settings, found: Found, moment: datetime, who: str, lift: bool) -> tuple[str, ...]:
    """Put it on record, where a running ``publisher watch`` sees it. Returns the numbers of the restrictions."""
    if lift:
        restrictions.lift(settings.paths.state, found.entries, moment, who)
        return found.entries
    made = restrictions.add(settings.paths.state, found.slug, found.people, moment, who)
    return tuple(entry.restriction.id for entry in made)


def applied(ledger: Ledger, state: Path) -> bool:
    """Whether the site was built under today's restrictions."""
    fact = ledger.fact(restrictions.FACT)
    return not restrictions.load(state, fact).changed(fact)


def receipts(ledger: Ledger, settings: Settings, document: str, since: datetime) -> tuple[TakeDownLine, ...]:
    """How the take-down stands on each mirror that is configured."""
    names = {mirror.name for mirror in settings.mirrors}
    return lines(row for row in ledger.takedowns.of(document, since) if row.mirror in names)
