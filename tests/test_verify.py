"""What ``verify`` says of a mirror is what the public finds there: whole, genuine and fresh, or not."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from publisher.mirrors.headers import content_type
from publisher.site.manifest import RENEWED
from tests.town import Town, make_town

MIRROR = '\n[[mirrors]]\nname = "写し"\nurl = "mirror"\n'


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder under the headers that a mirror has to send."""

    def guess_type(self, path: str) -> str:  # type: ignore[override]
        return content_type(os.path.relpath(path, self.directory))

    def log_message(self, *_: object) -> None:
        """A test says nothing."""


@contextmanager
def served(folder: Path, handler: type[Handler] = Handler) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def publisher(place: Town, *words: str) -> tuple[int, dict]:
    command = [sys.executable, "-m", "publisher", "-C", str(place.root), *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[0])


@pytest.fixture
def town(tmp_path: Path) -> Town:
    place = make_town(tmp_path / "town", MIRROR)
    for number in range(4):
        file = place.content / f"給水/{number}.md"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"# 給水所{number}\n\n10時から配ります。\n", encoding="utf-8")
    assert publisher(place, "keys")[1]["created"] is True
    assert publisher(place, "publish")[0] == 0
    return place


def test_a_mirror_that_is_whole(town: Town) -> None:
    code, said = publisher(town, "verify", "--all")
    (one,) = said["mirrors"]
    assert (code, one["state"], said["signed"]) == (0, "ok", True)
    assert one["checked"] >= one["of"] - 5 > 30


def test_a_quiet_town_renews_its_root_before_it_expires(town: Town) -> None:
    """Else nobody could carry the site of a town that has had nothing to say for a month."""
    town.now += timedelta(days=90)  # nothing of it is due any more
    town.build()
    before = (town.public / "manifest.json").read_bytes()
    town.now += RENEWED - timedelta(hours=1)
    town.build()
    assert (town.public / "manifest.json").read_bytes() == before
    town.now += timedelta(hours=2)
    report = town.build()
    assert {path.partition(" ")[0] for path in report.outputs.paths} == {"alive.json", "manifest.json", "manifest.json.minisig"}


def test_a_changed_byte_is_found(town: Town) -> None:
    page = sorted((town.root / "mirror" / "n").glob("*.html"))[1]
    page.write_bytes(page.read_bytes().replace("10時".encode(), "11時".encode()))
    code, said = publisher(town, "verify", "--all")
    (one,) = said["mirrors"]
    assert (code, one["state"]) == (4, "damaged")
    assert page.name in one["problems"][0]


@pytest.mark.parametrize("name", ["manifest.json", "manifest.json.minisig", "manifest/n.json"])
def test_a_changed_list_is_found(town: Town, name: str) -> None:
    file = town.root / "mirror" / name
    if not file.exists():
        file = sorted((town.root / "mirror" / "manifest").glob("n*.json"))[0]
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))
    code, said = publisher(town, "verify")
    assert code == 4
    assert said["mirrors"][0]["state"] in ("forged", "damaged")


def test_a_missing_file_and_a_missing_signature_are_found(town: Town) -> None:
    sorted((town.root / "mirror" / "k" / "n").glob("*.html"))[0].unlink()
    code, said = publisher(town, "verify", "--all")
    assert (code, said["mirrors"][0]["state"]) == (4, "damaged")
    (town.root / "mirror" / "manifest.json.minisig").unlink()
    code, said = publisher(town, "verify", "--all")
    assert (code, said["mirrors"][0]["state"]) == (4, "unsigned")


def test_an_old_copy_is_stale(town: Town, tmp_path: Path) -> None:
    shutil.copytree(town.root / "mirror", tmp_path / "old")
    (town.content / "給水/新.md").write_text("# 新しい給水所\n\n本文\n", encoding="utf-8")
    publisher(town, "publish")
    shutil.rmtree(town.root / "mirror")
    shutil.copytree(tmp_path / "old", town.root / "mirror")
    code, said = publisher(town, "verify")
    assert (code, said["mirrors"][0]["state"]) == (4, "stale")


def test_by_its_public_address_under_its_headers(town: Town) -> None:
    toml = town.root / "publisher.toml"
    with served(town.root / "mirror") as url:
        toml.write_text(toml.read_text() + f'public_url = "{url}"\n')
        publisher(town, "publish")
        assert publisher(town, "verify", "--all")[0] == 0
        (town.root / "mirror" / "i" / "index.html").rename(town.root / "mirror" / "i" / "away")
        assert publisher(town, "verify", "--all")[0] == 4
    code, said = publisher(town, "verify")  # nobody answers any more: that is no success
    assert (code, said["mirrors"][0]["state"]) == (4, "unreachable")


def test_a_changed_byte_is_named_first_though_a_web_server_sends_every_file_under_wrong_headers(town: Town) -> None:
    class Wrong(Handler):
        def guess_type(self, path: str) -> str:  # type: ignore[override]
            return "application/octet-stream"

    page = sorted((town.root / "mirror" / "n").glob("*.html"))[1]
    page.write_bytes(page.read_bytes().replace("10時".encode(), "11時".encode()))
    toml = town.root / "publisher.toml"
    with served(town.root / "mirror", Wrong) as url:
        toml.write_text(toml.read_text() + f'public_url = "{url}"\n')
        code, said = publisher(town, "verify", "--all")
    problems = said["mirrors"][0]["problems"]
    assert code == 4 and page.name in problems[0] and "Content-Type" not in problems[0]
    assert len(problems) == 11 and "Content-Type" in problems[1]


def test_keys_are_made_once_and_for_the_owner_alone(town: Town) -> None:
    key = town.root / ".publisher" / "keys" / "signing.key"
    assert key.stat().st_mode & 0o077 == 0
    before = key.read_bytes()
    code, said = publisher(town, "keys")
    assert (code, said["created"], key.read_bytes()) == (0, False, before)
    assert said["fingerprint"] in (town.public / "index.html").read_text()
    assert said["fingerprint"] in (town.public / "mirrors.html").read_text()
    assert said["public_key"] in (town.public / "minisign.pub").read_text()
    for file in (town.root / "mirror").rglob("*"):
        assert not file.is_file() or before.splitlines()[1] not in file.read_bytes()
    key.chmod(0o644)
    done = subprocess.run([sys.executable, "-m", "publisher", "-C", str(town.root), "build"], capture_output=True, text=True, check=False)
    assert "chmod 600" in done.stderr
    key.write_text("broken")
    done = subprocess.run([sys.executable, "-m", "publisher", "-C", str(town.root), "build"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "署名の鍵" in done.stderr


def test_minisign_itself_accepts_a_mirror(town: Town) -> None:
    program = shutil.which("minisign")
    if program is None:
        pytest.skip("minisign is not here")
    command = [program, "-V", "-p", "minisign.pub", "-m", "manifest.json"]
    assert subprocess.run(command, cwd=town.root / "mirror", capture_output=True, check=False).returncode == 0


def test_a_site_without_a_key_is_compared_too(tmp_path: Path) -> None:
    place = make_town(tmp_path / "town", MIRROR)
    (place.content / "水.md").write_text("# 水\n\n本文\n", encoding="utf-8")
    publisher(place, "publish")
    code, said = publisher(place, "verify", "--all")
    assert (code, said["signed"], said["mirrors"][0]["state"]) == (0, False, "ok")
    assert not (place.public / "manifest.json.minisig").exists()


def harm(town: Town) -> None:
    """One file overwritten, one deleted."""
    pages = sorted((town.root / "mirror" / "n").glob("*.html"))
    pages[1].write_bytes(pages[1].read_bytes().replace("10時".encode(), "11時".encode()))
    sorted((town.root / "mirror" / "k" / "n").glob("*.html"))[0].unlink()


def test_what_was_found_damaged_is_sent_again(town: Town) -> None:
    harm(town)
    assert publisher(town, "publish")[1]["mirrors"][0]["uploaded"] <= 1  # nobody knows of it yet: alive.json at most
    assert publisher(town, "verify", "--all")[0] == 4
    code, said = publisher(town, "publish")
    assert code == 0 and said["mirrors"][0]["uploaded"] in (2, 3)
    assert publisher(town, "verify", "--all")[0] == 0
    assert publisher(town, "publish")[1]["mirrors"][0]["uploaded"] <= 1


@pytest.mark.parametrize("name", ["manifest.json", "manifest.json.minisig", "manifest/"])
def test_a_list_that_is_not_ours_is_sent_again_and_after_it_what_it_hid(town: Town, name: str) -> None:
    mirror = town.root / "mirror"
    for file in [mirror / name] if (mirror / name).is_file() else (mirror / name).glob("*.json"):
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(bytes(data))
    harm(town)
    for _ in range(2):
        assert publisher(town, "verify", "--all")[0] == 4
        assert publisher(town, "publish")[0] == 0
        if publisher(town, "verify", "--all")[0] == 0:
            break
    assert publisher(town, "verify", "--all")[0] == 0


def test_damage_that_is_found_while_a_run_is_under_way_is_mended_by_the_next(town: Town) -> None:
    from publisher.pipeline import mending
    from publisher.pipeline.build import build, desk
    from publisher.pipeline.publish import to_mirrors
    from publisher.pipeline.verify import Verdict

    path = sorted((town.root / "mirror" / "n").glob("*.html"))[1].relative_to(town.root / "mirror").as_posix()
    with desk(town.settings()) as opened:
        build(opened, town.now)
        told = False

        def may() -> bool:
            nonlocal told
            if not told:  # the run has read what the mirror confirmed
                told = True
                mending.suspect(opened.settings, [Verdict("写し", "damaged", damaged=(path,))])
            return True

        to_mirrors(opened, town.now, may)
        (town.root / "mirror" / path).unlink()
        (line,) = to_mirrors(opened, town.now)
    assert line.uploaded == 1 and (town.root / "mirror" / path).is_file()
