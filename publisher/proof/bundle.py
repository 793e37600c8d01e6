"""The signed changes of a site in one file, to be carried on a stick or sent over a thin line; a tar file (POSIX.1-1988) in gzip (RFC 1952).

The same changes give the same bytes. What it says is believed only as far as the signature in it reaches: see ``proof.copy``.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from publisher.mirrors.public import LARGEST, Fetched
from publisher.proof.tree import ROOT, Broken, safe_path

MOST_BYTES = 20_000_000_000
"""Unpacked bytes that a bundle may hold at most."""

DENSEST = 200
"""Unpacked bytes for each packed one at most: pages pack to a tenth, a bomb to a thousandth. Nothing is proven yet while this is unpacked."""

SMALL = 10_000_000
"""Unpacked bytes that every bundle may have."""


def write(file: Path, members: Iterable[tuple[str, bytes]]) -> int:
    """Write a bundle (atomically); returns its size in bytes. ``members``: the root, its signature, then the rest, by path."""
    temporary = file.with_name(f".{file.name}.tmp")
    try:
        with temporary.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed, tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for path, body in members:
                info = tarfile.TarInfo(path)
                info.size, info.mode = len(body), 0o644
                tar.addfile(info, io.BytesIO(body))
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return file.stat().st_size


class Bundle:
    """A bundle that is read: where each member lies in the unpacked file. ``fetch`` gives members, and 404 for what it does not hold."""

    def __init__(self, file: Path, scratch: Path) -> None:
        """``scratch``: a file to unpack into. Raises ``Broken`` for what is no bundle, ``OSError`` for the disk."""
        self._places: dict[str, tuple[int, int]] = {}
        self._plain = scratch
        try:
            _unpack(file, scratch)
            with tarfile.open(scratch, mode="r:", format=tarfile.USTAR_FORMAT) as tar:
                for info in tar:
                    if not info.isreg() or info.size > LARGEST or info.name in self._places:
                        raise Broken("malformed", file.name, "持ち運び用のファイルの形がちがいます")
                    self._places[safe_path(info.name)] = (info.offset_data, info.size)
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, OverflowError) as error:
            raise Broken("malformed", file.name, "持ち運び用のファイルが、こわれているか、途中で切れています") from error
        if ROOT not in self._places:
            raise Broken("malformed", file.name, "持ち運び用のファイルに、目録がありません")

    def fetch(self, path: str) -> Fetched:
        place = self._places.get(path)
        if place is None:
            return Fetched(404)
        with self._plain.open("rb") as file:
            file.seek(place[0])
            return Fetched(200, file.read(place[1]))


def _unpack(file: Path, scratch: Path) -> None:
    size, most = 0, min(MOST_BYTES, SMALL + DENSEST * file.stat().st_size)
    with gzip.open(file, "rb") as packed, scratch.open("wb") as out:
        while piece := packed.read(1 << 20):
            size += len(piece)
            if size > most:
                raise Broken("malformed", file.name, "持ち運び用のファイルが、大きすぎます")
            out.write(piece)
