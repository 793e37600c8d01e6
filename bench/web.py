"""How many pages a second nginx serves from the folder that we write, with and without files compressed beforehand."""

from __future__ import annotations

import gzip
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

from bench.report import Table
from tests.servers import free_ports, running

SECONDS = 5.0
READERS = 4


def table(site: Path) -> Table | None:
    """None where there is no nginx. ``site`` has been built; the load is bounded and stays on loopback."""
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        return None
    result = Table("nginx with our files on loopback, readers on the same two cores", ("pages a second", "bytes a page"))
    pages = [*sorted(path.relative_to(site).as_posix() for path in (site / "n").glob("*.html"))[:500], "index.html"]
    for path in pages:
        (site / f"{path}.gz").write_bytes(gzip.compress((site / path).read_bytes(), 9, mtime=0))
    try:
        for setting in ("off", "on"):
            (port,) = free_ports(1)
            place = site.parent / f"nginx-{setting}"
            place.mkdir(exist_ok=True)
            (place / "nginx.conf").write_text(_configuration(site, port, setting))
            with running((program, "-p", str(place), "-c", "nginx.conf", "-g", "daemon off;"), place, (port,)):
                count, size = _read(port, pages)
            result.add(f"gzip_static {setting}", f"{count / SECONDS:,.0f}", f"{size:,.0f}")
    finally:
        for path in pages:
            (site / f"{path}.gz").unlink()
    return result


def _configuration(site: Path, port: int, setting: str) -> str:
    folders = "".join(f"{name}_temp_path temp;" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return (
        f"{'user root; ' if os.geteuid() == 0 else ''}worker_processes 1; pid nginx.pid; error_log error.log; events {{ worker_connections 256; }}\n"
        f"http {{ {folders} access_log off; sendfile on; default_type text/html; keepalive_requests 100000;\n"
        f"server {{ listen 127.0.0.1:{port}; root {site.absolute()}; gzip_static {setting}; }} }}\n"
    )


def _read(port: int, pages: list[str]) -> tuple[int, float]:
    def reader(number: int) -> tuple[int, int]:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        count, size, end = 0, 0, time.monotonic() + SECONDS
        while time.monotonic() < end:
            connection.request("GET", "/" + pages[(count + number * 97) % len(pages)], headers={"Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            size += len(answer.read())
            assert answer.status == 200, answer.status
            count += 1
        return count, size

    with ThreadPoolExecutor(READERS) as pool:
        found = list(pool.map(reader, range(READERS)))
    count = sum(one for one, _ in found)
    return count, sum(size for _, size in found) / count


