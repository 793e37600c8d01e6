"""What is answered to a request for a path of the site: a file, a way to it, or that it is not there."""

from __future__ import annotations

import os
from http import HTTPStatus
from pathlib import Path

from publisher.mirrors.headers import content_type
from publisher.values import frozen


@frozen
class Answer:
    """``tag`` changes with the file (it is the ETag); ``location`` is set on redirects."""

    status: HTTPStatus
    kind: str = ""
    body: bytes = b""
    tag: str = ""
    location: str = ""


def read(folder: Path, path: str) -> Answer:
    """The file at ``path`` below ``folder``; for a folder its ``index.html``."""
    place = find(folder, path)
    if place is None:
        return not_found(folder)
    if place.is_dir():
        if path and not path.endswith("/"):
            # Without the slash every relative link of the page would lead to a folder too high.
            parts = [part for part in path.split("/") if part]
            return Answer(HTTPStatus.FOUND, location="/" + "/".join(parts) + "/")
        place = place / "index.html"
    try:
        with place.open("rb") as file:
            body = file.read()
            stamp = os.fstat(file.fileno())
    except OSError:
        return not_found(folder)
    kind = content_type(place.relative_to(folder).as_posix())
    return Answer(HTTPStatus.OK, kind, body, f'"{stamp.st_mtime_ns:x}-{stamp.st_size:x}"')


def find(folder: Path, path: str) -> Path | None:
    """What stands at a path; None for what is not there, lies outside, or begins with a dot."""
    parts = [part for part in path.split("/") if part]
    # Unfinished files begin with a dot; a colon begins a drive or a hidden stream on Windows.
    if any(part.startswith(".") or set(part) & set("\\\0:") for part in parts):
        return None
    place = folder.joinpath(*parts)
    try:
        real, home = Path(os.path.realpath(place)), Path(os.path.realpath(folder))
        inside = real == home or home in real.parents
        return place if inside and place.exists() else None
    except (OSError, ValueError):
        return None


def not_found(folder: Path) -> Answer:
    """The site's own page, so that what residents see there can be seen here."""
    try:
        return Answer(HTTPStatus.NOT_FOUND, content_type("404.html"), (folder / "404.html").read_bytes())
    except OSError:
        return Answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", "ページがありません".encode())
