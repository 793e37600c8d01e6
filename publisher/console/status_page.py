"""``_状況.html``: opened by double-click from the share, it tells staff what the public sees and what waits for them.

It is one file without script and without anything from elsewhere, so that it works from any share on any machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from publisher.model import Problem, State

if TYPE_CHECKING:
    from publisher.editions import Theme

TROUBLED = 200
"""Held and rejected files that the page shows; it says how many more there are."""

LATEST = 200
"""Documents that the page shows, the newest arrivals first."""


@dataclass(frozen=True, slots=True)
class Row:
    """One file of the drop folder and its way: received, published or not and why, its public address."""

    path: str
    title: str
    state: State
    arrived: datetime
    address: str = ""
    version: int = 0
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class MirrorRow:
    """``state``: current (holds everything), waiting (what was built last is not sent yet), behind (it failed, since ``since``)."""

    name: str
    state: str
    behind: int
    since: datetime | None
    problem: Problem | None = None
    public_url: str = ""


@dataclass(frozen=True, slots=True)
class StatusView:
    """What the page says. ``troubled_count`` and ``count`` are of the whole site, the rows only the newest of it."""

    title: str
    site_url: str
    now: datetime
    serial: int
    count: int
    troubled_count: int
    problems: tuple[Problem, ...] = ()
    troubled: tuple[Row, ...] = ()
    mirrors: tuple[MirrorRow, ...] = ()
    latest: tuple[Row, ...] = ()

    @property
    def waiting(self) -> int:
        """How many things need a person."""
        return self.troubled_count + len(self.problems) + sum(m.state == "behind" for m in self.mirrors)


STATES = {
    State.PUBLISHED: "公開中", State.HELD: "保留中", State.REJECTED: "読めません", State.WITHDRAWN: "取り消し済み", State.EXPIRED: "公開終了",
    State.SCHEDULED: "公開待ち",
}  # fmt: skip


def render(view: StatusView, theme: Theme | None = None) -> bytes:
    """The page. Its words are in ``themes/console/status.html``."""
    import jinja2

    from publisher.editions import Theme

    files = dict((theme or Theme.load(())).files)
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(files), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    template = environment.get_template("console/status.html")
    return template.render(v=view, states=STATES, when=_when, grouped=_grouped).encode("utf-8", "replace")


def _when(moment: datetime | None) -> str:
    if moment is None:
        return "―"
    return f"{moment.month}月{moment.day}日 {moment.hour}時{moment.minute:02d}分"


def _grouped(problems: tuple[Problem, ...]) -> list[tuple[Problem, int]]:
    """Problems of one kind once, with their number: a workbook may have the same in every sheet."""
    found: dict[str, tuple[Problem, int]] = {}
    for problem in problems:
        first, count = found.get(problem.code, (problem, 0))
        found[problem.code] = (first, count + 1)
    return list(found.values())
