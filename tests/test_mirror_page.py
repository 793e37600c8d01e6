"""The page of mirrors in a real browser: which are alive, which stand still, which do not answer; without script the plain list."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests import servers
from tests.town import make_town


class Public(SimpleHTTPRequestHandler):
    """A mirror that lets other sites' pages read its files, as docs/operations.md asks for."""

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Silence."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Public, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def seen(url: str, profile: Path) -> str:
    """The page as it stands after the browser has done what the page asks it to."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is not here")
    done = subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--no-proxy-server",
            f"--user-data-dir={profile}", "--virtual-time-budget=15000", "--dump-dom", url,
        ],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_residents_see_of_the_mirrors(tmp_path: Path) -> None:
    (dead,) = servers.free_ports(1)
    with served(tmp_path / "town" / "north") as north, served(tmp_path / "town" / "south") as south:
        addresses = {"north": north, "south": south, "east": f"http://127.0.0.1:{dead}/"}
        town = make_town(tmp_path / "town", "".join(f'\n[[mirrors]]\nname = "{n}"\nurl = "{n}"\npublic_url = "{u}"\n' for n, u in addresses.items()))
        town.notices(1)
        from tests.faults import publish

        publish(town)
        now = datetime.now(UTC)
        for name, age in (("north", 1), ("south", 40)):
            (town.root / name / "alive.json").write_text(json.dumps({"serial": 1, "time": (now - timedelta(minutes=age)).isoformat()}))
        page = seen(north + "mirrors.html", tmp_path / "profile")
        plain = (town.root / "north" / "mirrors.html").read_text(encoding="utf-8")  # what a browser without script shows
    said = {place: word for place, word in re.findall(r'data-place="([^"]+)">([^<]*)</strong>', page)}
    assert [said[addresses[name]] for name in ("north", "south", "east")] == ["応答あり", "古くなっています", "応答なし"]
    assert all(f'<a href="{url}index.html">' in plain for url in addresses.values())
    assert not any(word for _, word in re.findall(r'data-place="([^"]+)">([^<]*)</strong>', plain))
