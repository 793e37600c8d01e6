"""Has somebody else written to a mirror? Its manifest tells, in one request a change."""

from __future__ import annotations

import json
from dataclasses import replace

from publisher.ledger import Ledger
from publisher.ledger.mirrors import MirrorRow
from publisher.mirrors import Mirror, MirrorPlan, Rank, problem
from publisher.mirrors.trouble import refused
from publisher.model import Problem
from publisher.settings import MirrorSettings, Settings

_ROOT = "manifest.json"


def stranger(settings: Settings, ledger: Ledger, mirror: Mirror, place: MirrorSettings, row: MirrorRow, plan: MirrorPlan) -> Problem | None:
    """What staff have to know where the manifest that stands there is not the one that we confirmed; else None.

    All receipts of the mirror are forgotten then: whatever was overwritten is sent again. Raises ``MirrorRefused`` where a mirror that we
    never wrote to holds the site of another publisher, and ``MirrorError``.
    """
    root = next((upload for upload in plan.puts if upload.rank is Rank.MANIFEST), None)
    if root is None:
        return None
    if root.replaces is None and not row.serial and not ledger.mirrors.held(row.name):
        _refuse_another_site(settings, mirror, place)
        return None
    if root.replaces is None or not root.replaces[0] or _is(mirror, root.replaces[0]):
        return None
    with ledger.transaction():
        ledger.mirrors.deleted(row.name, [_ROOT, *(record.path for record in ledger.pages.all())])
        ledger.mirrors.settle(replace(row, serial=0))
    return problem(row.name, "foreign")


def _is(mirror: Mirror, sha256: str) -> bool:
    head = mirror.head(_ROOT)
    if head is not None and head.claimed == sha256:
        return True
    stored = mirror.get(_ROOT) if head is not None else None
    return stored is not None and stored.sha256 == sha256


def _refuse_another_site(settings: Settings, mirror: Mirror, place: MirrorSettings) -> None:
    stored = mirror.get(_ROOT)
    try:
        told = json.loads(stored.body) if stored is not None else {}
        who = str(told.get("publisher") or "") if isinstance(told, dict) else ""
    except ValueError:
        return
    if who and who != settings.site.publisher:
        raise refused(mirror.name, "occupied", place=place.url, detail=who)
