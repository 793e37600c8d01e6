"""After another machine has led: what does a mirror really hold?

The receipts in a ledger that was brought back are as old as the backup. What was sent after it is found by the mirror's own manifest: a shard
that is not the one we know of is read, and its files count as what the mirror holds. Then one comparison of everything sends what differs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from publisher.errors import PublisherError
from publisher.ledger import Ledger
from publisher.ledger.mirrors import MirrorRow
from publisher.mirrors import Mirror
from publisher.model import Receipt
from publisher.pipeline.hurry import ANSWER, in_time, once
from publisher.settings import MirrorSettings, Settings
from publisher.site.manifest import shard_path


def settle(ledger: Ledger, mirror: Mirror, row: MirrorRow, now: datetime) -> MirrorRow:
    """Ask the mirror, once after each bringing back; the row to plan from. Raises ``MirrorError``."""
    doubt = ledger.fact("doubt")
    if doubt is None or ledger.fact(f"doubt {row.name}") == doubt:
        return row
    held = dict(_held(ledger, mirror, row.name))
    with ledger.transaction():
        if not held:
            ledger.mirrors.deleted(row.name, [record.path for record in ledger.pages.all()])
        known = ledger.mirrors.receipts(row.name, held)
        ledger.mirrors.confirm(
            Receipt(row.name, path, sha256, known.get(path, ("", ""))[1], now) for path, sha256 in held.items() if known.get(path, ("",))[0] != sha256
        )
        new = replace(row, serial=0)
        ledger.mirrors.settle(new)
        ledger.remember(f"doubt {row.name}", doubt)
    return new


def answering(settings: Settings) -> list[tuple[Mirror, int]]:
    """The mirrors that answer at once, the quickest first, with the serial that each shows now. All are asked at the same time, and once."""

    def one(settings_: MirrorSettings) -> tuple[Mirror | None, int]:
        try:
            mirror = once(settings_, settings)
            stored = mirror.get("manifest.json")
        except PublisherError:
            return None, 0  # it cannot be asked: its line will say so when it is sent to
        try:
            return mirror, int(json.loads(stored.body)["serial"]) if stored is not None else 0
        except (ValueError, KeyError, TypeError):
            return mirror, 0

    said = in_time([lambda mirror=mirror: one(mirror) for mirror in settings.mirrors], ANSWER)
    return [(mirror, serial) for mirror, serial in said if mirror is not None]


def published(settings: Settings) -> int:
    """The highest serial that any mirror shows now; 0 where none answers."""
    return max((serial for _, serial in answering(settings)), default=0)


def _held(ledger: Ledger, mirror: Mirror, name: str) -> Iterator[tuple[str, str]]:
    """(path, SHA-256) of what the manifest says and our receipts do not; nothing at all where there is no manifest."""
    stored = mirror.get("manifest.json")
    try:
        shards = json.loads(stored.body)["shards"] if stored is not None else {}
    except (ValueError, KeyError, TypeError):
        return
    if stored is not None:
        yield "manifest.json", stored.sha256
    todo = [(prefix, str(sha256)) for prefix, (sha256, _) in shards.items()]
    while todo:
        prefix, sha256 = todo.pop()
        path = shard_path(prefix)
        if ledger.mirrors.receipts(name, [path]).get(path, ("",))[0] == sha256:
            continue
        shard = mirror.get(path)
        if shard is None or hashlib.sha256(shard.body).hexdigest() != sha256:
            yield path, ""
            yield from ((record.path, "") for record in ledger.pages.in_shard(prefix))
            continue
        yield path, sha256
        value = json.loads(shard.body)
        files = {file: str(about[0]) for file, about in value.get("files", {}).items()}
        yield from files.items()
        if files:
            yield from ((record.path, "") for record in ledger.pages.in_shard(prefix) if record.path not in files)
        todo += [(child, str(about[0])) for child, about in value.get("shards", {}).items()]
