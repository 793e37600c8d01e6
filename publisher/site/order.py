"""In which order the files of one change are written and sent, so that a reader never meets a broken link.

What is new comes first: nothing that a reader can reach links to it yet. The home pages of the handset editions are where all their pages
lead; a new one stands before anything leads there, and of a whole new site the page by which people enter comes after everything. Only then follow the files that already stand there and may link
to it (a notice that grew a second page, a category that got its first notice), then the home pages, the feeds, and last what describes the
site. What is gone is deleted after all of that.
"""

from __future__ import annotations

from enum import IntEnum

from publisher.model import PageKind


class Rank(IntEnum):
    """Steps of an update. A step begins when the one before it has arrived as a whole."""

    NEW_FILE = 0
    NEW_DOCUMENT = 1
    NEW_FEED = 2  # lists link to their feeds, feeds to nothing that is newer than the documents
    NEW_LIST = 3
    NEW_HOME = 4
    FILE = 5
    DOCUMENT = 6
    LIST = 7
    HOME = 8
    FEED = 9
    SHARD = 10
    MANIFEST = 11
    SIGNATURE = 12
    ALIVE = 13


REACHED = Rank.FILE
"""The first step of files that readers can reach."""

ENTRANCE = "index.html"
HOMES = frozenset({ENTRANCE, "k/index.html", "i/index.html"})
_RANKS = {
    PageKind.PICTURE: (Rank.NEW_FILE, Rank.FILE),
    PageKind.DATA: (Rank.NEW_FILE, Rank.FILE),
    PageKind.DOCUMENT: (Rank.NEW_DOCUMENT, Rank.DOCUMENT),
    PageKind.LIST: (Rank.NEW_LIST, Rank.LIST),
    PageKind.FEED: (Rank.NEW_FEED, Rank.FEED),
    PageKind.ALIVE: (Rank.ALIVE, Rank.ALIVE),
}


def rank_of(path: str, kind: PageKind, new: bool) -> Rank:
    """The step at which a file is written or sent. ``new``: nothing stands at its path yet."""
    if kind is PageKind.MANIFEST:
        if path.endswith(".minisig"):
            return Rank.SIGNATURE
        return Rank.SHARD if "/" in path else Rank.MANIFEST
    if path in HOMES:
        return Rank.NEW_HOME if new and path != ENTRANCE else Rank.HOME
    return _RANKS[kind][0 if new else 1]
