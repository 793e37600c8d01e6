"""After another machine has led: what does a mirror really hold?

The receipts in a ledger that was brought back are as old as the backup. What was sent after it is found by the mirror's own manifest: a shard
that is not the one we know of is read, and its files count as what the mirror holds. Then one comparison of everything sends what differs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from publisher.errors import PublisherError
from publisher.ledger import Ledger
from publisher.ledger.mirrors import MirrorRow
from publisher.mirrors import Mirror
from publisher.model import Receipt
from publisher.pipeline.hurry import ANSWER, in_time, once
from publisher.proof.tree import DEEPEST, ROOT, Broken, parse_root, read_shard, shard_path
from publisher.settings import MirrorSettings, Settings
from publisher.values import replace


def settle(ledger: Ledger, mirror: Mirror, row: MirrorRow, now: datetime) -> MirrorRow:
    """Ask the mirror, once after each bringing back; the row to plan from. Raises ``MirrorError``."""
    doubt = ledger.fact("doubt")
    if doubt is None or ledger.fact(f"doubt {row.name}") == doubt:
        return row
    known_to_stand = dict(held(ledger, mirror, row.name))
    with ledger.transaction():
        if not known_to_stand:
            ledger.mirrors.deleted(row.name, [record.path for record in ledger.pages.all()])
        known = ledger.mirrors.receipts(row.name, known_to_stand)
        ledger.mirrors.confirm(
            Receipt(row.name, path, sha256, known.get(path, ("", ""))[1], now)
            for path, sha256 in known_to_stand.items()
            if known.get(path, ("",))[0] != sha256
        )
        ledger.mirrors.led_to(row.name, known_to_stand)  # another machine has finished what was broken off here
        new = replace(row, serial=0)
        ledger.mirrors.settle(new)
        ledger.remember(f"doubt {row.name}", doubt)
    return new


def answering(settings: Settings) -> list[tuple[Mirror, int]]:
    """The mirrors that answer at once, the quickest first, with the serial that each shows now. All are asked at the same time, and once."""

    def one(settings_: MirrorSettings) -> tuple[Mirror | None, int]:
        try:
            mirror = once(settings_, settings)
            stored = mirror.get(ROOT)
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


def held(ledger: Ledger, mirror: Mirror, name: str) -> Iterator[tuple[str, str]]:
    """(path, SHA-256) of what the manifest says and our receipts do not; nothing at all where there is no manifest that can be read."""
    stored = mirror.get(ROOT)
    try:
        root = parse_root(stored.body) if stored is not None else None
    except Broken:
        return  # whoever wrote it, it says nothing of what the mirror holds
    if stored is None or root is None:
        return
    yield ROOT, stored.sha256
    todo = [(prefix, sha256) for prefix, (sha256, _) in root.shards.items()]
    while todo:
        prefix, sha256 = todo.pop()
        path = shard_path(prefix)
        if ledger.mirrors.receipts(name, [path]).get(path, ("",))[0] == sha256:
            continue
        shard = mirror.get(path)
        try:
            if shard is None or len(prefix) > DEEPEST:
                raise Broken("missing", path, "目録の一部がありません")
            below, files = read_shard(shard.body, prefix, sha256)
        except Broken:
            yield path, ""
            yield from ((ours, "") for ours, *_ in ledger.pages.in_shard(prefix))
            continue
        yield path, sha256
        yield from ((file.path, file.sha256) for file in files)
        if files:
            named = {file.path for file in files}
            yield from ((ours, "") for ours, *_ in ledger.pages.in_shard(prefix) if ours not in named)
        todo += [(child, hashed) for child, (hashed, _) in below.items()]
