"""What a machine did alone, when it takes over the state of another one: nothing of it is lost, and nothing of it undoes what is newer over there.

Files that both changed are put aside below ``_控え``; the ledger is kept beside the new one; what people decided here is done once more when this
machine leads, for exactly the bytes that it was about.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from datetime import datetime
from pathlib import Path

from publisher.backup.bring import lay_out
from publisher.backup.vault import SHOWN
from publisher.intake.listing import listing
from publisher.ledger.copies import copy_ledger, facts_of, known_bytes, standing
from publisher.ledger.differences import (
    Record,
    comparable,
    decided,
    enter,
    grew,
    overtaken,
    own_records,
    standing_bytes,
)
from publisher.model import Problem
from publisher.pipeline import requests
from publisher.settings import Settings

ASIDE = "_控え"
NAMED = 10
"""So many files are named in one message."""


def newer_there(settings: Settings, theirs: Path, ours: Path | None) -> set[str]:
    """The paths at which something happened over there that this machine knows nothing of. To be asked before the archive is brought."""
    archive = settings.paths.state / "archive"
    return overtaken(theirs, ours if ours is not None and comparable(ours) else None, lambda sha256: (archive / sha256[:2] / sha256).exists())


def drop_folder(settings: Settings, theirs: Path, newer: set[str], now: datetime) -> list[Problem]:
    """The drop folder as it stands over there, with what is news here left in its place.

    ``newer``: where our own edit would undo what happened over there. It is put aside, and staff are told.
    """
    content, problems, clashes = settings.paths.content, [], []
    content.mkdir(parents=True, exist_ok=True)
    aside = content / ASIDE / f"{now:%Y%m%d-%H%M%S}"
    knows, wanted = known_bytes(theirs), {file.path: file for file in standing(theirs)}
    for path, entry in listing(content).entries.items():
        place = content / entry.real
        try:
            mine = hashlib.sha256(place.read_bytes()).hexdigest()
            there = wanted.get(path)
            if there is not None and there.sha256 == mine:
                os.utime(place, ns=(there.mtime, there.mtime))
            elif knows(path, mine):
                _put_aside(place, aside / path)
            elif path in newer:
                _put_aside(place, aside / path)
                clashes.append(path)
        except FileNotFoundError:
            continue  # taken away since it was listed
    if clashes:
        problems.append(_clash(clashes, aside))
    return problems + [_lost_file(path) for path in lay_out(wanted.values(), settings.paths.state / "archive", content)]


def records(settings: Settings, theirs: Path, ours: Path, keep: bool = False) -> list[Problem]:
    """Keep our ledger where it holds more than theirs (``keep``: in any case), and carry over what people decided here.

    A decision about bytes that stand over there is asked for anew, and done when this machine leads; one about bytes that stand nowhere over there
    is entered; one about bytes in whose place others stand over there, or about which somebody decided later, is told.
    """
    if not comparable(ours):
        return [_kept(_keep(ours))]
    own = own_records(theirs, ours)
    led = int(facts_of(ours).get("fence", 0)) > 0
    kept = _keep(ours) if keep or own or (led and grew(theirs, ours)) else None
    last = {(one.target, one.detail): one for one in own if one.action in requests.ACTIONS}
    lines, hold, undone = [], [], []
    for one in own:
        if one.action not in requests.ACTIONS:
            # The register of restrictions is a file, which is merged by itself and logged from there; only a lifting does not pass over.
            (undone if one.action == "lift" else lines if one.action != "restrict" else []).append(one)
            continue
        there = standing_bytes(theirs, one.target)
        later = decided(theirs, one.target, one.detail)
        if last[one.target, one.detail] is not one or (later and datetime.fromisoformat(later) > datetime.fromisoformat(one.moment)):
            lines.append(one)
        elif there == one.detail:
            requests.leave(settings.paths.state, requests.Request(one.action, one.target, one.who, one.detail, one.moment))
        else:
            lines.append(one)
            hold.append(one)
            if there is not None:
                undone.append(one)
    enter(theirs, lines, hold)
    return [_undone(undone, kept)] if undone and kept is not None else []


def _keep(ledger: Path) -> Path:
    """A whole copy beside it, under a name that is free; of one that cannot be read its bytes as they are."""
    whole = comparable(ledger)
    fence, number = facts_of(ledger).get("fence", "0") if whole else "broken", 1
    while (target := ledger.with_name(f"ledger.{fence}{f'-{number}' if number > 1 else ''}.db")).exists():
        number += 1
    part = target.with_suffix(".part")
    copy_ledger(ledger, part) if whole else shutil.copyfile(ledger, part)
    part.chmod(ledger.stat().st_mode & 0o777)
    part.replace(target)
    return target


def _put_aside(place: Path, target: Path) -> None:
    """Never over what was put aside before."""
    target.parent.mkdir(parents=True, exist_ok=True)
    number, free = 1, target
    while free.exists():
        number += 1
        free = target.with_name(f"{target.stem}-{number}{target.suffix}")
    place.rename(free)


def _named(names: list[str]) -> str:
    rest = f"、ほか{len(names) - NAMED}件" if len(names) > NAMED else ""
    return "、".join(f"「{name}」" for name in names[:NAMED]) + rest


def _clash(paths: list[str], aside: Path) -> Problem:
    return Problem(
        "both-changed", f"この機械で変えたファイルが、続きを受け持った機械でも変えられていました（{_named(paths)}）。", str(aside),
        "続きを受け持った機械のほうの内容が公開されています。この機械で変えた内容は、公開していません。",
        "_控え に移した写しと見比べて、要るところを投入フォルダーのファイルに書き足してください。",
    )  # fmt: skip


def _undone(records: list[Record], kept: Path) -> Problem:
    words = {"withdraw": "取り消し", "release": "公開の許可", "lift": "「載せない」の解除"}
    what = [f"{one.target} の{words[one.action]}" for one in records]
    return Problem(
        "decisions-overtaken", f"この機械で決めたことの一部は、その後に内容が変わったなどのため、引き継いでいません（{_named(what)}）。", str(kept),
        "続きを受け持った機械のほうの内容が公開されています。", "今も要るものは、もう一度指示してください（publisher withdraw、release、restrict --lift）。",
    )  # fmt: skip


def _kept(kept: Path) -> Problem:
    return Problem(
        "ledger-kept", "この機械の前の記録は、別の版のものか壊れていて、続きと比べられません。横に残して、バックアップの記録で続けます。", str(kept), SHOWN,
        "この機械だけで決めたこと（取り消しや公開の許可）があれば、もう一度指示してください。",
    )  # fmt: skip


def _lost_file(path: str) -> Problem:
    return Problem(
        "restore-lost", "バックアップの中の写しが欠けているか壊れていて、投入フォルダーに戻せませんでした。", path, "次の公開で、取り消された扱いになることがあります。",
        "もとのファイルがどこかに残っていれば、投入フォルダーに入れ直してください。",
    )  # fmt: skip
