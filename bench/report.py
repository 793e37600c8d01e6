"""Tables of what was measured, in Markdown and as JSON."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Line:
    """One row: what was done, and its cells as they are to be read; ``met`` None: there is no goal."""

    work: str
    cells: tuple[str, ...]
    goal: str = ""
    met: bool | None = None


@dataclass(slots=True)
class Table:
    title: str
    heads: tuple[str, ...]
    note: str = ""
    lines: list[Line] = field(default_factory=list)

    def add(self, work: str, *cells: str, goal: str = "", met: bool | None = None) -> None:
        self.lines.append(Line(work, cells, goal, met))

    def markdown(self) -> str:
        heads = ["work", *self.heads, *(["goal", "met"] if any(line.goal for line in self.lines) else [])]
        rows = [f"### {self.title}", "", *([self.note, ""] if self.note else []), "| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
        for line in self.lines:
            cells = [line.work, *line.cells, *[""] * (len(self.heads) - len(line.cells))]
            if any(one.goal for one in self.lines):
                cells += [line.goal, "" if line.met is None else "yes" if line.met else "**no**"]
            rows.append("| " + " | ".join(cells) + " |")
        return "\n".join(rows) + "\n"


def machine() -> str:
    """The machine that was measured, in a line."""
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "unknown")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {model}, {memory:.0f} GB, Linux {platform.release()}, Python {platform.python_version()}"


def as_json(tables: list[Table]) -> str:
    found = [
        {"title": t.title, "heads": list(t.heads), "lines": [{"work": x.work, "cells": list(x.cells), "goal": x.goal, "met": x.met} for x in t.lines]}
        for t in tables
    ]
    return json.dumps({"machine": machine(), "tables": found}, ensure_ascii=False, indent=1)
