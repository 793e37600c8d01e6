"""What ``verify`` found damaged on a mirror is sent again, though the mirror once confirmed it.

``verify`` may run beside a publisher that is at work, in another process and without its lock: it only makes receipts promise nothing, in one
transaction, and leaves a mark. Who sends next compares everything, because of the mark, and takes down the mark that he saw before he began:
one that is left meanwhile counts for the run after.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from contextlib import closing

from publisher.ledger import Ledger
from publisher.pipeline.verify import Verdict
from publisher.proof.tree import ROOT
from publisher.settings import Settings


def suspect(settings: Settings, verdicts: Sequence[Verdict]) -> None:
    """Forget what those mirrors confirmed of the files that are damaged there. Raises ``SiteError`` when the ledger cannot be used."""
    damaged = [verdict for verdict in verdicts if verdict.damaged]
    file = settings.paths.state / "ledger.db"
    if not damaged or not file.exists():
        return
    with closing(Ledger(file)) as ledger, ledger.transaction():
        for verdict in damaged:
            ledger.mirrors.suspect(verdict.name, _paths(ledger, verdict.damaged))
            ledger.remember(f"mend {verdict.name}", secrets.token_hex(8))


def _paths(ledger: Ledger, damaged: Collection[str]) -> list[str] | None:
    """None: all. Where the list itself is not ours nothing that it names can be believed; of a list with a damaged part all parts are sent."""
    if ROOT in damaged:
        return None
    parts = ledger.pages.paths_below("manifest/") if any(path.startswith("manifest/") for path in damaged) else []
    return [*damaged, *parts]


def asked(ledger: Ledger, name: str) -> str:
    """The mark that stands at a mirror now; "" where nothing is to be mended."""
    mark = ledger.fact(f"mend {name}") or ""
    return "" if mark == ledger.fact(f"mended {name}") else mark


def done(ledger: Ledger, name: str, mark: str) -> None:
    """Everything was compared since this mark, and sent. Runs within a transaction."""
    ledger.remember(f"mended {name}", mark)
