"""Carry out a plan on a mirror: step by step, nothing taken away unless everything has arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from publisher.errors import MirrorError, MirrorRefused, MirrorUnavailable
from publisher.mirrors.contract import Mirror
from publisher.mirrors.plan import MirrorPlan, Upload
from publisher.model import Problem, Receipt

#: Uploads under way at once; more of them only queue up in the store.
WORKERS = 8
#: So many files of one step may fail for passing reasons before the rest of the step waits for the next run.
PATIENCE = 3


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What became of a plan.

    ``failed`` were tried in vain. ``behind`` counts the uploads and deletions of the plan that are still to
    be done; 0 means that the mirror shows the whole site. ``problem`` is the first failure, or the refusal of
    the plan's deletions. ``retry``: the next run may succeed without anybody's doing.
    """

    uploaded: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    problem: Problem | None = None
    behind: int = 0
    retry: bool = False

    @property
    def whole(self) -> bool:
        return self.behind == 0 and self.problem is None


def sync(
    mirror: Mirror,
    plan: MirrorPlan,
    read: Callable[[str], bytes],
    confirm: Callable[[Receipt], None],
    moment: datetime,
    *,
    doubt: Callable[[Sequence[Receipt]], None] = lambda receipts: None,
    workers: int = WORKERS,
) -> SyncResult:
    """Send what the plan says, rank by rank; delete when all of it has arrived.

    ``read`` gives the bytes of a path of the site; it is called from several threads. ``confirm`` is called
    in the calling thread, one file at a time, as soon as the store has answered: what it has recorded is not
    sent again. ``doubt`` is called before a step, in one call for all its files, with receipts that promise
    nothing (``sha256`` is ""): record them over the old ones. Otherwise a file whose upload broke off
    unanswered would be taken for what stood there before it, and never be mended.

    No error of the mirror is raised; what ``read``, ``confirm`` or ``doubt`` raise is, after the uploads
    under way have ended.
    """
    run = _Run(mirror, read, confirm, moment)
    with ThreadPoolExecutor(workers, thread_name_prefix=f"mirror-{mirror.name}") as pool:
        for step in plan.ranks:
            doubt([_doubtful(mirror, upload, moment) for upload in step])
            run.upload(pool, step, workers)
            if run.failed:
                break
    if not run.failed:
        run.delete(plan)
    undone = len(plan.puts) + len(plan.deletes) - len(run.uploaded) - len(run.deleted)
    problem = run.error.problem if run.error else plan.refused
    retry = isinstance(run.error, MirrorUnavailable)
    return SyncResult(tuple(run.uploaded), tuple(run.deleted), tuple(run.failed), problem, undone, retry)


class _Run:
    """The state of one run over one mirror; only the calling thread touches it."""

    def __init__(
        self,
        mirror: Mirror,
        read: Callable[[str], bytes],
        confirm: Callable[[Receipt], None],
        moment: datetime,
    ) -> None:
        self.mirror, self.read, self.confirm, self.moment = mirror, read, confirm, moment
        self.uploaded: list[str] = []
        self.deleted: list[str] = []
        self.failed: list[str] = []
        self.error: MirrorError | None = None

    def upload(self, pool: ThreadPoolExecutor, step: Sequence[Upload], workers: int) -> None:
        """Send one step, a few files at a time, so that a failure leaves few behind it that were begun."""
        waiting: Iterator[Upload] = iter(step)
        under_way: dict[Future[None], Upload] = {}
        while True:
            if not self._hopeless():
                for upload in islice(waiting, 2 * workers - len(under_way)):
                    under_way[pool.submit(self._send, upload)] = upload
            if not under_way:
                return
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                self._note(under_way.pop(future), future)

    def _send(self, upload: Upload) -> None:
        body = self.read(upload.path)
        if hashlib.sha256(body).hexdigest() != upload.sha256:
            raise MirrorUnavailable(_moved(self.mirror.name, upload.path))
        self.mirror.put(upload.path, body, upload.headers)

    def _note(self, upload: Upload, future: Future[None]) -> None:
        try:
            future.result()
        except MirrorError as error:
            self._fail(upload.path, error)
            return
        self.uploaded.append(upload.path)
        self.confirm(
            Receipt(self.mirror.name, upload.path, upload.sha256, upload.headers.digest, self.moment)
        )

    def delete(self, plan: MirrorPlan) -> None:
        for deletion in plan.deletes:
            try:
                self.mirror.delete(deletion.path)
            except MirrorError as error:
                self._fail(deletion.path, error)
                return
            self.deleted.append(deletion.path)

    def _fail(self, path: str, error: MirrorError) -> None:
        self.failed.append(path)
        # A refusal needs a person, so it is what they have to read.
        if self.error is None or (
            isinstance(error, MirrorRefused) and not isinstance(self.error, MirrorRefused)
        ):
            self.error = error

    def _hopeless(self) -> bool:
        return len(self.failed) >= PATIENCE or isinstance(self.error, MirrorRefused)


def _doubtful(mirror: Mirror, upload: Upload, moment: datetime) -> Receipt:
    """What a file is known by whose upload has begun; see ``plan.UNSURE`` for one that is new."""
    digest = upload.replaces[1] if upload.replaces else ""
    return Receipt(mirror.name, upload.path, "", digest, moment)


def _moved(mirror: str, path: str) -> Problem:
    return Problem(
        "mirror-moved",
        f"「{path}」が、送る前に別の内容に変わりました。",
        f"公開先「{mirror}」",
        "この公開先には、最後に確認できた内容がそのまま出ています。",
        "次の更新で送り直します。何度も出るときは、公開用フォルダーを他のプログラムが書き換えていないか確かめてください。",
    )
