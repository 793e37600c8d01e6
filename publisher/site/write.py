"""Writing the site: everything is put down beside it first, then renamed into place in order, then what is gone is deleted.

A full disk or a folder that cannot be written is met while nothing of the site has been touched. Killed between two renames, the site
has old and new pages but no half one and no link to a missing one, and the next run renames the rest.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from publisher.errors import SiteError
from publisher.files import put_down
from publisher.model import Delete, Page, PageKind, PageRecord, Problem, Put, Reason
from publisher.site.bygone import Bygone
from publisher.site.order import rank_of

STAGE = ".staging"

TREE = "tree/"
"""Below the stage: files of folders that the site does not have yet lie there as they will in the site, so that a whole folder is renamed at once."""

MANY = 16
"""Files from which that is worth a look."""

SWAPPED = 1_000
"""Replaced files from which they and the new ones exchange their names."""

_REASONS = {str(reason): reason for reason in Reason}
_KINDS = {str(kind): kind for kind in PageKind}


class Staged(NamedTuple):
    """A file that lies ready under its name beside the site, to be renamed to its path."""

    put: Put
    record: PageRecord
    name: str
    key: str = ""

    @property
    def order(self) -> tuple[int, str]:
        return rank_of(self.put.path, self.record.kind, self.put.reason is Reason.NEW), self.put.path

    def flat(self) -> tuple[object, ...]:
        """As plain values: thirty thousand of them travel between processes in a tenth of the time."""
        record = self.record
        return (
            self.put.path, str(self.put.reason), record.sha256, record.size, str(record.kind), record.personal, record.serial, self.name, self.key
        )  # fmt: skip

    @classmethod
    def unflat(cls, values: tuple[object, ...]) -> Staged:
        path, reason, sha256, size, kind, personal, serial, name, key = values
        return cls(Put(path, _REASONS[reason]), PageRecord(path, sha256, size, _KINDS[kind], personal, serial), name, key)  # type: ignore[index,arg-type]

    def changed(self) -> Staged:
        """It turned out that the site has this file already, with other bytes."""
        return self._replace(put=Put(self.put.path, Reason.CHANGED))


Known = tuple[str, str, bool]
"""What the ledger knows of a file that stands: SHA-256, kind, personal."""


def unwritable(folder: Path, error: OSError) -> SiteError:
    """The site's folder (or its disk) refuses: nothing was changed."""
    reasons = {28: "ディスクの空きがありません", 30: "書き込みできない場所です", 13: "書き込みの権限がありません", 122: "使える容量の上限に達しました"}
    what = reasons.get(error.errno or 0, error.strerror or str(error))
    return SiteError(
        Problem(
            "site-unwritable",
            f"公開ページを書き込めませんでした（{what}）。",
            str(error.filename or folder),
            "公開中のページは、前のまま変わっていません。",
            "空き容量とフォルダーの権限を確かめて、もう一度実行してください。落としたファイルはなくなっていません。",
        )
    )


class Stager:
    """Puts files down beside the site. Several may work at the same time, in several processes, each under a prefix of its own."""

    def __init__(self, folder: Path, stage: Path, serial: int, prefix: str = "") -> None:
        self._folder, self._stage = str(folder), str(stage)
        self._serial, self._prefix = serial, prefix
        self._count = 0
        self._new_folders: dict[str, bool] = {}

    def again(self, prefix: str) -> Stager:
        """The same under another prefix."""
        return Stager(Path(self._folder), Path(self._stage), self._serial, prefix)

    def aside(self) -> Stager:
        """The same for a copy of this process, beside it."""
        self._count += 1
        return self.again(f"{self._prefix}{self._count}b")

    def stage(self, page: Page, known: Known | None, key: str = "") -> Staged | None:
        """Put a page down beside the site; None when the site has exactly these bytes already. Raises ``SiteError``."""
        sha256 = hashlib.sha256(page.body).hexdigest()
        same = known is not None and known == (sha256, page.kind, page.personal)
        if same and not self._missing(page.path, len(page.body)):
            return None
        reason = Reason.NEW if known is None else Reason.MISSING if same else Reason.CHANGED
        try:
            name = self._put_down(page.path, page.body)
        except OSError as error:
            raise unwritable(Path(self._folder), error) from error
        record = PageRecord(page.path, sha256, len(page.body), page.kind, page.personal, self._serial)
        return Staged(Put(page.path, reason), record, name, key)

    def _put_down(self, path: str, body: bytes) -> str:
        """The name below the stage."""
        if self._is_new(path.rpartition("/")[0]):
            with suppress(FileExistsError):  # another document shows the same picture
                put_down(f"{self._stage}/{TREE}{path}", body)
                return TREE + path
        self._count += 1
        name = f"{self._prefix}{self._count}"
        put_down(f"{self._stage}/{name}", body)
        return name

    def _is_new(self, folder: str) -> bool:
        """Whether the site does not have this folder yet."""
        known = self._new_folders.get(folder)
        if known is None:
            known = bool(folder) and not Path(self._folder, folder).exists()
            if known:
                Path(self._stage, TREE, folder).mkdir(parents=True, exist_ok=True)
            self._new_folders[folder] = known
        return known

    def _missing(self, path: str, size: int) -> bool:
        """Somebody took the file away, or a crash of the machine cut it."""
        try:
            return os.stat(f"{self._folder}/{path}").st_size != size  # noqa: PTH116 - see apply
        except OSError:
            return True


class SiteFolder:
    """The folder that holds the published site. All failures of the disk become ``SiteError``."""

    def __init__(self, folder: Path, bygone: Path | None = None) -> None:
        """``bygone``: where files wait that are replaced or deleted, until ``close``; None: nowhere."""
        self.folder = folder
        self._stage = folder / STAGE
        self._folders: set[str] = set()
        self._bygone = Bygone(bygone)

    def open(self) -> None:
        """Make the folder where it is missing, and clear away what a killed run had put down."""
        try:
            if self._stage.exists():
                shutil.rmtree(self._stage)
            self._stage.parent.mkdir(parents=True, exist_ok=True)
            self._stage.mkdir(mode=0o700)  # what was replaced may lie here for a moment
        except OSError as error:
            raise unwritable(self.folder, error) from error

    def stager(self, serial: int, prefix: str = "") -> Stager:
        """``serial`` is the one under which the ledger will enter the files."""
        return Stager(self.folder, self._stage, serial, prefix)

    def discard(self, staged: Staged) -> None:
        (self._stage / staged.name).unlink(missing_ok=True)

    def apply(self, staged: Iterable[Staged], deletes: Iterable[Delete]) -> list[Staged]:
        """Rename everything into place in order, then delete what is gone. Returns the files in that order."""
        stage, folder = str(self._stage), str(self.folder)
        try:
            ordered = sorted(staged, key=lambda item: item.order)
            whole = self._whole_folders(ordered)
            left = Counter(whole[place] for item in ordered if (place := item.put.path.rpartition("/")[0]) in whole)
            for item in ordered:
                if item.put.path.rpartition("/")[0] not in whole:
                    self._make_folder(item.put.path)
            swaps = sum(item.put.reason is not Reason.NEW for item in ordered) >= SWAPPED
            for item in ordered:
                top = whole.get(item.put.path.rpartition("/")[0])
                if top is None:
                    if item.put.reason is not Reason.NEW:
                        if swaps and self._bygone.swap(stage, item.name, f"{folder}/{item.put.path}"):
                            continue
                        self._bygone.keep(f"{folder}/{item.put.path}")
                    os.replace(f"{stage}/{item.name}", f"{folder}/{item.put.path}")  # noqa: PTH105 - a hundred thousand Paths take seconds
                    continue
                left[top] -= 1
                if not left[top]:  # the turn of the last of them: whatever they link to stands
                    self._make_folder(top)
                    Path(stage, TREE, top).rename(Path(folder, top))
                    self._folders.update(place for place, one in whole.items() if one == top)
            for delete in deletes:
                self._delete(delete.path)
        except OSError as error:
            raise unwritable(self.folder, error) from error
        return ordered

    def _whole_folders(self, staged: Iterable[Staged]) -> dict[str, str]:
        """Folders that can be renamed as they lie, each with the one that is renamed (itself, or one that it lies in): the site has none of that name,
        and nothing else lies in them.
        """
        files: dict[str, set[str]] = {}
        mixed = set()
        last: dict[str, int] = {}
        for item in staged:
            place, _, name = item.put.path.rpartition("/")
            files.setdefault(place, set()).add(name)
            last[place] = max(last.get(place, 0), item.order[0])
            if item.name != TREE + item.put.path:
                mixed.add(place)
        whole: dict[str, str] = {}
        for place, names in sorted(files.items()):
            if place and place not in whole and len(names) >= MANY and not (self.folder / place).exists():
                later = mixed | {other for other, rank in last.items() if rank > last[place]}  # nothing waits for what lies in it
                whole.update(dict.fromkeys(self._below(place, files, later), place))
        return whole

    def _below(self, place: str, files: Mapping[str, set[str]], apart: Container[str]) -> list[str]:
        """This folder beside the site and all in it; none where something lies there that is not ours to rename, that has to come later (``apart``), or
        not all lies there."""
        if place not in files or place in apart:
            return []
        found, names = [place], set()
        with os.scandir(self._stage / TREE / place) as entries:
            for entry in entries:
                if not entry.is_dir():
                    names.add(entry.name)
                    continue
                below = self._below(f"{place}/{entry.name}", files, apart)
                if not below:
                    return []
                found += below
        return found if names == files[place] else []

    def _make_folder(self, path: str) -> None:
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
            self._folders.add(folder)

    def _delete(self, path: str) -> None:
        place = self.folder / path
        if not self._bygone.take(str(place)):
            place.unlink(missing_ok=True)
        folder = place.parent
        while folder != self.folder and _removed(folder):
            self._folders.discard(str(folder.relative_to(self.folder)))
            folder = folder.parent

    def close(self) -> None:
        """What was replaced is deleted while others go on."""
        if not self._bygone.take_stage(str(self._stage)):
            shutil.rmtree(self._stage, ignore_errors=True)
        self._bygone.let_go()

    def settle(self) -> None:
        """Wait until what was replaced is deleted."""
        self._bygone.wait()

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()


def _removed(folder: Path) -> bool:
    """Remove a folder in which nothing is left. Asking first would read the names of all that is."""
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):  # POSIX lets a system say either of the first two
            return False
        raise
    return True


class DrySite(SiteFolder):
    """Compares with the site that stands, but puts nothing into it."""

    def __init__(self, folder: Path, aside: Path) -> None:
        super().__init__(folder)
        self._stage = aside

    def apply(self, staged: Iterable[Staged], deletes: Iterable[Delete]) -> list[Staged]:
        """Nothing is renamed, nothing is deleted."""
        return sorted(staged, key=lambda item: item.order)
