"""Under which headers a file of the site is served."""

from __future__ import annotations

import hashlib

from publisher.model import PageKind
from publisher.values import frozen

#: Fresh for half a minute, then shown while it is fetched anew, and for a day when the origin is gone (RFC
#: 9111, RFC 5861).
LIVELY = "max-age=30, stale-while-revalidate=600, stale-if-error=86400"
#: Named by its content, so it never changes (RFC 8246).
FOREVER = "public, max-age=31536000, immutable"
#: Says how old the mirror is: a stale copy of it would be a lie.
PULSE = "max-age=5, must-revalidate"
#: Names of people stay in no cache (RFC 9111 5.2.2.5).
NEVER = "no-store"

_NAMES = {
    "atom.xml": "application/atom+xml; charset=utf-8",  # RFC 4287
    "rss.xml": "application/rss+xml; charset=utf-8",
    "feed.json": "application/feed+json; charset=utf-8",  # JSON Feed 1.1
    "cap.xml": "application/cap+xml; charset=utf-8",  # CAP 1.2
}
_ENDINGS = {
    ".csv-metadata.json": "application/csvm+json; charset=utf-8",  # W3C Tabular Metadata, 5
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".tsv": "text/tab-separated-values; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".minisig": "text/plain; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".pdf": "application/pdf",
    ".webmanifest": "application/manifest+json; charset=utf-8",
}


@frozen
class Headers:
    """What a store has to send with a file. ``digest`` tells two of them apart and is kept on receipts."""

    content_type: str
    cache_control: str

    @property
    def digest(self) -> str:
        """SHA-256 of the headers as lines; the same on every machine and in every version of Python."""
        lines = f"content-type: {self.content_type}\ncache-control: {self.cache_control}\n"
        return hashlib.sha256(lines.encode()).hexdigest()


def content_type(path: str) -> str:
    """The media type of a path of the site, always with a charset where it is text.

    Pages below ``i/`` are Shift_JIS: the handsets they are for believe this header and nothing else.
    """
    name = path.rpartition("/")[2]
    if path.startswith("i/") and name.endswith(".html"):
        return "text/html; charset=Shift_JIS"
    if name in _NAMES:
        return _NAMES[name]
    return next(
        (kind for ending, kind in _ENDINGS.items() if name.endswith(ending)), "application/octet-stream"
    )


def cache_control(path: str, kind: PageKind, personal: bool) -> str:
    """How long others may keep a copy."""
    if personal:
        return NEVER
    if kind in (PageKind.MANIFEST, PageKind.ALIVE):
        return PULSE
    if kind is PageKind.PICTURE and path.startswith("m/"):
        return FOREVER
    return LIVELY


def headers(path: str, kind: PageKind, personal: bool) -> Headers:
    """The headers of one file of the site."""
    return Headers(content_type(path), cache_control(path, kind, personal))
