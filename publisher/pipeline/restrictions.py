"""The register of people who are not to be shown: a file beside the keys, so that it outlives the ledger and goes into every backup.

It holds no name: keyed digests only, and the key. Without it nothing could be matched, and without the ledger it still holds.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path

from publisher.errors import SiteError
from publisher.files import hand_over, keep, own_folder
from publisher.model import Problem
from publisher.review.restrict import Person, Restriction, Restrictions, restriction
from publisher.values import field, frozen

FILE = "restrictions.json"
FACT = "restrictions"
"""The fact of the ledger that says which restrictions the site was built under."""
LOGGED = "restrictions logged"
"""How many of the register's decisions are in the ledger's audit log."""


@frozen
class Entry:
    """A restriction on record: whose table, since when, by whom."""

    restriction: Restriction
    slug: str
    moment: str
    who: str

    def as_json(self) -> dict[str, object]:
        kept = self.restriction
        return {
            "id": kept.id, "table": self.slug, "digests": sorted(kept.digests), "bare": kept.bare, "form": kept.form, "moment": self.moment, "who": self.who,
        }  # fmt: skip


@frozen(slots=False)
class Register:
    """All restrictions. ``key`` is empty as long as there was never one."""

    key: bytes = field(default=b"", repr=False)
    entries: tuple[Entry, ...] = ()
    log: tuple[tuple[str, str, str, str, str], ...] = ()
    """What people decided, for the audit log: (moment, who, action, table, number of the restriction)."""

    @cached_property
    def _by_table(self) -> dict[str, Restrictions]:
        tables: dict[str, list[Restriction]] = {}
        for entry in self.entries:
            tables.setdefault(entry.slug, []).append(entry.restriction)
        return {slug: Restrictions(self.key, tuple(found)) for slug, found in tables.items()}

    def of(self, slug: str) -> Restrictions | None:
        """Those of one table, None when nobody is restricted there."""
        return self._by_table.get(slug)

    @cached_property
    def marks(self) -> dict[str, str]:
        """Table → what its restrictions are, in short: another one when somebody was added or let back."""
        return {
            slug: hashlib.sha256("\n".join(sorted(d for e in found.entries for d in e.digests)).encode()).hexdigest()[:16]
            for slug, found in sorted(self._by_table.items())
        }

    @property
    def fact(self) -> str:
        return json.dumps(self.marks, sort_keys=True)

    def changed(self, fact: str | None) -> list[str]:
        """The tables whose restrictions are others than those that the site was built under."""
        before = json.loads(fact) if fact else {}
        return sorted(slug for slug in {*before, *self.marks} if before.get(slug) != self.marks.get(slug))


def place(state: Path) -> Path:
    return state / "keys" / FILE


def load(state: Path, fact: str | None = None) -> Register:
    """The register. Raises ``SiteError`` when it cannot be read, or is gone though the ledger knows of restrictions: then nothing is built."""
    file = place(state)
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        entries = tuple(
            Entry(Restriction(e["id"], frozenset(e["digests"]), bool(e["bare"]), int(e.get("form", 1))), e["table"], e["moment"], e["who"]) for e in said["entries"]
        )
        return Register(bytes.fromhex(said["key"]), entries, tuple((one[0], one[1], one[2], one[3], one[4]) for one in said["log"]))
    except FileNotFoundError:
        if not fact or fact == "{}":
            return Register()
        raise SiteError(_lost(file, "ありません")) from None
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise SiteError(_lost(file, "読めません")) from error


def _lost(file: Path, what: str) -> Problem:
    return Problem(
        "restrictions-lost",
        f"「この方は載せない」と決めた記録が{what}。載せないはずの方を載せてしまわないように、公開を止めました。",
        str(file),
        "公開中のページは、前のまま変わっていません。",
        "バックアップから、この記録のファイルを戻してください。",
    )


def add(state: Path, slug: str, people: Sequence[Person], moment: datetime, who: str) -> tuple[Entry, ...]:
    """Put people on record. Returns their entries; somebody who is there already gets no second one."""
    with _changing(state) as register:
        key = register.key or secrets.token_bytes(32)
        known = {entry.restriction.digests: entry for entry in register.entries if entry.slug == slug}
        highest = max((int(number[1:]) for *_, number in register.log), default=0)
        found: list[Entry] = []
        new: list[Entry] = []
        for person in people:
            made = restriction(f"r{highest + len(new) + 1}", key, person)
            entry = known.get(made.digests)
            if entry is None:
                entry = known[made.digests] = Entry(made, slug, moment.isoformat(), who)
                new.append(entry)
            found.append(entry)
        log = [(moment.isoformat(), who, "restrict", slug, entry.restriction.id) for entry in new]
        _write(state, Register(key, (*register.entries, *new), (*register.log, *log)))
    return tuple(found)


def lift(state: Path, ids: Iterable[str], moment: datetime, who: str) -> None:
    """Take entries off the record. Their numbers are not used again."""
    gone = set(ids)
    with _changing(state) as register:
        log = [(moment.isoformat(), who, "lift", e.slug, e.restriction.id) for e in register.entries if e.restriction.id in gone]
        _write(state, Register(register.key, tuple(e for e in register.entries if e.restriction.id not in gone), (*register.log, *log)))


def joined(one: bytes, other: bytes) -> bytes | None:
    """Two registers that grew apart, as one that restricts whom either does; None where their keys differ and nothing can be compared.

    Numbers that both gave to different people are given anew. Raises ``ValueError`` for what is no register.
    """
    first, second = json.loads(one), json.loads(other)
    if not second["entries"] or first["key"] == second["key"]:
        known = {(entry["table"], *entry["digests"]) for entry in first["entries"]}
        highest = max((int(row[4][1:]) for said in (first, second) for row in said["log"]), default=0)
        for entry in second["entries"]:
            if (entry["table"], *entry["digests"]) not in known:
                highest += 1
                number = f"r{highest}"
                first["entries"].append(entry | {"id": number})
                first["log"].append([entry["moment"], entry["who"], "restrict", entry["table"], number])
        return json.dumps(first, ensure_ascii=False, indent=1).encode()
    return None if first["entries"] else other


@contextmanager
def _changing(state: Path) -> Iterator[Register]:
    own_folder(place(state).parent)
    with (state / "restrictions.lock").open("w") as lock:
        hand_over(lock.fileno(), state)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield load(state)


def _write(state: Path, register: Register) -> None:
    file = place(state)
    said = {"version": 1, "key": register.key.hex(), "entries": [entry.as_json() for entry in register.entries], "log": register.log}
    keep(file, json.dumps(said, ensure_ascii=False, indent=1).encode())
