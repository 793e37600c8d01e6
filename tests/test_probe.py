"""``publisher mirrors probe``: what real stores do, and what unfit ones are said to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.cli import main
from publisher.ledger import Ledger
from publisher.mirrors import MemoryMirror, S3Mirror, unavailable
from publisher.mirrors.headers import Headers
from publisher.mirrors.probe import _WORDS, probe
from tests import servers
from tests.test_islands import FOLDERS, s3
from tests.test_s3_servers import bucket_of, moto, objects, rclone, seaweedfs  # noqa: F401
from tests.town import make_town

EXPECTED = {
    "seaweedfs": {"if-none-match": "yes", "if-match": "yes"},
    "rclone": {"if-none-match": "ignored", "if-match": "ignored"},
    "moto": {"if-none-match": "yes", "if-match": "yes"},
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_real_stores(kind: str, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue(kind)
    found = probe(S3Mirror("雲", bucket_of(server, "probed")))
    assert found.problem is None and found.fit
    assert {what: found.answer(what) for what in EXPECTED[kind]} == EXPECTED[kind]
    for what in ("stores", "replaces", "deletes", "content-type", "cache-control", "digest", "clock"):
        assert found.answer(what) == "yes", what
    assert objects(server, "probed") == {}


def test_versions_are_seen_and_none_of_ours_stays(moto: servers.Server) -> None:  # noqa: F811
    servers.make_bucket(moto.url, "versioned")
    client = servers.client(moto.url)
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    found = probe(S3Mirror("雲", bucket_of(moto, "p", bucket="versioned")))
    assert found.answer("versions") == "yes"
    left = client.list_object_versions(Bucket="versioned", Prefix="p/")
    assert "Versions" not in left and "DeleteMarkers" not in left


class Odd(MemoryMirror):
    def __init__(self, change: Callable[[bytes, Headers], tuple[bytes, Headers]]) -> None:
        super().__init__("odd")
        self.change = change

    def put(self, path: str, body: bytes, headers: Headers) -> None:
        super().put(path, *self.change(body, headers))


@pytest.mark.parametrize(
    ("change", "what", "fit"),
    [
        (lambda body, served: (body[:5], served), "stores", False),
        (lambda body, served: (body, Headers("text/html", served.cache_control)), "content-type", True),
        (lambda body, served: (body, Headers(served.content_type, "public")), "cache-control", True),
    ],
)
def test_unfit_mirrors_are_said_to_be(change, what: str, fit: bool) -> None:
    mirror = Odd(change)
    found = probe(mirror)
    assert (found.answer(what), found.fit) == ("no", fit)
    assert mirror.files == {}


def test_what_breaks_off_is_told_and_cleared_away() -> None:
    calls = []

    def fault(operation: str, path: str):
        calls.append(operation)
        return unavailable("odd", "slow") if calls.count("put") == 2 and operation == "put" else None

    mirror = MemoryMirror("odd", fault)
    found = probe(mirror)
    assert found.problem.code == "mirror-slow" and not found.fit
    assert mirror.files == {}


def test_every_answer_has_words() -> None:
    for words in _WORDS.values():
        assert words.endswith("。")


def test_the_command_says_it_and_writes_it_down(tmp_path: Path, rclone: servers.Server, capsys, monkeypatch) -> None:  # noqa: F811
    monkeypatch.setenv("TOWN_KEY", servers.KEY)
    monkeypatch.setenv("TOWN_SECRET", servers.SECRET)
    town = make_town(tmp_path / "town", FOLDERS + s3("cloud", rclone.url))
    assert main(["-C", str(town.root), "mirrors", "probe"]) == 0
    words = capsys.readouterr().out
    assert "公開先 cloud: 使えます" in words and "If-Match）と頼んでも" in words and "公開先 north" in words
    assert main(["-C", str(town.root), "mirrors", "probe", "cloud", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["probes"]
    assert told["findings"]["if-match"] == "ignored"
    ledger = Ledger(town.root / ".publisher" / "ledger.db")
    try:
        assert json.loads(ledger.fact("probe cloud"))["findings"] == told["findings"]
    finally:
        ledger.close()
    assert main(["-C", str(town.root), "mirrors", "probe", "clud"]) == 2
    assert "cloud" in capsys.readouterr().err
    monkeypatch.delenv("TOWN_SECRET")
    assert main(["-C", str(town.root), "mirrors", "probe", "cloud"]) == 4
    assert "TOWN_SECRET" in capsys.readouterr().err
