"""What one backup consists of, as a value that is stored as an object itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from publisher.backup.pages import Layout
from publisher.values import field, frozen

FORMAT = 1
PART = 4 * 1024 * 1024
"""Longest part of an archived file in one object."""

STATE = "@state"
"""Begins the path of a file that lies in the state folder."""

SHARD = 256
"""Files of the archive in one shard of its list, at most on average: a new file changes one shard."""


@frozen
class Config:
    """A file of the configuration: its path beside publisher.toml (or below ``STATE``), its rights, its object."""

    path: str
    mode: int
    name: str

    def place(self, directory: Path, state: Path) -> Path | None:
        """Where it belongs on a machine; None where it would lead outside."""
        base, rest = (state, self.path.removeprefix(STATE + "/")) if self.path.startswith(STATE + "/") else (directory, self.path)
        found = (base / rest).resolve()
        return found if found.is_relative_to(base.resolve()) else None


@frozen
class Snapshot:
    """One whole state. ``fence`` counts the leaders, ``serial`` the backups; ``site_serial`` is that of the ledger.

    ``size`` and ``sha256`` are those of the ledger, ``packs`` and ``places`` its layout (``pages``). ``shards`` are the objects of the archive's list
    by the first digits of the files' hashes.
    """

    vault: str
    fence: int
    serial: int
    site_serial: int
    moment: datetime
    holder: str
    title: str
    size: int
    sha256: str
    packs: tuple[tuple[str, int], ...]
    places: str
    shards: Mapping[str, str] = field(default_factory=dict)
    files: int = 0
    config: tuple[Config, ...] = ()

    def pack(self) -> bytes:
        fields = asdict(self) | {"format": FORMAT, "moment": self.moment.isoformat()}
        return json.dumps(fields, ensure_ascii=False, sort_keys=True).encode()

    @classmethod
    def unpack(cls, data: bytes) -> Snapshot:
        """Raises ``ValueError`` for what is no snapshot of this format."""
        fields = json.loads(data)
        if not isinstance(fields, dict) or fields.pop("format", None) != FORMAT:
            raise ValueError("another format")
        fields |= {
            "moment": datetime.fromisoformat(fields["moment"]), "packs": tuple((str(name), int(count)) for name, count in fields["packs"]),
            "config": tuple(Config(**item) for item in fields["config"]),
        }  # fmt: skip
        return cls(**fields)

    @property
    def order(self) -> tuple[int, int]:
        return self.fence, self.serial

    def same_as(self, other: Snapshot | None) -> bool:
        """Nothing that is kept differs."""
        return other is not None and (self.sha256, self.packs, self.places, self.shards, self.config) == (
            other.sha256, other.packs, other.places, other.shards, other.config
        )  # fmt: skip

    @property
    def layout(self) -> Layout:
        """Raises ``ValueError`` for what cannot be."""
        return Layout.read(self.packs, self.places)

    @property
    def identity(self) -> str:
        return f"{self.vault} {self.fence} {self.serial} {self.holder} {self.moment.isoformat()}"


def pack_shard(files: Iterable[tuple[str, int]]) -> bytes:
    """(SHA-256, size) of archived files → the content of a shard."""
    return "".join(f"{sha256} {size}\n" for sha256, size in sorted(files)).encode("ascii")


def unpack_shard(data: bytes) -> list[tuple[str, int]]:
    return [(line[:64], int(line[65:])) for line in data.decode("ascii").splitlines()]


def sharded(files: Iterable[tuple[str, int]]) -> dict[str, list[tuple[str, int]]]:
    """Files by the first digits of their hashes; as many digits as keep the shards short."""
    files = list(files)
    digits = 0
    while len(files) > SHARD * 16**digits:
        digits += 1
    found: dict[str, list[tuple[str, int]]] = {}
    for sha256, size in files:
        found.setdefault(sha256[:digits], []).append((sha256, size))
    return found


def parts(size: int) -> int:
    """Objects that an archived file of this size takes; an empty one takes one."""
    return max(1, -(-size // PART))
