"""Decisions of a person while another publisher is at work: the request lies in a folder of its own until that one has done it.

A release or a withdrawal must not wait for somebody who stops the watch. The running publisher looks at each turn, does what is asked as if
it had been asked itself, and answers beside the request. A request that nobody answered is done by whoever works next.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from publisher.errors import PublisherError, UsageError
from publisher.files import keep, own_folder
from publisher.model import Problem
from publisher.pipeline import decide
from publisher.pipeline.build import Desk
from publisher.values import as_dict, frozen

SUFFIX = ".request"
ACTIONS = ("release", "withdraw")
PATIENCE = 60.0
"""Seconds that a person waits for the answer of the running publisher."""

LOOK = 0.05


@frozen
class Request:
    """``path`` as below the drop folder; ``who`` asks, for the audit log.

    ``sha256`` and ``moment``: of a decision that was made before, and holds only for these bytes. Nobody waits for the answer.
    """

    action: str
    path: str
    who: str
    sha256: str = ""
    moment: str = ""


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
    keep(file, json.dumps(as_dict(request), ensure_ascii=False).encode())
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
    where, body = folder(state), json.dumps(as_dict(request), ensure_ascii=False).encode()
    own_folder(where)
    when = int(datetime.fromisoformat(request.moment).timestamp() * 1e9)
    keep(where / f"{when:020}-{hashlib.sha256(body).hexdigest()[:8]}{SUFFIX}", body)


def carry_out(desk: Desk, now: datetime) -> list[str]:
    """Do what was asked for, the oldest first; the paths that were decided. A request that cannot be read is put aside, not obeyed."""
    decided: list[str] = []
    for file in _waiting(folder(desk.settings.paths.state)):
        try:
            request = Request(**json.loads(file.read_text(encoding="utf-8")))
            if request.action not in ACTIONS:
                raise ValueError(request.action)
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
    """Where other bytes stand by now, only the audit log says what was decided."""
    moment = datetime.fromisoformat(request.moment)
    row = desk.ledger.files.get(request.path)
    paths: list[str] = []
    try:
        if row is None or row.sha256 != request.sha256:
            raise UsageError(Problem("other-bytes", "今は別の内容になっています。", request.path))
        paths = getattr(decide, request.action)(desk, request.path, moment, request.who)
    except UsageError:  # there is nothing left to do: the decision holds for these bytes whenever they come back
        with desk.ledger.transaction():
            desk.ledger.decisions.decide(request.path, request.sha256, request.action, moment, request.who)
    file.unlink()
    return paths


def _waiting(where: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        yield from sorted(path for path in where.iterdir() if path.suffix == SUFFIX and not path.name.startswith("."))
