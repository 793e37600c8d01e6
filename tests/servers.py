"""Real object stores on loopback, for tests: SeaweedFS, ``rclone serve s3`` and moto."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

KEY, SECRET = "publisherkey", "publishersecret"
#: SeaweedFS knows two more, with the same secret: one that may make buckets, one that may only read.
ADMIN, READER = "adminkey", "readerkey"
BUCKET = "site"
#: How long a server may take to answer for the first time, in seconds.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """A store that answers at ``url`` and holds an empty bucket ``BUCKET`` for ``KEY`` and ``SECRET``."""

    kind: str
    url: str
    folder: Path
    process: int


def program(name: str) -> str | None:
    """The path of a program beside this Python, or elsewhere on the machine."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on, all different, and free 10,000 higher as well.

    SeaweedFS puts the gRPC side of each role 10,000 above its HTTP side. None of them is one that the system gives to whoever calls somebody
    (from 32,768 on): between our look and the server's start such a one may be gone.
    """
    chance = random.SystemRandom()  # hypothesis has the other one begin alike in all processes
    with ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            port = chance.randrange(10_000, 22_000)
            try:
                for one in (port, port + 10_000):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", one))
            except OSError:
                continue
            found.append(port)
        return found


def await_port(port: int, process: subprocess.Popen[bytes], log: Path, patience: float = PATIENCE) -> None:
    """Return when somebody listens; fail with the end of the log when the server ends or takes too long."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port}: {log.read_text(errors='replace')[-2000:]}")


@contextmanager
def running(command: Sequence[str], folder: Path, ports: Sequence[int]) -> Iterator[int]:
    """A server as a process of its own, ended by its process id when the block is left."""
    log = folder / "server.log"
    # Loopback only: no proxy, nobody's credentials.
    quiet = {
        name: value for name, value in os.environ.items() if not name.upper().startswith(("AWS_", "HTTP"))
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=quiet
        )
    try:
        for port in ports:
            await_port(port, process, log)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def client(url: str, key: str = KEY, secret: str = SECRET):
    """A plain boto3 client, for looking at a store from outside."""
    import boto3
    from botocore.config import Config

    config = Config(
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    keys = {"aws_access_key_id": key, "aws_secret_access_key": secret}
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1", config=config, **keys)


def make_bucket(url: str, bucket: str = BUCKET, key: str = KEY, patience: float = PATIENCE) -> None:
    """Make a bucket; a store that listens may need another moment until it takes writes."""
    from botocore.exceptions import BotoCoreError, ClientError

    deadline = time.monotonic() + patience
    while True:
        try:
            store = client(url, key)
            store.create_bucket(Bucket=bucket)
            store.put_object(Bucket=bucket, Key="ready", Body=b"ready")
            store.delete_object(Bucket=bucket, Key="ready")
            return
        except (BotoCoreError, ClientError) as error:
            if "BucketAlready" in str(error):
                return
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _pair(key: str) -> dict[str, str]:
    return {"accessKey": key, "secretKey": SECRET}


@contextmanager
def seaweedfs(folder: Path) -> Iterator[Server]:
    """SeaweedFS: one master, one volume server, a filer and the S3 gateway in one process."""
    master, volume, filer, s3 = free_ports(4)
    identities = [
        # Without Admin a PUT does not make the bucket that it misses.
        {"name": "publisher", "credentials": [_pair(KEY)], "actions": ["Read", "Write", "List", "Tagging"]},
        {
            "name": "admin",
            "credentials": [_pair(ADMIN)],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        },
        {"name": "reader", "credentials": [_pair(READER)], "actions": ["Read", "List"]},
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    (folder / "data").mkdir()
    command = [
        program("weed"),
        "-logtostderr",
        "server",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-dir={folder / 'data'}",
        f"-master.port={master}",
        f"-volume.port={volume}",
        f"-filer.port={filer}",
        "-filer",
        "-s3",
        f"-s3.port={s3}",
        "-s3.port.iceberg=0",  # it would want the same fixed port in every server of this machine
        "-s3.port.lance=0",
        f"-s3.config={folder / 's3.json'}",
        "-master.volumeSizeLimitMB=64",
        "-volume.max=30",
        "-volume.minFreeSpace=100MiB",
    ]
    with running(command, folder, (master, volume, filer, s3)) as process:
        url = f"http://127.0.0.1:{s3}"
        make_bucket(url, key=ADMIN)
        yield Server("seaweedfs", url, folder / "data", process)


@contextmanager
def rclone(folder: Path) -> Iterator[Server]:
    """``rclone serve s3`` on a folder: small, quick, and sloppy about what it promises."""
    (port,) = free_ports(1)
    (folder / "data" / BUCKET).mkdir(parents=True)
    command = [
        program("rclone"),
        "serve",
        "s3",
        str(folder / "data"),
        "--addr",
        f"127.0.0.1:{port}",
        "--auth-key",
        f"{KEY},{SECRET}",
        "--config",
        str(folder / "rclone.conf"),
        "--vfs-cache-mode",
        "off",
    ]
    with running(command, folder, (port,)) as process:
        url = f"http://127.0.0.1:{port}"
        make_bucket(url)
        yield Server("rclone", url, folder / "data", process)


@contextmanager
def moto(folder: Path) -> Iterator[Server]:
    """moto's server: a fake that follows AWS closely."""
    (port,) = free_ports(1)
    command = [program("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with running(command, folder, (port,)) as process:
        url = f"http://127.0.0.1:{port}"
        make_bucket(url)
        yield Server("moto", url, folder, process)


@contextmanager
def slow_line(url: str, rate: float) -> Iterator[str]:
    """A line to a server that carries ``rate`` bytes a second in one direction, one connection; buffers on it are small."""
    from urllib.parse import urlsplit

    there, over = urlsplit(url), threading.Event()
    threads: list[threading.Thread] = []

    def carry(out: socket.socket) -> None:
        with out, socket.create_connection((there.hostname, there.port)) as into:
            back = threading.Thread(target=answer, args=(into, out), daemon=True)
            back.start()
            try:
                while not over.is_set() and (piece := out.recv(4096)):
                    into.sendall(piece)
                    over.wait(len(piece) / rate)
                into.shutdown(socket.SHUT_WR)
            except OSError:
                return  # one of the two has given up
            back.join(10)

    def answer(into: socket.socket, out: socket.socket) -> None:
        try:
            while piece := into.recv(65_536):
                out.sendall(piece)
            out.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def take(listening: socket.socket) -> None:
        while not over.is_set():
            try:
                line = listening.accept()[0]
            except TimeoutError:
                continue
            threads.append(threading.Thread(target=carry, args=(line,), daemon=True))
            threads[-1].start()

    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        listening.settimeout(0.1)
        taking = threading.Thread(target=take, args=(listening,))
        taking.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()
            taking.join()


#: Kind → (program it needs, how to start it in an empty folder).
STORES: dict[str, tuple[str, Callable]] = {
    "seaweedfs": ("weed", seaweedfs),
    "rclone": ("rclone", rclone),
    "moto": ("moto_server", moto),
}
