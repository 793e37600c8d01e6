"""Carry out a plan on a mirror: step by step, nothing taken away unless everything has arrived."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from queue import Empty, Queue, SimpleQueue

from publisher.errors import MirrorError, MirrorRefused, MirrorUnavailable
from publisher.mirrors.contract import Mirror
from publisher.mirrors.plan import UNSURE, MirrorPlan, Upload
from publisher.mirrors.readback import gone_at_last, stands, stands_at_last, watched
from publisher.mirrors.trouble import unavailable
from publisher.mirrors.wire import MadeWay
from publisher.model import Problem, Receipt
from publisher.site.order import REACHED
from publisher.values import frozen

#: Uploads under way at once; more of them only queue up in the store.
WORKERS = 8
#: … and where the last run met a line that was too slow: each gets a larger part of it.
SLOW_WORKERS = 2
#: Seconds that a confirmation waits for others: each entry into the ledger costs as much as a request, and after a crash so much more is sent again.
GATHER = 0.02
#: So many files of one step may fail for passing reasons before the rest of the step waits for the next run.
PATIENCE = 3


@frozen
class SyncResult:
    """What became of a plan.

    ``failed`` were tried in vain. ``behind`` counts the uploads and deletions of the plan that are still to
    be done; 0 means that the mirror shows the whole site. ``problem`` is the first failure, or the refusal of
    the plan's deletions. ``retry``: the next run may succeed without anybody's doing. ``stopped``: something
    more urgent came, or the site changed meanwhile; plan anew at once.
    """

    uploaded: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    problem: Problem | None = None
    behind: int = 0
    retry: bool = False
    stopped: bool = False

    @property
    def whole(self) -> bool:
        return self.behind == 0 and self.problem is None


def sync(
    mirror: Mirror,
    plan: MirrorPlan,
    read: Callable[[str], bytes],
    confirm: Callable[[Sequence[Receipt]], None],
    moment: datetime,
    *,
    doubt: Callable[[Sequence[Receipt]], None] = lambda receipts: None,
    reached: Callable[[frozenset[str] | None], None] = lambda paths: None,
    stop: Callable[[], bool] = lambda: False,
    workers: int = WORKERS,
) -> SyncResult:
    """Send what the plan says, step by step; delete when all of it has arrived.

    ``read`` gives the bytes of a path of the site; it is called from several threads. ``confirm`` is called
    in the calling thread as soon as the store has answered, with the few files of which it has: what it has recorded
    is not sent again. ``doubt`` is called before a step, and before the deletions, in one call for all files, with receipts that promise
    nothing (``sha256`` is ""): record them over the old ones. Otherwise a file whose upload broke off
    unanswered would be taken for what stood there before it, and never be mended; likewise one whose deletion did. ``reached`` is called before
    the first step that readers can reach: what is new has arrived then, and they will be led there; to all of it (None), or only to these paths, where
    something goes before the rest. ``stop`` is asked before each upload, from several threads.

    Files are looked at again after they were sent (``readback``); those that a store has lost are sent once more, those that it has not
    deleted are deleted once more.
    No error of the mirror is raised; what ``read``, ``confirm`` or ``doubt`` raise is, after the uploads
    under way have ended.
    """
    run = _Run(mirror, read, confirm, doubt, moment, stop)
    with closing(run):
        for step in plan.ranks:
            if step[0].rank >= REACHED and run.leads_to(plan.led if step[0].first else None):
                if run.led is None and plan.forsaken:
                    doubt([unsure(mirror, path, moment) for path in plan.forsaken])
                reached(run.led)
            doubt([_doubtful(mirror, upload, moment, upload.is_new) for upload in step])
            run.upload(step, workers, alone=len(plan.puts) == 1)
            run.mend(workers)
            if run.failed or run.stopped:
                break
        if not run.failed and not run.stopped:
            run.delete(plan)
    undone = len(plan.puts) + len(plan.deletes) - len(run.uploaded) - len(run.deleted)
    problem = run.error.problem if run.error else plan.refused
    retry = isinstance(run.error, MirrorUnavailable)
    return SyncResult(tuple(run.uploaded), tuple(run.deleted), tuple(run.failed), problem, undone, retry, run.stopped)


class _Moved(Exception):
    """The site changed under our hands: the plan is out of date."""


class _Hands:
    """The sending threads of one run. A change goes in many small steps; threads of their own for each would cost as much as the sending."""

    def __init__(self, mirror: str) -> None:
        self._mirror = mirror
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def take(self, work: Callable[[], None], hands: int) -> None:
        """Have ``work`` done so many times side by side. Those of the work before have ended it."""
        while len(self._threads) < hands:
            name = f"mirror-{self._mirror}-{len(self._threads)}"
            thread = threading.Thread(target=self._serve, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        for _ in range(hands):
            self._work.put(work)

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            work()

    def close(self) -> None:
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join()


class _Run:
    """The state of one run over one mirror. The sending threads tell failures, the calling thread does the rest."""

    def __init__(
        self,
        mirror: Mirror,
        read: Callable[[str], bytes],
        confirm: Callable[[Sequence[Receipt]], None],
        doubt: Callable[[Sequence[Receipt]], None],
        moment: datetime,
        stop: Callable[[], bool],
    ) -> None:
        self.mirror, self.read, self.confirm, self.doubt = mirror, read, confirm, doubt
        self.moment, self.stop = moment, stop
        self.uploaded: dict[str, None] = {}
        self.deleted: list[str] = []
        self.failed: list[str] = []
        self.error: MirrorError | None = None
        self.stopped = False
        #: What readers are led to by now, though it is new; None: everything.
        self.led: frozenset[str] | None = frozenset()
        self._hands = _Hands(mirror.name)
        #: The store has lost a file of this run: nothing of it is believed unseen.
        self.doubtful = False
        self.unseen: list[Upload] = []

    def close(self) -> None:
        self._hands.close()

    def leads_to(self, paths: frozenset[str] | None) -> bool:
        """Readers will be led there from now on; whether that is news."""
        before, self.led = self.led, None if self.led is None else paths
        return self.led != before

    # --- the sending threads ---

    def _send(self, upload: Upload, look: bool) -> bool:
        """Store one file. Whether it was looked at afterwards."""
        body = self._body(upload)
        self.mirror.put(upload.path, body, upload.headers)
        if not look and not self.doubtful:
            return False
        if not stands_at_last(self.mirror, upload.path, body):
            self._send_again(upload, body)
        return True

    def _look(self, upload: Upload) -> bool:
        """Look at a file that was believed, and store it again where it is missing."""
        body = self._body(upload)
        if not stands(self.mirror, upload.path, body):
            self._send_again(upload, body)
        return True

    def _send_again(self, upload: Upload, body: bytes) -> None:
        self.doubtful = True
        self.mirror.put(upload.path, body, upload.headers)
        if not stands_at_last(self.mirror, upload.path, body):
            raise unavailable(self.mirror.name, "lying", path=upload.path)

    def _body(self, upload: Upload) -> bytes:
        try:
            body = self.read(upload.path)
        except FileNotFoundError as error:
            raise _Moved(upload.path) from error
        if hashlib.sha256(body).hexdigest() != upload.sha256:
            raise _Moved(upload.path)
        return body

    # --- the calling thread ---

    def upload(self, step: Sequence[Upload], workers: int, alone: bool) -> None:
        """Send one step, a few files at a time, so that a failure leaves few behind it that were begun."""
        looked = watched(step, alone)
        self._all(step, workers, lambda upload: self._send(upload, upload.path in looked))

    def mend(self, workers: int) -> None:
        """The store has lost something: look at what was sent before that was known."""
        if self.doubtful and self.unseen and not self.failed and not self.stopped:
            unseen, self.unseen = self.unseen, []
            self.doubt([_doubtful(self.mirror, upload, self.moment, self._is_new(upload)) for upload in unseen])
            for upload in unseen:
                del self.uploaded[upload.path]
            self._all(unseen, workers, self._look)

    def _all(self, uploads: Sequence[Upload], workers: int, act: Callable[[Upload], bool]) -> None:
        """Do something with each upload in several threads; what ends is noted as it ends, all that has ended at a time."""
        waiting, lock = iter(uploads), threading.Lock()
        # Not without bounds: what has arrived and is not recorded yet would be sent again after a crash.
        ended: Queue[tuple[Upload | None, bool | BaseException]] = Queue(4 * workers)

        def work() -> None:
            while (upload := self._next(waiting, lock)) is not None:
                try:
                    outcome: bool | BaseException = act(upload)
                except MirrorError as error:
                    with lock:
                        self._fail(upload.path, error)
                    continue
                except (_Moved, MadeWay):
                    self.stopped = True
                    continue
                except BaseException as error:  # handed to the calling thread, which raises it
                    outcome = error
                ended.put((upload, outcome))
            ended.put((None, False))

        left = min(workers, len(uploads))
        self._hands.take(work, left)
        failure: BaseException | None = None
        while left:
            batch = _gathered(ended, left)
            left -= sum(upload is None for upload, _ in batch)
            try:
                self._note([(upload, outcome) for upload, outcome in batch if upload is not None])
            except BaseException as error:
                failure, self.stopped = failure or error, True
        if failure is not None:
            raise failure

    def _next(self, waiting: Iterator[Upload], lock: threading.Lock) -> Upload | None:
        with lock:
            if self._hopeless() or self.stopped:
                return None
            if self.stop():
                self.stopped = True
                return None
            return next(waiting, None)

    def _note(self, ended: Sequence[tuple[Upload, bool | BaseException]]) -> None:
        receipts = []
        strange: BaseException | None = None
        for upload, outcome in ended:
            if isinstance(outcome, BaseException):
                strange = outcome
            else:
                self.uploaded[upload.path] = None
                if not outcome:
                    self.unseen.append(upload)
                receipts.append(Receipt(self.mirror.name, upload.path, upload.sha256, upload.headers.digest, self.moment, self._is_new(upload)))
        if receipts:
            self.confirm(receipts)
        if strange is not None:
            raise strange

    def _is_new(self, upload: Upload) -> bool:
        return upload.is_new and self.led is not None and upload.path not in self.led

    def delete(self, plan: MirrorPlan) -> None:
        if plan.deletes:
            # Whether a deletion took effect is unknown until it is answered and recorded: a file that comes back meanwhile is new.
            self.doubt([unsure(self.mirror, deletion.path, self.moment) for deletion in plan.deletes])
        for deletion in plan.deletes:
            try:
                self._vanish(deletion.path)
            except MirrorError as error:
                self._fail(deletion.path, error)
                return
            self.deleted.append(deletion.path)

    def _vanish(self, path: str) -> None:
        for _ in range(2):
            self.mirror.delete(path)
            if gone_at_last(self.mirror, path):
                return
        raise unavailable(self.mirror.name, "undead", path=path)

    def _fail(self, path: str, error: MirrorError) -> None:
        self.failed.append(path)
        # A refusal needs a person, so it is what they have to read.
        if self.error is None or (
            isinstance(error, MirrorRefused) and not isinstance(self.error, MirrorRefused)
        ):
            self.error = error

    def _hopeless(self) -> bool:
        return len(self.failed) >= PATIENCE or isinstance(self.error, MirrorRefused)


def _gathered(ended: Queue[tuple[Upload | None, bool | BaseException]], left: int) -> list[tuple[Upload | None, bool | BaseException]]:
    """What has ended: one at least, and what follows at once; nothing follows when as many as are ``left`` have told their end."""
    batch = [ended.get()]
    until = time.monotonic() + GATHER
    while sum(upload is None for upload, _ in batch) < left and (rest := until - time.monotonic()) > 0:
        try:
            batch.append(ended.get(timeout=rest))
        except Empty:
            break
    return batch


def unsure(mirror: Mirror, path: str, moment: datetime) -> Receipt:
    """What a file is known by that may be there or not, as it was or overwritten: sent as a new one if it comes back; see ``plan.UNSURE``."""
    return Receipt(mirror.name, path, *UNSURE, moment)


def _doubtful(mirror: Mirror, upload: Upload, moment: datetime, is_new: bool) -> Receipt:
    """What a file is known by whose upload has begun; see ``plan.UNSURE`` for one that is new. One that stands there under headers of which nothing
    is known is not new, nor is one to which readers are led by now."""
    before = upload.replaces if upload.replaces != UNSURE else None
    digest = before[1] or "?" if before is not None else "" if is_new else "?"
    return Receipt(mirror.name, upload.path, "", digest, moment, is_new)
