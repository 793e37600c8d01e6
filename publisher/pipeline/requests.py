"""Decisions of a person while another publisher is at work: the request lies in a folder of its own until that one has done it.

A release or a withdrawal must not wait for somebody who stops the watch. The running publisher looks at each turn, does what is asked as if
it had been asked itself, and answers beside the request. A request that nobody answered is done by whoever works next.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from publisher.errors import PublisherError, UsageError
from publisher.files import keep, own_folder
from publisher.ledger.files import FileRow
from publisher.model import Problem
from publisher.pipeline import decide
from publisher.pipeline.build import Desk
from publisher.values import as_dict, frozen

SUFFIX = ".request"
ACTIONS = ("release", "withdraw")
OPPOSITE = {"release": "withdraw", "withdraw": "release"}
PATIENCE = 60.0
"""Seconds that a person waits for the answer of the running publisher."""

LOOK = 0.05


@frozen
class Request:
    """``path`` as below the drop folder; ``who`` asks, for the audit log.

    ``sha256`` and ``moment``: of a decision that was made before, and holds only for these bytes. Nobody waits for the answer. ``let_be``: where the
    same bytes stood before the eyes of the person, who let them be; ``document``: of which the file was a part.
    """

    action: str
    path: str
    who: str
    sha256: str = ""
    moment: str = ""
    document: str = ""
    let_be: tuple[str, ...] = ()


@frozen
class Decided:
    """``paths`` that were decided. The public sees it when the site's serial is greater than ``serial``: builds that were under way do not count."""

    paths: list[str]
    serial: int


def folder(state: Path) -> Path:
    """Where requests lie; the watch hears of everything that happens there."""
    return state / "requests"


def ask(state: Path, request: Request, patience: float = PATIENCE) -> Decided | None:
    """Leave a request and wait for its answer; None when nobody has answered in time.

    Raises ``UsageError`` with the words of the running publisher when it cannot be done.
    """
    where = folder(state)
    own_folder(where)
    file = where / f"{time.time_ns():020}-{secrets.token_hex(4)}{SUFFIX}"
    keep(file, _body(request))
    answer = file.with_suffix(".answer")
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if answer.exists():
            said = json.loads(answer.read_text(encoding="utf-8"))
            answer.unlink()
            if said.get("problem"):
                raise UsageError(Problem(**said["problem"]))
            return Decided([str(path) for path in said["paths"]], int(said["serial"]))
        time.sleep(LOOK)
    return None


def leave(state: Path, request: Request) -> None:
    """Have a decision done that was made before. Left twice, it is done once."""
    where, body = folder(state), _body(request)
    own_folder(where)
    when = int(datetime.fromisoformat(request.moment).timestamp() * 1e9)
    keep(where / f"{when:020}-{hashlib.sha256(body).hexdigest()[:8]}{SUFFIX}", body)


def pending(state: Path) -> list[tuple[Path, Request]]:
    """The decisions that were made before and are not done yet, the oldest first, each with its file."""
    found = []
    for file in _waiting(folder(state)):
        with suppress(OSError, ValueError, TypeError):  # whoever works next puts it aside
            found.append((file, _read(file)))
    return [(file, request) for file, request in found if request.sha256]


def holds_at(request: Request, standing: Mapping[str, str]) -> list[str]:
    """Where a decision that was made before is to be done, of the paths at which its bytes stand now (path → document).

    What was taken down goes wherever it stands, but for the copies that the person let be. What was let through is that one file: at its path, or, when
    it stands there no longer, where it moved as a part of the same document. A copy elsewhere, under other rules perhaps, nobody let through.
    """
    if request.action == "withdraw":
        return [path for path in standing if path == request.path or path not in request.let_be]
    if request.path in standing:
        return [request.path]
    return [path for path, document in standing.items() if document == request.document and path not in request.let_be]


def outdone(request: Request, path: str, document: str, otherwise: bool) -> bool:
    """Whether a decision that was made before holds no longer at a path of which nobody decided by itself. ``otherwise``: somebody decided the opposite
    of these bytes later, elsewhere. What was let through since may stand where it is no more than a copy; the file itself stays down."""
    its_own = path == request.path or document == request.document != ""
    return otherwise and (request.action == "release" or not its_own)


def carry_out(desk: Desk, now: datetime) -> list[str]:
    """Do what was asked for, the oldest first; the paths that were decided. A request that cannot be read is put aside, not obeyed."""
    decided: list[str] = []
    for file in _waiting(folder(desk.settings.paths.state)):
        try:
            request = _read(file)
        except (OSError, ValueError, TypeError):
            file.replace(file.with_suffix(".unreadable"))
            continue
        if request.sha256:
            decided += _made_before(desk, request, file)
            continue
        try:
            paths = getattr(decide, request.action)(desk, request.path, now, request.who)
        except PublisherError as error:
            answer: dict[str, object] = {"problem": as_dict(error.problem)}
        else:
            decided += paths
            answer = {"paths": paths, "serial": desk.ledger.serial}
        keep(file.with_suffix(".answer"), json.dumps(answer, ensure_ascii=False).encode())
        file.unlink()
    return decided


def _made_before(desk: Desk, request: Request, file: Path) -> list[str]:
    """At each path where the bytes stand, unless somebody decided later about them. Where they do not stand it is on record: it holds whenever they
    come back."""
    moment, decisions = datetime.fromisoformat(request.moment), desk.ledger.decisions
    standing = {row.path: row for row in desk.ledger.files.of_bytes(request.sha256)}
    wanted = holds_at(request, {path: row.document for path, row in standing.items()})
    otherwise = decisions.decided_since(request.sha256, OPPOSITE[request.action], moment)
    paths: list[str] = []
    for path in dict.fromkeys((request.path, *wanted)):
        said = decisions.at(path, request.sha256)
        document = standing[path].document if path in standing else ""
        if outdone(request, path, document, otherwise) or (said is not None and said[1] > moment):
            if path == request.path:
                with desk.ledger.transaction():
                    decisions.log(moment, request.who, request.action, path, request.sha256)
        elif path in wanted and _undone(request.action, standing[path]):
            paths += getattr(decide, request.action)(desk, path, moment, request.who)
        elif said != (request.action, moment):
            with desk.ledger.transaction():
                decisions.decide(path, request.sha256, request.action, moment, request.who)
    file.unlink()
    return paths


def _undone(action: str, row: FileRow) -> bool:
    return row.verdict in ("held", "withdrawn") if action == "release" else row.verdict != "withdrawn"


def _body(request: Request) -> bytes:
    return json.dumps({name: value for name, value in as_dict(request).items() if value}, ensure_ascii=False).encode()


def _read(file: Path) -> Request:
    """Raises ``OSError``, ``ValueError`` or ``TypeError`` for what is no request."""
    said = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(said, dict) or said.get("action") not in ACTIONS:
        raise ValueError(said)
    return Request(**said | {"let_be": tuple(said.get("let_be", ()))})


def _waiting(where: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        yield from sorted(path for path in where.iterdir() if path.suffix == SUFFIX and not path.name.startswith("."))
