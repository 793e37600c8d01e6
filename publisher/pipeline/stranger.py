"""Has somebody else written to a mirror? Its manifest tells, in one request a change."""

from __future__ import annotations

import json
from datetime import datetime

from publisher.ledger import Ledger
from publisher.ledger.mirrors import MirrorRow
from publisher.mirrors import Mirror, MirrorPlan, Rank, Stored, problem
from publisher.mirrors.trouble import refused
from publisher.model import Problem, Receipt
from publisher.pipeline.doubt import held
from publisher.pipeline.keys import signing_key
from publisher.proof.minisign import Forged, Malformed, verify
from publisher.proof.tree import ROOT, SIGNATURE, Broken, parse_root
from publisher.settings import MirrorSettings, Settings
from publisher.values import replace


def adopt(settings: Settings, ledger: Ledger, mirror: Mirror, row: MirrorRow, now: datetime) -> bool:
    """Of a mirror of which nothing is known: what our own manifest lists there counts as held. Whether anything does now. Raises ``MirrorError``.

    A ledger was lost, or the mirror was taken out of the configuration for a while: what was taken down meanwhile would stay there for ever.
    """
    if row.serial or ledger.mirrors.held(row.name):
        return False
    stored = mirror.get(ROOT)
    if stored is None or not _is_ours(settings, mirror, stored):
        return False
    # Under which headers a file lies there is not known.
    receipts = [Receipt(row.name, path, sha256, "", now) for path, sha256 in dict(held(ledger, mirror, row.name)).items()]
    receipts += [Receipt(row.name, SIGNATURE, "", "", now)] if mirror.head(SIGNATURE) is not None else []
    with ledger.transaction():
        ledger.mirrors.confirm(receipts)
    return bool(receipts)


def stranger(settings: Settings, ledger: Ledger, mirror: Mirror, place: MirrorSettings, row: MirrorRow, plan: MirrorPlan) -> Problem | None:
    """What staff have to know where the manifest that stands there is not the one that we confirmed; else None.

    The receipts of the mirror promise nothing then: whatever was overwritten is sent again. Raises ``MirrorRefused`` where a mirror that we
    never wrote to holds the site of another publisher, or where another machine of this town has published more recently; and ``MirrorError``.
    """
    root = next((upload for upload in plan.puts if upload.rank is Rank.MANIFEST), None)
    if root is None:
        return None
    if root.replaces is None and not row.serial and not ledger.mirrors.held(row.name):
        _refuse_another_site(settings, mirror, place)
        return None
    if root.replaces is None or (root.replaces[0] and _is(mirror, root.replaces[0])):
        return None
    begun = not root.replaces[0]  # one of ours was under way, up to today's
    _refuse_older(settings, mirror, place, int((not begun and ledger.fact(sent(row.name))) or ledger.fact("site_serial") or 0))
    if begun:
        return None
    with ledger.transaction():
        # But that of the manifest: should this run break off before its turn, the next one meets the stranger again, and tells.
        ledger.mirrors.suspect(row.name, [record.path for record in ledger.pages.all() if record.path != ROOT])
        ledger.mirrors.settle(replace(row, serial=0))
    return problem(row.name, "foreign")


def sent(name: str) -> str:
    """The fact that bears the serial of the manifest that a mirror has confirmed."""
    return f"sent {name}"


def _is(mirror: Mirror, sha256: str) -> bool:
    head = mirror.head(ROOT)
    if head is not None and head.claimed == sha256:
        return True
    stored = mirror.get(ROOT) if head is not None else None
    return stored is not None and stored.sha256 == sha256


def _is_ours(settings: Settings, mirror: Mirror, stored: Stored) -> bool:
    """Signed by our key; without a key, or after it was lost, of our name for our address."""
    try:
        root = parse_root(stored.body)
    except Broken:
        return False
    named = root.publisher == settings.site.publisher and root.site == settings.site.url
    return named or _is_signed_by_us(settings, mirror, stored)


def _is_signed_by_us(settings: Settings, mirror: Mirror, stored: Stored) -> bool:
    key, _ = signing_key(settings)
    signature = mirror.get(SIGNATURE) if key is not None else None
    if key is None or signature is None:
        return False
    try:
        verify(key.public, stored.body, signature.body.decode("utf-8", "replace"))
    except (Forged, Malformed):
        return False
    return True


def _refuse_older(settings: Settings, mirror: Mirror, place: MirrorSettings, ours: int) -> None:
    """Another machine with our key has gone on since: what it published is not to be replaced by what this one remembers.

    Under a lease whoever holds it decides, and has brought in what the others did.
    """
    if settings.backup is not None and settings.backup.lease:
        return
    stored = mirror.get(ROOT)
    try:
        theirs = parse_root(stored.body).serial if stored is not None else 0
    except Broken:
        return
    if stored is not None and theirs > ours and _is_signed_by_us(settings, mirror, stored):
        raise refused(mirror.name, "newer", place=place.url, theirs=str(theirs), ours=str(ours))


def _refuse_another_site(settings: Settings, mirror: Mirror, place: MirrorSettings) -> None:
    stored = mirror.get(ROOT)
    try:
        told = json.loads(stored.body) if stored is not None else {}
        who = str(told.get("publisher") or "") if isinstance(told, dict) else ""
    except ValueError:
        return
    if who and who != settings.site.publisher:
        raise refused(mirror.name, "occupied", place=place.url, detail=who)
