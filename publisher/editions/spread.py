"""Pieces of markup on as many pages as the budget of their edition asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from publisher.editions.frame import Edition, Frame
from publisher.editions.paginate import Piece, paginate
from publisher.editions.paths import numbered
from publisher.model import Page


def spread(
    frame: Frame,
    edition: Edition,
    path: str,
    title: str,
    pieces: Sequence[Piece],
    inlays: dict[str, tuple[str, int]] | None = None,
    sign: str = "-",
    **common: Any,
) -> list[Page]:
    """One page, or as many as the edition's budget asks for, linked with each other: ``path``, ``path``
    with ``<sign>2``, …

    ``inlays``: pictures that may take the place of the links to them, one a page. ``common``: what
    ``Frame.page`` takes.
    """
    body = "".join([piece.html for piece in pieces])
    page = frame.page(edition, path, title, body, **common)
    if edition.budget is None or len(page.body) <= edition.budget:
        return [_with_picture(frame, edition, page, path, title, body, inlays or {}, common)]
    words = frame.words(common.get("language", "ja"))
    numbers = _turn_links(frame, path, sign, 998, 999, words)
    turn = frame.size(edition, numbers)
    long_title = f"{title}（999/999）"
    first = frame.room(edition, path, long_title, **common) - turn
    rest = (
        frame.room(
            edition,
            numbered(path, 999, sign),
            long_title,
            **{**common, "counterpart": path, "description": ""},
        )
        - turn
    )
    bodies = paginate(pieces, first, rest, lambda text: frame.size(edition, text))
    count = len(bodies)
    return [
        frame.page(
            edition,
            numbered(path, number, sign),
            f"{title}（{number}/{count}）",
            part + _turn_links(frame, path, sign, number, count, words),
            **{**common, "counterpart": common.get("counterpart", path)},
        )
        for number, part in enumerate(bodies, 1)
    ]


def _turn_links(frame: Frame, path: str, sign: str, number: int, count: int, words: Mapping[str, str]) -> str:
    """Previous and next page, on the keys 4 and 6."""
    here = numbered(path, number, sign)
    turns = [(number - 1, 4, words["previous"])] if number > 1 else []
    turns += [(number + 1, 6, words["next"])] if number < count else []
    links = [
        f'<a href="{frame.relative(here, numbered(path, to, sign))}" accesskey="{key}">[{key}]{label}</a>'
        for to, key, label in turns
    ]
    return f"<p>{words['page'].format(number=number, count=count)} {' '.join(links)}</p>"


def _with_picture(
    frame: Frame,
    edition: Edition,
    page: Page,
    path: str,
    title: str,
    body: str,
    inlays: dict[str, tuple[str, int]],
    common: dict[str, Any],
) -> Page:
    """The page with its first picture in it when both together stay within the edition's total (mobileOK:
    20,480 B).
    """
    if edition.total is None or edition.budget is None:
        return page
    for link, (inlay, weight) in inlays.items():
        grown = len(page.body) + len(inlay.encode()) - len(link.encode())
        if link in body and grown <= edition.budget and grown + weight <= edition.total:
            return frame.page(edition, path, title, body.replace(link, inlay, 1), **common)
    return page
