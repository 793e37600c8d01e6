"""Files in whose place others stand now, kept until there is time to delete them.

To let go of a file can take much longer than to put one down: a disk that is told of every freed block (mounted with ``discard``, a file system
without a journal) takes a thousandth of a second each, and a roll's next edition replaces twenty thousand files while everybody waits for it. So a
replaced file keeps a second name in a folder beside the ledger, which costs less than letting go of it anywhere, and threads delete it while the others
are renamed: most of that time is waiting for the disk. What a killed run left is deleted at the next one. Where a disk knows no second names, or lies
elsewhere, files are let go at once.

Where thousands are replaced, the new and the old one exchange their names instead, if the system can: a fifth of the time of a second name and a
replacement. The old ones lie where the new ones lay then, in a folder that its owner alone may enter, too.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread

from publisher.files import exchange, own_folder

ROOM = 1_000
"""Files that wait for each other before they are deleted."""

MOST = 4
"""Threads that delete: a disk that takes a thousandth of a second for a file takes as long for a few at a time."""


class _Stage:
    """A folder that stays open, whatever it is called meanwhile."""

    number = -1

    def __init__(self, folder: str) -> None:
        self.number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def __del__(self) -> None:
        if self.number >= 0:
            os.close(self.number)


_Names = tuple[_Stage, list[str]]
"""Files below a folder."""


class Bygone:
    """``folder`` is on the disk of the site, and nobody but its owner enters it; None: nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._takes = folder is not None
        self._room: str | None = None
        self._count = 0
        self._swaps = folder is not None
        self._stage: _Stage | None = None
        self._swapped: list[str] = []
        #: Folders of files, or files of a folder that is deleted later.
        self._left: deque[str | _Names] = deque()
        self._given: set[str] = set()
        self._threads: list[Thread] = []

    def keep(self, file: str) -> None:
        """Another file is about to be renamed to this name. Nothing happens where there is none yet."""
        room = self._open()
        if room is None:
            return
        try:
            os.link(file, f"{room}/{self._count}")
            self._kept()
        except FileNotFoundError:
            return
        except OSError:  # another disk, or one without second names: replaced without
            self._takes = False

    def swap(self, stage: str, name: str, file: str) -> bool:
        """Give a file below ``stage`` the name of one that stands, which lies below the stage then and is deleted there; False where that cannot be: nothing
        happened. Tell the stage with ``take_stage`` before ``let_go``.
        """
        if not self._swaps:
            return False
        try:
            if self._stage is None:
                self._stage = _Stage(stage)
            exchange(f"{stage}/{name}", file)
        except FileNotFoundError:  # somebody took it away
            return False
        except OSError:
            self._swaps = False
            return False
        self._swapped.append(name)
        if len(self._swapped) == ROOM:
            self._leave_swapped(self._stage)
        return True

    def take_stage(self, stage: str) -> bool:
        """Take this folder away with all that was swapped into it; False where nothing was, or it cannot be taken."""
        mine, self._stage = self._stage, None
        if mine is None:
            return False
        if self._swapped:
            self._leave_swapped(mine)
        try:
            room = self._open()
            if room is None:
                return False
            os.rename(stage, f"{room}/stage")  # noqa: PTH104 - as in write
        except OSError:
            return False
        return True

    def _leave_swapped(self, stage: _Stage) -> None:
        names, self._swapped = self._swapped, []
        self._have_deleted([(stage, names)])

    def take(self, file: str) -> bool:
        """Take a file away that is to be deleted; False where it has to be deleted where it stands."""
        room = self._open()
        if room is None:
            return False
        try:
            os.rename(file, f"{room}/{self._count}")  # noqa: PTH104 - as in write
            self._kept()
        except OSError:
            return False
        return True

    def let_go(self) -> None:
        """Delete what is kept, here and from killed runs, while the caller goes on. What cannot be deleted is tried again at the next run."""
        if self._folder is None or not self._folder.is_dir():
            return
        if not self._deleting() and not self._left:
            self._given.clear()
        self._room = None
        self._leave(*sorted({str(room) for room in self._folder.iterdir()} - self._given))

    def _kept(self) -> None:
        """One more; what is full is deleted while the next one fills."""
        self._count += 1
        if self._count % ROOM == 0 and self._room is not None:
            room, self._room = self._room, None
            self._leave(room)

    def _leave(self, *rooms: str) -> None:
        """Have them deleted."""
        self._given.update(rooms)
        self._have_deleted(rooms)

    def _have_deleted(self, what: Sequence[str | _Names]) -> None:
        self._left.extend(what)
        for _ in range(min(len(self._left), MOST - len(self._deleting()))):
            thread = Thread(target=_delete, args=(self._left,), name="bygone", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # as many threads as this user may have: ``wait`` deletes it
                return
            self._threads.append(thread)

    def _deleting(self) -> list[Thread]:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        return self._threads

    def wait(self) -> None:
        """Until all of it is deleted."""
        for thread in self._threads:
            thread.join()
        _delete(self._left)  # what came when they had just looked for the last time

    def _open(self) -> str | None:
        """The folder in which this run keeps what it replaces."""
        if self._takes and self._folder is not None and self._room is None:
            try:
                own_folder(self._folder)
                self._room = tempfile.mkdtemp(dir=self._folder)
            except OSError:  # a full disk says so where it matters
                self._takes = False
        return self._room if self._takes else None


def _delete(left: deque[str | _Names]) -> None:
    while True:
        try:
            what = left.popleft()
        except IndexError:
            return
        if isinstance(what, str):
            shutil.rmtree(what, ignore_errors=True)
            continue
        stage, names = what
        for name in names:
            with suppress(OSError):  # gone with its folder, or tried again with it
                os.unlink(name, dir_fd=stage.number)
