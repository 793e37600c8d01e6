"""``_状況.html``: opened by double-click, it tells staff what the public sees and what waits for them.

One file without script and without anything from elsewhere: it works from any share on any machine.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from publisher.console.telephone import bare, spelled
from publisher.errors import SettingsError
from publisher.model import Problem, State
from publisher.values import frozen

if TYPE_CHECKING:
    import jinja2

    from publisher.editions import Theme

TEMPLATE = "console/status.html"

TROUBLED = 100
"""Held and rejected files that the page shows; it says how many more there are."""

LATEST = 100
"""Documents that the page shows, the newest arrivals first."""

REASONS = 8
"""Reasons that the page shows of one file, and places of one reason."""

LONGEST = 300
"""Characters of one sentence or path."""

PATIENCE = timedelta(minutes=5)
"""A mirror that is behind without a problem for no longer than this is simply being sent to."""


@frozen
class Row:
    """One file of the drop folder and its way: received, published or not and why, its public address.

    ``mirrors`` says of each mirror whether this document is up to date there; empty: as the whole mirror is.
    """

    path: str
    title: str
    state: State
    arrived: datetime
    address: str = ""
    version: int = 0
    problems: tuple[Problem, ...] = ()
    mirrors: tuple[tuple[str, bool], ...] = ()


@frozen
class MirrorRow:
    """``current``: holds everything; otherwise ``behind`` files are missing, since ``since``."""

    name: str
    current: bool
    behind: int
    since: datetime | None
    problem: Problem | None = None
    public_url: str = ""

    def stuck(self, now: datetime) -> bool:
        """Whether a person has to know: a moment behind is how every change begins."""
        if self.current:
            return False
        return self.problem is not None or (self.since is not None and now - self.since > PATIENCE)


@frozen
class StatusView:
    """What the page says. ``troubled_count`` and ``count`` are of the whole site, the rows its newest."""

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
        stuck = sum(mirror.stuck(self.now) for mirror in self.mirrors)
        return self.troubled_count + len(self.problems) + stuck

    @property
    def sending(self) -> int:
        """How many mirrors are being brought up to date."""
        return sum(not mirror.current and not mirror.stuck(self.now) for mirror in self.mirrors)

    def way(self, row: Row) -> tuple[tuple[str, bool], ...]:
        """Each mirror, and whether a published row is up to date there."""
        return row.mirrors or tuple((mirror.name, mirror.current) for mirror in self.mirrors)


@frozen
class Reason:
    """A problem, told once for all the places that have it; ``more`` are those that are not listed."""

    problem: Problem
    places: tuple[str, ...]
    more: int


STATES = {
    State.PUBLISHED: "公開中",
    State.HELD: "保留中",
    State.REJECTED: "読めません",
    State.WITHDRAWN: "取り消し済み",
    State.EXPIRED: "公開終了",
    State.SCHEDULED: "公開待ち",
}


def render(view: StatusView, theme: Theme | None = None) -> bytes:
    """The page. Its words are in ``themes/console/status.html``.

    Its size is bounded, whatever the site's. Raises ``SettingsError`` when a site's own template is broken.
    """
    import jinja2

    def when(moment: datetime | None) -> str:
        return _when(moment.astimezone(view.now.tzinfo)) if moment is not None else "―"

    try:
        page = _template(theme or _packaged()).render(
            v=view, states=STATES, when=when, reasons=reasons, clip=clip, bare=bare, spelled=spelled
        )
    except jinja2.TemplateError as error:
        raise SettingsError(_broken(error)) from error
    # A name that the share holds in another charset has bytes in it that are no text.
    return page.encode("utf-8", "replace")


@lru_cache(maxsize=1)
def _packaged() -> Theme:
    from publisher.editions import Theme

    return Theme.load(())


@lru_cache(maxsize=2)
def _template(theme: Theme) -> jinja2.Template:
    return theme.environment().get_template(TEMPLATE)


def _broken(error: jinja2.TemplateError) -> Problem:
    line = getattr(error, "lineno", None)
    return Problem(
        "theme",
        f"状況のページのひな形に誤りがあります（{error}）。",
        f"themes/{TEMPLATE}" + (f" {line}行目" if line else ""),
        "住民向けのページには、影響ありません。",
        "直すか、このファイルを消してください（消すと、もとのひな形を使います）。",
    )


def _when(moment: datetime) -> str:
    return f"{moment.month}月{moment.day}日 {moment.hour}時{moment.minute:02d}分"


def clip(text: str) -> str:
    """The text, or its beginning: one sentence may not become a page."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def reasons(problems: tuple[Problem, ...], path: str = "") -> tuple[list[Reason], int]:
    """The same thing in many places is told once; how many more things there are than ``REASONS``.

    The file's own ``path`` is no place worth telling.
    """
    found: dict[tuple[str, ...], list[str]] = {}
    first: dict[tuple[str, ...], Problem] = {}
    for problem in problems:
        key = (problem.code, problem.what, problem.shown, problem.todo)
        first.setdefault(key, problem)
        places = found.setdefault(key, [])
        place = problem.where.removeprefix(path).strip(" :：、")
        if place and place not in places:
            places.append(place)
    told = [
        Reason(first[key], tuple(places[:REASONS]), max(0, len(places) - REASONS))
        for key, places in found.items()
    ]
    return told[:REASONS], max(0, len(told) - REASONS)
