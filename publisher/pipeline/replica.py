"""One machine's copy of the state that another machine leads."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from publisher.backup.bring import Bringer, Found
from publisher.backup.seal import Damaged
from publisher.backup.take import MEMORY, last_entered
from publisher.backup.vault import SHOWN, order_of
from publisher.errors import BackupError, SiteError
from publisher.ledger.copies import UNRENDERED, begin_anew, facts_of, pages_of
from publisher.ledger.differences import comparable
from publisher.mirrors import Mirror
from publisher.model import Problem
from publisher.pipeline import restrictions, reunion
from publisher.pipeline.backup import holder, lost_versions
from publisher.pipeline.doubt import answering, published
from publisher.pipeline.hurry import BUDGET, PATIENT, Fetch
from publisher.pipeline.lock import lock
from publisher.settings import Settings, load
from publisher.values import field, record

FEW = 2000
"""So many missing pages are fetched from a mirror; with more of them, rendering everything is quicker."""

_LOOK_THERE = "当番だった機械の .publisher/archive に無事なものがあれば、写してください。置き場所の前の版（バージョニング）からも戻せます。"


@record
class Replica:
    """Follows the newest snapshot. ``problems`` are those of the last following."""

    settings: Settings
    bringer: Bringer
    problems: list[Problem] = field(default_factory=list)
    _passed: str = ""

    @property
    def _ledger(self) -> Path:
        return self.settings.paths.state / "ledger.db"

    @property
    def unrendered(self) -> bool:
        """Is the site of this state still to be rendered on this machine?"""
        return self._stands and facts_of(self._ledger).get("fingerprint") == UNRENDERED

    @property
    def _stands(self) -> bool:
        """Is there a ledger that can be read? One that a failing disk has damaged is kept beside, and the backup's taken over."""
        return self._ledger.exists() and comparable(self._ledger)

    def follow(self, fence: int, now: datetime) -> bool:
        """Take the newest snapshot's state over, unless it is our own or was taken over already; says whether anything was.

        Raises ``Busy`` when somebody works on the state, ``BackupError``, ``MirrorError``, ``SettingsError``, and ``SiteError`` when our own disk fails.
        """
        self.problems.clear()
        names = self.bringer.vault.snapshots()
        if not names or self._current(names[0]) or (not fence and names[0] == self._passed):
            return False
        with lock(self.settings.paths.state):
            try:
                return self._adopt(names[0], fence, now)
            except OSError as error:
                raise SiteError(_unwritable(self.settings.paths.state, error)) from error

    def _current(self, name: str) -> bool:
        if not self._stands:
            return False
        if facts_of(self._ledger).get("adopted") == name:
            return True
        try:
            return self.bringer.vault.snapshot(name).holder == holder(self.settings.paths.state)
        except Damaged:
            return last_entered(self.settings.paths.state, self.bringer.vault.id) == order_of(name)

    def _own(self) -> tuple[int, int]:
        """(fence, serial) of what this machine entered or took over last; less than any where there is no ledger."""
        if not self._stands:
            return -1, -1
        adopted = order_of(facts_of(self._ledger).get("adopted", ""))
        return max(adopted, last_entered(self.settings.paths.state, self.bringer.vault.id) or adopted)

    def _find(self, newest: str, fresh: Path) -> Found | None:
        """The newest snapshot that is whole; None where that is none but what this machine has already, or is older than that."""
        own = self._own()
        try:
            found = self.bringer.find(self.problems, fresh, fresh.with_name(".followed.db"))
        except BackupError as error:
            if error.problem.code != "backup-broken" or not self._stands:
                raise
            found = None
        if found is not None and found.name == newest:
            if found.snapshot.order < own:  # another store, or one that was emptied
                self.problems.append(_went_back(self.bringer.vault.place))
            return found
        if found is not None and found.snapshot.order > own:
            return found
        fresh.unlink(missing_ok=True)
        self.problems[:] = [_stays(newest, self.bringer.vault.place)]
        return None

    def _adopt(self, newest: str, fence: int, now: datetime) -> bool:
        state = self.settings.paths.state
        fresh = state / ".adopted.db"
        before = self._ledger if self._ledger.exists() else None
        found = self._find(newest, fresh)
        if found is None:
            self._passed = newest
            if fence:  # somebody else has led meanwhile: what the mirrors hold may be newer than we know
                begin_anew(self._ledger, {"fence": str(fence), "doubt": secrets.token_hex(8)}, True, published(self.settings))
            return False
        back = found.snapshot.order < self._own()
        newer = reunion.newer_there(self.settings, fresh, before)
        gone = self.bringer.archive(found, state / "archive")
        if gone:
            self.problems.append(lost_versions(gone, self.bringer.vault.place, "残りはすべて受け取りました。", _LOOK_THERE))
        self._config(found)
        self.problems += reunion.drop_folder(self.settings, fresh, newer, now)
        if before is not None:
            self.problems += reunion.records(self.settings, fresh, before, keep=back)
        near = answering(self.settings)
        whole = self._site(fresh, pages_of(before) if before is not None and self._stands and not self.unrendered else {}, [mirror for mirror, _ in near], fence > 0)
        seen = max((serial for _, serial in near), default=0)
        begin_anew(fresh, {"fence": str(fence), "adopted": found.name, "doubt": secrets.token_hex(8)}, whole, seen)
        for end in ("-wal", "-shm"):
            Path(f"{self._ledger}{end}").unlink(missing_ok=True)
        fresh.replace(self._ledger)
        if before is not None:
            reunion.forget(self.settings, self._ledger)
        if back:
            (state / MEMORY).unlink(missing_ok=True)  # counted in another store: from here on it is this one that counts
        return True

    def _config(self, found: Found) -> None:
        """Settings, themes and keys that were changed over there; a file that was changed here stays as it is here.

        The register of people who are not to be shown is the exception: what was put on record on either side holds.
        """
        directory, state = self.settings.paths.directory, self.settings.paths.state
        memory = state / "brought.json"
        try:
            brought = json.loads(memory.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            brought = {}  # then what differs here counts as changed here, and stays
        for item in found.snapshot.config:
            target = item.place(directory, state)
            if target is None:
                continue
            mine = target.read_bytes() if target.is_file() else b""
            try:
                data = self.bringer.vault.get(item.name)
            except Damaged:
                self.problems.append(_lost_config(target, bool(mine)))
                continue
            theirs = hashlib.sha256(data).hexdigest()
            if not mine or hashlib.sha256(mine).hexdigest() in (theirs, brought.get(item.path)):
                if mine != data:
                    _put(target, data, item.mode)
            elif target == restrictions.place(state):
                _put(target, self._both(mine, data, target), item.mode)
            else:
                continue
            brought[item.path] = theirs
        memory.write_text(json.dumps(brought), encoding="utf-8")
        self.settings = load(directory)

    def _both(self, mine: bytes, theirs: bytes, target: Path) -> bytes:
        """Two registers as one. Made under different keys they cannot be one: then ours is put aside, and a person is told."""
        try:
            joined = restrictions.joined(theirs, mine)
        except (ValueError, KeyError, TypeError):
            joined = None  # one of them is no register: as with two keys, neither can be read into the other
        if joined is None:
            aside = target.with_name(f"{target.stem}.{hashlib.sha256(mine).hexdigest()[:8]}.json")
            _put(aside, mine, 0o600)
            self.problems.append(_two_registers(aside))
        return theirs if joined is None else joined

    def _site(self, ledger: Path, before: Mapping[str, tuple[str, int]], mirrors: Sequence[Mirror], hurry: bool) -> bool:
        """Make the site on the disk that of the ledger, as far as it can be done quickly; says whether it could.

        ``before``: what the last ledger says is on the disk. What differs is taken away, what is missing fetched from a mirror.
        """
        output, wanted = self.settings.paths.output, pages_of(ledger)
        if not output.is_dir():
            return False
        missing = [path for path, page in wanted.items() if before.get(path) != page or not _size(output / path, page[1])]
        for path in (*missing, *(before.keys() - wanted.keys())):
            (output / path).unlink(missing_ok=True)
        return not missing or (len(missing) <= FEW and Fetch(mirrors, output, wanted).fetch(missing, BUDGET if hurry else PATIENT))


def _put(target: Path, data: bytes, mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
        out.write(data)
    part.replace(target)


def _stays(newest: str, place: str) -> Problem:
    return Problem(
        "backup-behind", f"いちばん新しいバックアップ（{newest.removeprefix('s/')}）が、欠けているか壊れています。読めるものは、この機械の記録より新しくありません。",
        f"バックアップ先（{place}）", "この機械の記録で続けます。壊れたバックアップにしかない変更は、入っていません。",
        "その後に別の機械で直したものがないか、公開ページを見て確かめてください。置き場所の管理画面に前の版（バージョニング）があれば、戻してください。",
    )  # fmt: skip


def _went_back(place: str) -> Problem:
    return Problem(
        "backup-older", "バックアップ先にあるものは、この機械が前に受け取ったか控えたものより、古い番号です。", f"バックアップ先（{place}）",
        "バックアップの内容で続けます。この機械の前の記録は、.publisher に ledger.代.db として残してあります。",
        "置き場所を替えたのでなければ、だれかが新しいバックアップを消していないか、管理者に確かめてもらってください。",
    )  # fmt: skip


def _lost_config(target: Path, stands: bool) -> Problem:
    return Problem(
        "replica-lost-config", "設定（テーマや鍵を含む）の1つが、バックアップの中で欠けているか壊れていて、受け取れませんでした。", str(target),
        "この機械にある前のものを、そのまま使います。" if stands else "この機械には、前のものもありません。それなしで公開を続けます。",
        "当番だった機械に無事なものがあれば、写してください。次のバックアップからは、この機械のものが入ります。",
    )  # fmt: skip


def _unwritable(state: Path, error: OSError) -> Problem:
    return Problem(
        "replica-unwritable", f"前の当番の続きを、この機械に書けません（{error.strerror or error}）。", str(error.filename or state), SHOWN,
        "空き容量とフォルダーの権限を確かめてください。この機械の前の記録は、そのまま残っています。",
    )  # fmt: skip


def _two_registers(aside: Path) -> Problem:
    return Problem(
        "restrictions-split", "「この方は載せない」と決めた記録が、2台の機械で別々に作られていて、1つにできません。前の当番の記録を使います。", str(aside),
        "この機械だけで載せないと決めた方が、載っているおそれがあります。", "この機械で決めた方を、publisher restrict でもう一度指定してください。",
    )  # fmt: skip


def _size(place: Path, size: int) -> bool:
    try:
        return place.stat().st_size == size
    except OSError:
        return False
