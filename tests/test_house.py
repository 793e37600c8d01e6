"""The one-way flow: who may import whom, and where each effect lives."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "publisher"

ORDER = ["intake", "readers", "layouts", "review", "ledger", "editions", "site", "mirrors", "proof", "backup", "relays"]
"""The way of the data: a package imports only from packages to its left."""

GROUND = {"model", "errors", "settings", "files", "patterns", "turns", "values"}
"""Everybody may import these."""

HOMES = {
    "boto3": {"mirrors"}, "botocore": {"mirrors"}, "mnemonic": {"backup"}, "cryptography": {"backup", "proof"}, "httpx": {"mirrors", "relays"}, "sqlite3": {"ledger"}, "watchdog": {"intake"},
    "jinja2": {"editions", "console"}, "feedgen": {"editions"}, "PIL": {"readers"}, "pypdfium2": {"readers"}, "pylopdf_fonts_jp": {"readers"}, "mammoth": {"readers"},
    "pygal": {"editions"}, "resvg_py": {"editions"}, "python_calamine": {"readers"}, "markdown_it": {"readers"},
}  # fmt: skip

PURE = {"readers", "layouts", "review", "editions", "model"}
CLOCKS = {("datetime", "now"), ("datetime", "today"), ("date", "today"), ("time", "time"), ("datetime", "utcnow")}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def room(path: Path) -> str:
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.module or "", node.lineno
            if node.module == "publisher":
                yield from ((f"publisher.{alias.name}", node.lineno) for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    me = room(path)
    for name, line in imports(path):
        if not name.startswith("publisher."):
            continue
        other = name.split(".")[1]
        if other == me or other in GROUND:
            continue
        if me in GROUND:
            raise AssertionError(f"{path.name}:{line}: the ground imports {name}")
        if me in ORDER:
            assert other in ORDER[: ORDER.index(me)], f"{path.relative_to(ROOT)}:{line}: {me} must not import {other}"
        elif me == "console":
            assert other in {"editions", "mirrors", "site"}, f"{path.relative_to(ROOT)}:{line}: console must not import {other}"
        elif me == "pipeline":
            assert other != "cli", f"{path.relative_to(ROOT)}:{line}"
        elif me == "starter":
            raise AssertionError(f"{path.relative_to(ROOT)}:{line}: starter imports {other}")


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_each_effect_has_one_home(path: Path) -> None:
    for name, line in imports(path):
        homes = HOMES.get(name.split(".")[0])
        assert homes is None or room(path) in homes, f"{path.relative_to(ROOT)}:{line}: {name} lives in {sorted(homes)}"


@pytest.mark.parametrize("path", [p for p in modules() if room(p) in PURE], ids=lambda p: str(p.relative_to(ROOT)))
def test_the_middle_reads_no_clock(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            assert (node.func.value.id, node.func.attr) not in CLOCKS, f"{path.relative_to(ROOT)}:{node.lineno}: reads the clock"


def test_the_short_path_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    heavy = "boto3 httpx lxml PIL pypdfium2 mammoth python_calamine feedgen jinja2 markdown_it watchdog tqdm cryptography mnemonic"
    code = f"import sys, publisher.cli; print([m for m in {heavy.split()!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    assert out.stdout.strip() == "[]"
