"""The manifest: what the site consists of, as a tree of small files.

``manifest.json`` names the shards below the root with their SHA-256; a shard names its files, or, when it would hold more than
``SHARD`` of them, the shards whose key is one character longer. So one change rewrites the shards on its path and the root, however large
the site is. The key of a file keeps together what changes together: all files of a document have one key, in all editions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from publisher.model import Page, PageKind, PageRecord

LASTS = timedelta(days=30)
"""A quiet town may change nothing for weeks; ``alive.json`` tells sooner that a copy stands still."""

RENEWED = timedelta(days=7)
"""So often the root is made anew in a town that changes nothing: whoever carries its site refuses one that has expired."""

SHARD = 256
"""A shard with more files than this is split."""


class Shards(Protocol):
    """What the ledger knows of the shards (``ledger.pages``)."""

    def shard_count(self, prefix: str) -> int: ...
    def shards_below(self, prefix: str) -> list[tuple[str, int]]: ...
    def in_shard(self, prefix: str) -> list[tuple[str, str, int, str]]: ...
    def get(self, path: str) -> PageRecord | None: ...
    def digests(self, paths: list[str]) -> dict[str, str]: ...
    def paths_below(self, prefix: str) -> list[str]: ...


def shard_key(path: str) -> str:
    """The key of a file in the manifest's tree: up to six characters of ``[a-z0-9]``, '' for the manifest's own files.

    n + id for documents, t + hash of the table's folder and page, m + hash for pictures, a + hash of the day for the archive (of the
    site and of the categories), h for what changes at every turn (home, categories, feeds).
    """
    first, _, rest = path.partition("/")
    inner = rest if first in ("k", "i") else path
    kind, _, name = inner.partition("/")
    if path.startswith("manifest") or path == "alive.json":
        return ""
    if kind == "n":
        return "n" + name[:5]
    if kind == "t":
        slug, _, page = name.partition("/")
        return "t" + _digits(slug, 2) + _digits(page.partition(".")[0], 3)
    if kind == "m":
        return "m" + name[:5]
    if kind == "a" or (name.count("/") == 1 and name.endswith(".html")):
        return "a" + _digits(name.rpartition("/")[2][:10], 4)
    return "h" + _digits(inner, 4)


def _digits(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def shard_path(prefix: str) -> str:
    return f"manifest/{prefix}.json"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode() + b"\n"


class Tree:
    """The shards after a change: which to write, which are gone. ``touched`` are the keys of the files that changed."""

    def __init__(self, shards: Shards, touched: Iterable[str]) -> None:
        self._shards = shards
        self._touched = frozenset(key[:length] for key in touched for length in range(1, len(key) + 1))
        self.pages: list[Page] = []
        self.gone: list[str] = []

    def build(self) -> dict[str, list[object]]:
        """What the root says of the shards right below it: first letter → [SHA-256, number of files]."""
        root = self._below("")
        emptied = [shard_path(prefix) for prefix in sorted(self._touched) if not self._shards.shard_count(prefix)]
        self.gone += [path for path in emptied if self._shards.get(path) is not None]
        return root

    def _below(self, prefix: str) -> dict[str, list[object]]:
        """The shards one character below. Those that nothing touched are asked for together: there are dozens, at each step of a large town's tree."""
        below = self._shards.shards_below(prefix)
        known = self._shards.digests([shard_path(child) for child, _ in below if child not in self._touched])
        return {child: [known.get(shard_path(child)) or self._node(child, count), count] for child, count in below}

    def _node(self, prefix: str, count: int) -> str:
        path = shard_path(prefix)
        if count <= SHARD or not self._shards.shards_below(prefix):
            files = {path: [sha256, size, kind] for path, sha256, size, kind in self._shards.in_shard(prefix)}
            body = _json({"files": files})
            self.gone += [p for p in self._shards.paths_below(f"manifest/{prefix}") if p != path]
        else:
            body = _json({"shards": self._below(prefix)})
        self.pages.append(Page(path, body, PageKind.MANIFEST))
        return hashlib.sha256(body).hexdigest()


def manifest(root: dict[str, list[object]], site: str, publisher: str, serial: int, moment: datetime, files: int) -> Page:
    """The root. ``moment`` is that of the build: this file and ``alive.json`` are the only ones that name it.

    ``expires``: a copy that still shows this root then has not heard of its publisher for ``LASTS``.
    """
    value = {
        "format": 1, "site": site, "publisher": publisher, "serial": serial, "time": moment.isoformat(), "expires": (moment + LASTS).isoformat(),
        "files": files, "shards": root,
    }  # fmt: skip
    return Page("manifest.json", json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n", PageKind.MANIFEST)


def alive(serial: int, moment: datetime) -> Page:
    """So that anybody sees a mirror that stands still."""
    return Page("alive.json", _json({"serial": serial, "time": moment.isoformat()}), PageKind.ALIVE)
