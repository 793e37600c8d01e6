"""The manifest's tree: the same whatever the history, and one change rewrites one path of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.ledger import Ledger
from publisher.model import PageKind, PageRecord
from publisher.site.manifest import SHARD, Tree, shard_key, shard_path

IDS = st.text("23abc", min_size=6, max_size=6)
PATHS = st.one_of(IDS.map(lambda i: f"n/{i}.html"), IDS.map(lambda i: f"k/n/{i}.html"), IDS.map(lambda i: f"t/roll/{i}.html"))


def record(path: str, text: str) -> PageRecord:
    return PageRecord(path, hashlib.sha256(text.encode()).hexdigest(), len(text), PageKind.DOCUMENT, False, 1)


class Site:
    """A ledger's pages with the manifest kept beside them, as a build does it."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(folder / "ledger.db")
        self.files: dict[str, bytes] = {}
        self.root: dict[str, list[object]] = {}

    def change(self, put: dict[str, str], gone: list[str]) -> int:
        pages = self.ledger.pages
        with self.ledger.transaction():
            pages.put((record(path, text), shard_key(path), "") for path, text in put.items())
            pages.bury(gone, 1)
            tree = Tree(pages, pages.touched("shard"))
            self.root = tree.build()
            for page in tree.pages:
                self.files[page.path] = page.body
                pages.put([(PageRecord(page.path, hashlib.sha256(page.body).hexdigest(), len(page.body), page.kind, False, 1), "", "")])
            for path in tree.gone:
                self.files.pop(path, None)
            pages.bury(tree.gone, 1)
            pages.untouch("shard", pages.touched("shard"))
        return len(tree.pages)

    def listed(self) -> dict[str, str]:
        """Walk the tree as a stranger would: every hash is checked on the way."""
        found: dict[str, str] = {}
        todo = [(prefix, digest) for prefix, (digest, _) in self.root.items()]
        while todo:
            prefix, digest = todo.pop()
            body = self.files[shard_path(prefix)]
            assert hashlib.sha256(body).hexdigest() == digest
            value = json.loads(body)
            todo += [(p, d) for p, (d, _) in value.get("shards", {}).items()]
            found |= {path: entry[0] for path, entry in value.get("files", {}).items()}
        return found


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(PATHS, st.booleans(), st.text("xy", max_size=2)), max_size=60))
def test_any_history_gives_the_same_tree(tmp_path_factory, steps: list[tuple[str, bool, str]]) -> None:
    site = Site(tmp_path_factory.mktemp("site"))
    now: dict[str, str] = {}
    for path, gone, text in steps:
        if gone and path in now:
            del now[path]
            site.change({}, [path])
        elif not gone:
            now[path] = text
            site.change({path: text}, [])
    fresh = Site(tmp_path_factory.mktemp("fresh"))
    fresh.change(now, [])
    assert site.listed() == {path: record(path, text).sha256 for path, text in now.items()}
    assert (site.root, site.files) == (fresh.root, fresh.files)


def test_splits_merges_and_costs_one_path(tmp_path: Path) -> None:
    site = Site(tmp_path)
    many = {f"n/{a}{b}{c}{d}22.html": "x" for a in "23456789" for b in "23456789" for c in "23456789" for d in "2345"}
    assert len(many) > 4 * SHARD
    site.change(many, [])
    assert set(site.listed()) == set(many)
    deep = max(len(path) for path in site.files)
    assert deep >= len("manifest/n2.json")
    assert site.change({"n/222222.html": "changed"}, []) <= 5
    left = dict(list(many.items())[:10])
    site.change({}, [path for path in many if path not in left])
    assert set(site.files) == {"manifest/n.json"}
    assert set(site.listed()) == set(left)


def test_files_of_one_document_share_a_shard() -> None:
    keys = {shard_key(p) for p in ("n/abc234.html", "k/n/abc234.html", "i/n/abc234-2.html", "n/abc234.en.html", "n/abc234.v1.html")}
    assert len(keys) == 1
    assert shard_key("manifest/n.json") == shard_key("manifest.json") == shard_key("alive.json") == ""
