"""In which order the files of one change are written and sent.

A page is there before anything that a reader can reach links to it: pictures and data, then pages, then lists, then feeds, then the
manifest. Within pages: the legacy and light editions before the web edition that points at them, and further pages (continuations, other
languages, earlier versions) before the first one, which links to them. A longer name in a table's folder lies deeper in its drill-down.
"""

from __future__ import annotations

from publisher.model import PageKind

_EDITIONS = {"i": 0, "k": 1}


def order(path: str, kind: PageKind) -> tuple[int, int, int, str]:
    """Sort key; equal first numbers may be sent at the same time only where the second and third are equal too."""
    edition, _, rest = path.partition("/")
    number = _EDITIONS.get(edition, 2)
    inner = rest if number < 2 else path
    return kind.rank, number, _depth(inner, kind), path


def _depth(path: str, kind: PageKind) -> int:
    """Pages that others of the same kind link to come first: smaller is earlier."""
    if kind in (PageKind.DOCUMENT, PageKind.LIST):
        if path == "index.html":
            return 3
        if path.endswith("/index.html"):
            return 2
        if path.startswith("t/"):
            return -len(path)
        if path.startswith("n/"):
            stem = path.removeprefix("n/").removesuffix(".html")
            return -1 if "-" in stem or "." in stem else 0
        if path.startswith("a/") or path.count("/") > 1:
            return -len(path)
        return 1
    if kind is PageKind.MANIFEST:
        return 1 if path == "manifest.json" else -len(path)
    return 0
