"""``publisher mirrors probe``: what each mirror really does, tried and written down."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime

from publisher.errors import PublisherError, UsageError
from publisher.ledger import Ledger
from publisher.mirrors import open_mirror
from publisher.mirrors.probe import Probe, probe
from publisher.model import Problem
from publisher.settings import MirrorSettings, Settings


def probe_all(settings: Settings, name: str | None, now: datetime, dry: bool = False) -> tuple[Probe, ...]:
    """Try the mirror ``name``, or all of them, and record in the ledger what was found. Raises ``UsageError`` for an unknown name."""
    wanted = [mirror for mirror in settings.mirrors if name in (None, mirror.name)]
    if not wanted:
        raise UsageError(_unknown(settings, name))
    if dry:
        return tuple(Probe(mirror.name, ()) for mirror in wanted)
    found = tuple(_one(settings, mirror) for mirror in wanted)
    with closing(Ledger(settings.paths.state / "ledger.db")) as ledger, ledger.transaction():
        for result in found:
            ledger.remember(f"probe {result.mirror}", json.dumps({"moment": now.isoformat(), **result.as_json()}, ensure_ascii=False))
    return found


def _one(settings: Settings, mirror: MirrorSettings) -> Probe:
    try:
        return probe(open_mirror(mirror, settings.secret))
    except PublisherError as error:
        return Probe(mirror.name, (), problem=error.problem)


def _unknown(settings: Settings, name: str | None) -> Problem:
    names = "、".join(f"「{mirror.name}」" for mirror in settings.mirrors)
    return Problem(
        "no-mirror",
        f"「{name}」という公開先はありません。" if name else "公開先が1つもありません。",
        str(settings.paths.directory / "publisher.toml"),
        "",
        f"あるのは {names} です。" if names else "[[mirrors]] に公開先を書いてください。",
    )
