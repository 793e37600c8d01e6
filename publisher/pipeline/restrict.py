"""Taking one person off a list: who is meant, what is put on record, and how far it has got on each mirror."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
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
from publisher.review.persons import quoted
from publisher.review.restrict import People, Person, Restrictions
from publisher.settings import Settings
from publisher.values import frozen, replace

_UNCHANGED = "公開中のページは、変わっていません。"


@frozen
class Found:
    """Whom the command means. ``rows``: their row numbers in the newest edition that has them; nothing here says a name.

    ``sheets``: the sheet of each row, empty where the file has one only.
    """

    document: DocumentRow
    slug: str
    people: tuple[Person, ...]
    rows: tuple[int, ...]
    entries: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()


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
    sheets: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "table": self.slug, "rows": list(self.rows), "sheets": list(self.sheets), "restrictions": list(self.entries), "lifted": self.lifted, "applied": self.applied,
            "dry_run": self.dry, "receipts": [line.as_json() for line in self.receipts],
        }  # fmt: skip

    @property
    def said_rows(self) -> str:
        """Where the person stands, for people: ``シート「高台」の行3``."""
        return _listed(self.sheets, self.rows)

    @property
    def exit_code(self) -> int:
        """0 gone everywhere · 1 the site could not be changed yet · 4 a mirror may still have it."""
        if self.dry:
            return 0
        if not self.applied:
            return 1
        return 4 if any(line.done is None for line in self.receipts) else 0


def table_of(ledger: Ledger, settings: Settings, wanted: str) -> tuple[DocumentRow, str, int | None]:
    """The table by slug, name or folder of its profile, by its id or path; and which sheet of it (from 0), where the address of one is said.

    Raises ``UsageError``.
    """
    said = wanted.strip().strip("/")
    if (found := _named(ledger, settings, said)) is not None:
        return *found, None
    # further sheets have addresses of their own (hinansha-2); the first may be called -1 in the same way
    sheet = re.fullmatch(r"(.+)-([1-9]\d{0,3})", said)
    if sheet and (found := _named(ledger, settings, sheet[1])) is not None:
        return *found, int(sheet[2]) - 1
    known = "、".join(f"「{profile.slug}」（{profile.name}）" for profile in settings.tables) or "ありません"
    raise UsageError(Problem("unknown-table", "その表は見つかりません。", "TABLE", _UNCHANGED, f"表の名前かアドレスの語で指定してください。設定にある表: {known}。"))


def _named(ledger: Ledger, settings: Settings, said: str) -> tuple[DocumentRow, str] | None:
    for profile in settings.tables:
        if said in (profile.slug, profile.name, profile.path, f"{settings.paths.content.name}/{profile.path}"):
            row = ledger.documents.by_key(profile.path.rstrip("/") + "/")
            if row is not None:
                return row, profile.slug
            raise UsageError(Problem("no-edition", "この表は、まだ1度も受け取っていません。", profile.name, _UNCHANGED, "publisher status で確かめてください。"))
    file = ledger.files.get(said)
    row = ledger.documents.get(file.document if file is not None else said) or next(iter(ledger.documents.at_path(said)), None)
    if row is not None and (row.card is None or row.card.kind is Kind.TABLE):
        return row, row.id
    return None


def find(ledger: Ledger, settings: Settings, archive: Archive, table: str, row: str) -> Found:
    """Whom an official means, in the newest edition that has them, on any of its sheets.

    ``row`` may name the sheet in front (高台！行3), as ``table`` may (hinansha-2). Raises ``UsageError`` when nobody or more than one fits.
    """
    document, slug, at = table_of(ledger, settings, table)
    versions = sorted((v for v in ledger.documents.versions(document.id) if not v.gone), key=lambda v: (v.moment, v.number), reverse=True)
    looked_at = False
    for version in versions:
        tables = _tables(version, archive)
        places, said = _sheets(tables, at, row)
        looked_at = looked_at or bool(places)
        key = _key(settings, version)
        hits: list[tuple[int, int, Person]] = []
        for place in places:
            people = People(tables[place], key)
            hits += [(place, tables[place].lines[i], people.person(tables[place].rows[i])) for i in people.find(said)]
        if not hits:
            continue
        # a row of which nothing could be kept is nobody: a list of places beside the roll has a third row, too
        meant = [hit for hit in hits if any(hit[2].parts())]
        if not meant:
            raise UsageError(_nobody_there(version.path))
        names = tuple(_called(tables, place) for place, _, _ in meant) if len(tables) > 1 else ()
        numbers = tuple(line for _, line, _ in meant)
        persons = tuple(dict.fromkeys(person for _, _, person in meant))
        if len(persons) > 1:
            several = len({place for place, _, _ in meant}) > 1
            raise UsageError(_on_sheets(version.path, slug, names, meant) if several else _ambiguous(version.path, numbers))
        return Found(document, slug, persons, numbers, sheets=names)
    raise UsageError(_nobody() if looked_at or not versions else _no_such_sheet(versions[0].path))


def _sheets(tables: Sequence[Table], at: int | None, row: str) -> tuple[list[int], str]:
    """Which sheets are meant, by number, and what is said of the row. What stands before a ``!`` is a sheet only where one is called so."""
    places = [place for place in range(len(tables)) if at is None or place == at]
    sheet, mark, rest = unicodedata.normalize("NFKC", row).rpartition("!")
    wanted = _plain(sheet)
    named = [place for place in places if wanted and _plain(tables[place].name) == wanted] if mark else []
    return (named, rest) if named else (places, row)


def _plain(name: str) -> str:
    """The name of a sheet for comparing; a spreadsheet puts it into quotation marks in front of the ``!``."""
    return "".join(unicodedata.normalize("NFKC", name).split()).strip("'").lower()


def _called(tables: Sequence[Table], place: int) -> str:
    """A sheet, for people. One that is called after somebody is said by its number."""
    name = tables[place].name
    return f"シート{quoted(name)}" if name and quoted(name) == f"「{name}」" else f"{place + 1}枚目のシート"


def _listed(sheets: Sequence[str], numbers: Sequence[int]) -> str:
    several = sheets or [""] * len(numbers)
    told = [f"{sheet}の行{number}" if sheet else f"行{number}" for sheet, number in zip(several, numbers, strict=True)]
    return "、".join(told[:40]) + ("など" if len(told) > 40 else "")


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
    return Problem(
        "ambiguous-row",
        f"あてはまる方が{len(numbers)}人います（{_listed((), numbers)}）。",
        path,
        _UNCHANGED,
        f"ファイルで確かめて、「行{numbers[0]}」のように行の番号で指定してください。",
    )


def _on_sheets(path: str, slug: str, names: Sequence[str], meant: Iterable[tuple[int, int, Person]]) -> Problem:
    places, numbers = zip(*[(place, line) for place, line, _ in meant], strict=True)
    name, number, address = names[-1], numbers[-1], f"{slug}-{places[-1] + 1}"
    first = f"「{name[4:-1]}！行{number}」のようにシートの名前を付けるか、" if name.startswith("シート") else ""
    return Problem(
        "ambiguous-sheet",
        f"あてはまる方が、いくつかのシートに合わせて{len(numbers)}人います（{_listed(names, numbers)}）。",
        path,
        _UNCHANGED,
        f"ファイルで確かめて、{first}表を「{address}」（{places[-1] + 1}枚目のシート）のように指定し、行の番号を「行{number}」のように書いてください。",
    )


def _no_such_sheet(path: str) -> Problem:
    return Problem("unknown-sheet", "その番号のシートは、どの版にもありません。", path, _UNCHANGED, "シートの枚数と順番を、ファイルで確かめてください（1枚目は「-1」です）。")


def _nobody_there(path: str) -> Problem:
    return Problem("empty-row", "その行には、氏名も読みも受付番号もありません。", path, _UNCHANGED, "行の番号を確かめてください。")


def _nobody() -> Problem:
    return Problem(
        "unknown-row",
        "あてはまる方が見つかりません。",
        "ROW",
        _UNCHANGED,
        "行の番号（行12、シートがいくつもあるときは 高台！行12）、受付番号などの見分ける列の値、氏名か読みのどれかで指定してください。これまでの版もすべて探しました。",
    )


def find_restricted(ledger: Ledger, settings: Settings, archive: Archive, table: str, row: str) -> Found:
    """Whose restriction is to be lifted: by its number (r3), or by the person as for restricting. Raises ``UsageError``."""
    register = restrictions.load(settings.paths.state, ledger.fact(restrictions.FACT))
    if re.fullmatch(r"r\d+", row.strip()):
        document, slug, _ = table_of(ledger, settings, table)
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
