"""The manifest's tree read back and believed only as far as it proves itself: signature, hashes, sizes, paths. Pure but for ``fetch``."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator

from publisher.mirrors.public import Fetched
from publisher.patterns import pattern
from publisher.proof.minisign import Forged, Malformed, PublicKey, verify
from publisher.values import frozen

Fetch = Callable[[str], Fetched]

ROOT = "manifest.json"
SIGNATURE = "manifest.json.minisig"
DEEPEST = 8
"""Steps of the tree at most: a key has six characters."""

_PATH = pattern(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*")
_HASH = pattern(r"[0-9a-f]{64}")


class Broken(Exception):
    """The copy does not prove what it says. ``code``: unsigned, forged, missing, damaged, malformed; the text says what, for a person."""

    def __init__(self, code: str, path: str, what: str) -> None:
        super().__init__(what)
        self.code, self.path, self.what = code, path, what


@frozen
class Root:
    """What ``manifest.json`` says. ``signed``: its signature was checked. ``shards``: letter → (SHA-256, number of files)."""

    site: str
    publisher: str
    serial: int
    time: str
    expires: str
    files: int
    shards: dict[str, tuple[str, int]]
    body: bytes
    signature: str
    signed: bool


@frozen
class File:
    path: str
    sha256: str
    size: int
    kind: str


def safe_path(path: object) -> str:
    """A path that may stand below a site's folder: ASCII, relative, no step upwards, nothing hidden. Raises ``Broken``."""
    if not isinstance(path, str) or len(path) > 300 or not _PATH.fullmatch(path):
        raise Broken("malformed", ROOT, "目録に、サイトの外を指すかもしれない名前があります")
    return path


def _value(body: bytes, path: str) -> dict[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Broken("malformed", path, "目録を読めません") from error
    if not isinstance(found, dict):
        raise Broken("malformed", path, "目録の形がちがいます")
    return found


def _entry(value: object, length: int, path: str) -> tuple[str, list[object]]:
    if not isinstance(value, list) or len(value) != length or not isinstance(value[0], str) or not _HASH.fullmatch(value[0]):
        raise Broken("malformed", path, "目録の形がちがいます")
    if not isinstance(value[1], int) or isinstance(value[1], bool) or value[1] < 0:
        raise Broken("malformed", path, "目録の形がちがいます")
    return value[0], value[1:]


def read_root(fetch: Fetch, key: PublicKey | None) -> Root:
    """Fetch the root and check its signature with ``key`` (None: nobody said which key, so nothing is checked)."""
    page = fetch(ROOT)
    if page.status != 200:
        raise Broken("missing", ROOT, "目録がありません")
    signature, signed = "", False
    if key is not None:
        found = fetch(SIGNATURE)
        if found.status != 200:
            raise Broken("unsigned", SIGNATURE, "署名がありません")
        signature = found.body.decode("utf-8", "replace")
        try:
            verify(key, page.body, signature)
        except (Forged, Malformed) as error:
            raise Broken("forged", SIGNATURE, "署名が、この発行者のものではありません") from error
        signed = True
    return parse_root(page.body, signature, signed)


def parse_root(body: bytes, signature: str = "", signed: bool = False) -> Root:
    value = _value(body, ROOT)
    shards = value.get("shards")
    numbers = [value.get("serial"), value.get("files")]
    words = [value.get(name) for name in ("site", "publisher", "time", "expires")]
    if value.get("format") != 1 or not isinstance(shards, dict) or not all(isinstance(n, int) and n >= 0 for n in numbers):
        raise Broken("malformed", ROOT, "目録の形がちがいます")
    if not all(isinstance(word, str) for word in words):
        raise Broken("malformed", ROOT, "目録の形がちがいます")
    found = {}
    for prefix, entry in shards.items():
        sha256, (count,) = _entry(entry, 2, ROOT)
        found[_key(prefix)] = (sha256, count)
    site, publisher, time, expires = words
    return Root(site, publisher, numbers[0], time, expires, numbers[1], found, body, signature, signed)  # type: ignore[arg-type]


def _key(prefix: object) -> str:
    if not isinstance(prefix, str) or not re.fullmatch(r"[a-z0-9]{1,8}", prefix):
        raise Broken("malformed", ROOT, "目録の形がちがいます")
    return prefix


def shard_path(prefix: str) -> str:
    return f"manifest/{prefix}.json"


def read_shard(body: bytes, prefix: str, sha256: str) -> tuple[dict[str, tuple[str, int]], list[File]]:
    """(shards below, files) of a shard whose bytes are the ones that were announced."""
    path = shard_path(prefix)
    if hashlib.sha256(body).hexdigest() != sha256:
        raise Broken("damaged", path, "目録の一部が、署名されたものとちがいます")
    value = _value(body, path)
    below, files = value.get("shards", {}), value.get("files", {})
    if not isinstance(below, dict) or not isinstance(files, dict):
        raise Broken("malformed", path, "目録の形がちがいます")
    shards = {}
    for child, entry in below.items():
        hashed, (count,) = _entry(entry, 2, path)
        if not _key(child).startswith(prefix) or len(child) != len(prefix) + 1:
            raise Broken("malformed", path, "目録の形がちがいます")
        shards[child] = (hashed, count)
    found = []
    for name, entry in files.items():
        hashed, (size, kind) = _entry(entry, 3, path)
        found.append(File(safe_path(name), hashed, size, str(kind)))
    return shards, found


def shards(fetch: Fetch, root: Root, known: frozenset[str] = frozenset()) -> Iterator[tuple[str, str, bytes]]:
    """(prefix, SHA-256, bytes) of every shard, each checked before what it names is fetched; those whose hash is ``known`` are left out."""
    todo = [(prefix, sha256) for prefix, (sha256, _) in sorted(root.shards.items(), reverse=True)]
    while todo:
        prefix, sha256 = todo.pop()
        if sha256 in known:
            continue
        if len(prefix) > DEEPEST:
            raise Broken("malformed", shard_path(prefix), "目録が深すぎます")
        page = fetch(shard_path(prefix))
        if page.status != 200:
            raise Broken("missing", shard_path(prefix), "目録の一部がありません")
        below, _ = read_shard(page.body, prefix, sha256)
        yield prefix, sha256, page.body
        todo += [(child, hashed) for child, (hashed, _) in sorted(below.items(), reverse=True)]


def files(fetch: Fetch, root: Root) -> Iterator[File]:
    """Every file that the site consists of, the manifest's own apart."""
    for prefix, sha256, body in shards(fetch, root):
        yield from read_shard(body, prefix, sha256)[1]


def check_file(file: File, fetched: Fetched) -> None:
    """Raises ``Broken`` when these are not the bytes that were signed."""
    if fetched.status != 200:
        raise Broken("missing", file.path, "ファイルがありません")
    if len(fetched.body) != file.size or hashlib.sha256(fetched.body).hexdigest() != file.sha256:
        raise Broken("damaged", file.path, "ファイルの中身が、発行したものとちがいます")
