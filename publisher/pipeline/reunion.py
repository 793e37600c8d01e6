"""What a machine did alone, when it takes over the state of another one: nothing of it is lost, and nothing of it undoes what is newer over there.

Files that both changed are put aside below ``_控え``; the ledger is kept beside the new one; what people decided here is done once more when this
machine leads, for exactly the bytes that it was about.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from publisher.backup.bring import lay_out
from publisher.backup.vault import SHOWN
from publisher.intake.listing import listing
from publisher.ledger.copies import copy_ledger, facts_of, known_bytes, standing
from publisher.ledger.differences import (
    CARRIED,
    Place,
    Record,
    comparable,
    decided,
    decided_anywhere,
    enter,
    entered,
    grew,
    overtaken,
    own_records,
    places_of,
    standing_bytes,
)
from publisher.model import Problem
from publisher.pipeline import requests
from publisher.settings import Settings
from publisher.values import frozen

ASIDE = "_控え"
TOLD = "overtaken"
"""The fact of a ledger which decisions were told of as overtaken when it was taken over."""

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

    A decision about bytes that stand over there, at whatever path, is asked for anew, and done when this machine leads; one about bytes that stand
    nowhere over there is entered; one about bytes in whose place others stand over there, or about which somebody decided otherwise later, is told.
    So is one that waits since an earlier time, when it is overtaken meanwhile. What was kept and told when this ledger of ours was taken over is not
    kept and told again, as long as theirs lacks it.
    """
    whole = comparable(ours)
    facts = facts_of(ours) if whole else {}
    own = own_records(theirs, ours) if whole else []
    wanted = {**_decisions(own, ours), **{_record(request): request for _, request in requests.pending(settings.paths.state)}}
    asked: list[requests.Request] = []
    lines: list[Record] = []
    hold: list[Record] = []
    undone: dict[str, str] = {}
    for one in dict.fromkeys((*own, *wanted)):
        if one not in wanted:
            # The register of restrictions is a file, which is merged by itself and logged from there; only a lifting does not pass over.
            if one.action == "lift":
                undone[_key(one)] = _said(one)
            elif one.action != "restrict":
                lines.append(one)
            continue
        fate = _fate(theirs, wanted[one])
        undone |= {_key(one, path): _said(one, path) for path in fate.overtaken}
        if fate.paths:
            asked.append(wanted[one])
        if fate.holds:
            hold.append(one)
        if fate.holds or not fate.paths:  # else its line comes with the request
            lines.append(one)
    told = json.loads(facts.get(TOLD, "[]"))
    news = [words for key, words in undone.items() if key not in told]
    alone = whole and (own_records(theirs, ours, int(facts.get(CARRIED, 0))) or (int(facts.get("fence", 0)) > 0 and grew(theirs, ours)))
    kept = _keep(ours) if keep or news or alone or not whole else None
    for request in asked:
        requests.leave(settings.paths.state, request)
    enter(theirs, lines, hold, {TOLD: json.dumps(list(undone), ensure_ascii=False)})
    if kept is None:
        return []
    return [*([] if whole else [_kept(kept)]), *([_undone(news, kept)] if news else [])]


def forget(settings: Settings, ledger: Path) -> None:
    """Requests that were overtaken over there are told of and on record, now that this ledger was taken over: they need not be done."""
    for file, request in requests.pending(settings.paths.state):
        if not _fate(ledger, request).paths and entered(ledger, _record(request)):
            file.unlink()


@frozen
class _Fate:
    """What becomes of a decision over there: the paths at which it is to be done, those at which somebody decided otherwise later (or other bytes
    stand), and whether it holds for its own path because these bytes are not there."""

    paths: tuple[str, ...]
    overtaken: tuple[str, ...]
    holds: bool


def _fate(theirs: Path, request: requests.Request) -> _Fate:
    moment = datetime.fromisoformat(request.moment)
    standing = {place.path: place for place in places_of(theirs, request.sha256)}
    wanted = requests.holds_at(request, {place.path: place.document for place in standing.values()})
    otherwise = _is_later(decided_anywhere(theirs, request.sha256, requests.OPPOSITE[request.action]), moment)
    later = [path for path in wanted if _is_later(standing[path].moment, moment) or requests.outdone(request, path, standing[path].document, otherwise)]
    holds = request.path not in standing and not _is_later(decided(theirs, request.path, request.sha256), moment)
    overtaken = [path for path in later if standing[path].action != request.action]
    if holds and not wanted and (standing_bytes(theirs, request.path) is not None or _refused(request, standing.values())):
        overtaken = [request.path]
    return _Fate(tuple(path for path in wanted if path not in later), tuple(overtaken), holds)


def _is_later(said: str, moment: datetime) -> bool:
    """``said``: when somebody decided; "" when nobody did."""
    return said != "" and datetime.fromisoformat(said) > moment


def _refused(request: requests.Request, standing: Iterable[Place]) -> bool:
    """Was something let through here that is kept back over there, at a place for which it was not let through?"""
    return request.action == "release" and any(place.verdict in ("held", "withdrawn") and place.path not in request.let_be for place in standing)


def _decisions(own: Sequence[Record], ours: Path) -> dict[Record, requests.Request]:
    """Releases and withdrawals of this machine; of several about the same bytes at one path the last."""
    made = {(one.target, one.detail): one for one in own if one.action in requests.ACTIONS}
    return {one: _request(one, places_of(ours, one.detail), made.keys()) for one in made.values()}


def _request(one: Record, here: Sequence[Place], spoken: Collection[tuple[str, str]]) -> requests.Request:
    """``here``: where the bytes stand on this machine; ``spoken``: of what the person decided apart from this."""
    others = [place for place in here if place.path != one.target]
    let_be = [place.path for place in others if one.action == "release" or place.verdict != "withdrawn" or (place.path, one.detail) in spoken]
    # What was let through may have moved since, and its release with it.
    files = [place for place in here if place.path == one.target] or [place for place in others if place.action == "release"]
    return requests.Request(one.action, one.target, one.who, one.detail, one.moment, files[0].document if files else "", tuple(let_be))


def _record(request: requests.Request) -> Record:
    """As the audit log would have it."""
    return Record(request.moment, request.who, request.action, request.path, request.sha256)


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


def _key(one: Record, path: str = "") -> str:
    """Tells a decision that was overtaken (at this path) from any other."""
    return f"{one.moment} {one.action} {one.target} {path or one.target}"


def _said(one: Record, path: str = "") -> str:
    """A decision in words. ``path``: where the file stands over there."""
    words = {"withdraw": "取り消し", "release": "公開の許可", "lift": "「載せない」の解除"}
    moved = f"（今は {path}）" if path not in ("", one.target) else ""
    return f"{one.target}{moved} の{words[one.action]}"


def _undone(what: list[str], kept: Path) -> Problem:
    return Problem(
        "decisions-overtaken", f"この機械で決めたことの一部は、その後に内容が変わったか、別に決め直されたなどのため、引き継いでいません（{_named(what)}）。", str(kept),
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
