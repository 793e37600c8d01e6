"""What a command costs: seconds of the clock, seconds of all cores, memory of the whole family of processes."""

from __future__ import annotations

import ctypes
import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2): processes whose parent has gone become ours, so that their cost is counted."""

SAMPLE = 0.05
"""Seconds between two looks at the memory, at least."""

LIGHT = 20
"""How many times longer than a look took is waited before the next: the kernel counts every page, and a core is busy meanwhile."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run: ``wall`` and ``cpu`` in seconds, ``memory`` in bytes (proportional set size of the family at its peak)."""

    wall: float
    cpu: float
    memory: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Several runs of the same work."""

    runs: tuple[Cost, ...]

    @property
    def wall(self) -> float:
        return statistics.median(run.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        return statistics.median(run.cpu for run in self.runs)

    @property
    def memory(self) -> float:
        return statistics.median(run.memory for run in self.runs)

    @property
    def spread(self) -> tuple[float, float]:
        walls = [run.wall for run in self.runs]
        return min(walls), max(walls)


def run(command: Sequence[str | Path], cwd: Path, allowed: Sequence[int] = (0,)) -> Cost:
    """Run a command to its end and the end of all that it started. Raises ``RuntimeError`` with its last words when it fails."""
    ctypes.CDLL(None, use_errno=True).prctl(SUBREAPER, 1, 0, 0, 0)
    before, others = _children(), set(family(os.getpid()))
    log = cwd / ".bench.log"
    with log.open("wb") as out:
        start = time.perf_counter()
        process = subprocess.Popen([str(part) for part in command], cwd=cwd, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        with watched(process.pid) as memory:
            code = process.wait()
            wall = time.perf_counter() - start
    _reap(others)
    if code not in allowed:
        raise RuntimeError(f"{command[0]} ended with {code}: {log.read_text(errors='replace')[-2000:]}")
    return Cost(wall, _children() - before, memory())


def _children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _reap(others: set[int]) -> None:
    """Wait for orphans that became ours: servers that end a moment after the process that they served."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        left = set(family(os.getpid())) - others
        if not left:
            return
        for pid in left:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:  # a grandchild: its parent waits for it
                continue
        time.sleep(0.01)


@contextmanager
def watched(pid: int) -> Iterator[Callable[[], int]]:
    """Look at the memory of a process and its descendants while the block runs; gives the peak in bytes."""
    peak, end = [0], threading.Event()

    def look() -> None:
        while not end.is_set():
            start = time.perf_counter()
            peak[0] = max(peak[0], sum(proportional(member) for member in family(pid)))
            end.wait(max(SAMPLE, LIGHT * (time.perf_counter() - start)))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield lambda: peak[0]
    finally:
        end.set()
        thread.join()


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                todo += [int(child) for child in task.read_text().split()]
            except OSError:  # it has just ended
                continue
    return found


def proportional(pid: int) -> int:
    """Bytes of memory that a process takes, shared pages divided among those that share them; 0 when it has ended."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        return 0
    return 0


def cpu_of(pid: int) -> float:
    """Seconds that a process and its descendants, ended ones included, have computed so far."""
    tick = os.sysconf("SC_CLK_TCK")
    total = 0.0
    for member in family(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(fields[index]) for index in (11, 12, 13, 14)) / tick
    return total


def put_aside(site: Path, names: Sequence[str]) -> None:
    """Take away what an earlier run left, without deleting it.

    ext4 gives the place of a deleted file away a minute later at the earliest (five where its inode is not on the disk yet), and meanwhile
    seeks past all of them for each new file: after the deletion of 40,000 files a new one takes 0.4 ms instead of 0.04.
    """
    aside = site.parent / "aside"
    aside.mkdir(exist_ok=True)
    for name in names:
        if (site / name).exists():
            (site / name).rename(aside / str(sum(1 for _ in aside.iterdir())))
    os.sync()
