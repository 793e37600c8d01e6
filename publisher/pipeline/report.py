"""What a run did, as one value: for the words on the terminal, for ``--json``, for the staff's page."""

from __future__ import annotations

from datetime import datetime

from publisher.model import Problem, State
from publisher.values import frozen


@frozen
class DocumentLine:
    """One file of the drop folder (or one withdrawn document), and what the public sees of it."""

    path: str
    id: str
    state: State
    title: str
    version: int
    url: str
    reasons: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "path": self.path, "id": self.id, "state": str(self.state), "title": self.title, "version": self.version, "url": self.url,
            "reason": " ".join(str(problem) for problem in self.reasons),
        }  # fmt: skip


@frozen
class Outputs:
    """Files of the site: how many were written, deleted, left as they were; the bytes written."""

    written: int = 0
    deleted: int = 0
    unchanged: int = 0
    bytes: int = 0
    paths: tuple[str, ...] = ()

    def as_json(self) -> dict[str, int]:
        return {"written": self.written, "deleted": self.deleted, "unchanged": self.unchanged, "bytes": self.bytes}


@frozen
class MirrorLine:
    """One mirror after a run: ``state`` is current, behind or failed; ``behind`` counts the files it still lacks.

    ``since``: from when it has been in this state. ``confirmed``: the moment at which it last showed the whole site; what the public sees
    there is as of then, or newer in parts.
    """

    name: str
    state: str
    uploaded: int = 0
    deleted: int = 0
    behind: int = 0
    problem: Problem | None = None
    since: datetime | None = None
    confirmed: datetime | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name, "state": self.state, "uploaded": self.uploaded, "deleted": self.deleted, "behind": self.behind,
            "problem": str(self.problem) if self.problem else "", "since": self.since.isoformat() if self.since else None,
            "confirmed": self.confirmed.isoformat() if self.confirmed else None,
        }  # fmt: skip


@frozen
class RelayLine:
    """One relay after a run: announcements that went out, that still wait, that were refused."""

    name: str
    sent: int = 0
    pending: int = 0
    failed: int = 0

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "sent": self.sent, "pending": self.pending, "failed": self.failed}


@frozen
class Report:
    """A whole run. ``documents`` are those that changed in it; ``troubled`` counts the files that are held or rejected now."""

    documents: tuple[DocumentLine, ...] = ()
    outputs: Outputs = Outputs()
    mirrors: tuple[MirrorLine, ...] = ()
    relays: tuple[RelayLine, ...] = ()
    problems: tuple[Problem, ...] = ()
    troubled: int = 0
    total: int = 0
    serial: int = 0
    seconds: float = 0.0
    dry: bool = False
    unfinished: tuple[str, ...] = ()
    failed: bool = False

    @property
    def exit_code(self) -> int:
        """0 all done · 1 failed, the site stands as it was · 3 published, but some input is held or rejected · 4 a mirror lags · 5 a relay lags; the highest counts."""
        if self.failed:
            return 1
        if any(line.pending or line.failed for line in self.relays):
            return 5
        if any(line.state != "current" for line in self.mirrors):
            return 4
        if self.troubled or any(p.code in ("mass-vanishing", "unreadable-place", "same-name") for p in self.problems):
            return 3
        return 0

    def as_json(self) -> dict[str, object]:
        return {
            "documents": [line.as_json() for line in self.documents],
            "outputs": self.outputs.as_json(),
            "mirrors": [line.as_json() for line in self.mirrors],
            "relays": [line.as_json() for line in self.relays],
            "problems": [str(problem) for problem in self.problems],
            "unfinished": list(self.unfinished),
            "serial": self.serial,
            "dry_run": self.dry,
            "seconds": round(self.seconds, 3),
        }
