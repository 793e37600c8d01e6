"""Golden worlds: small drop folders and the site that each must give, to the byte.

``python -m tests.test_worlds`` writes the sites anew after a change that was meant; read the difference before you commit it.
"""

from __future__ import annotations

import os
import shutil
import sys
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.town import START, Town

HERE = Path(__file__).resolve().parent
WORLDS = sorted(p.name for p in HERE.glob("world*") if p.is_dir())
SITE = "site"
"""Within a world: the site that it gives."""


def build(world: str, root: Path) -> dict[str, bytes]:
    """The site of a world. Every file bears the same time, every build happens at the same moment."""
    shutil.copytree(HERE / world, root, ignore=shutil.ignore_patterns(SITE))
    arrived: datetime = START
    for file in sorted((root / "content").rglob("*")):
        if file.is_file():
            os.utime(file, (arrived.timestamp(), arrived.timestamp()))
    town = Town(root, arrived + timedelta(hours=1))
    report = town.build()
    assert report.outputs.written
    return town.files()


def written(world: str) -> dict[str, bytes]:
    site = HERE / world / SITE
    return {p.relative_to(site).as_posix(): p.read_bytes() for p in sorted(site.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("world", WORLDS)
def test_a_world_gives_its_site(world: str, tmp_path: Path) -> None:
    made, wanted = build(world, tmp_path / world), written(world)
    assert sorted(made) == sorted(wanted)
    different = [path for path in made if made[path] != wanted[path]]
    assert not different, f"{different}: python -m tests.test_worlds, and read the difference"


def main() -> None:
    for world in WORLDS:
        with TemporaryDirectory() as folder:
            made = build(world, Path(folder) / world)
        shutil.rmtree(HERE / world / SITE, ignore_errors=True)
        for path, body in made.items():
            file = HERE / world / SITE / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
        print(f"{world}: {len(made)} files")


if __name__ == "__main__":
    sys.exit(main())
