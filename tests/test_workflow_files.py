"""The Makefile, the CI script and the workflows call what is there, and do nothing that they must not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from publisher.cli import parser

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def call(*command: str, where: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=where, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=60)


@pytest.mark.parametrize(("shell", "script"), [("bash", ".ci/run"), ("sh", ".ci/make-venv")])
def test_scripts_can_be_run_and_are_well_formed(shell: str, script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    assert call(shell, "-n", script).stderr == ""


def test_the_readme_shows_two_commands_that_make_knows() -> None:
    shown = re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    assert shown == ["run", "test"]
    known = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert set(shown) <= set(known)


@pytest.mark.parametrize("target", ["run", "test"])
def test_make_installs_once(tmp_path: Path, target: str) -> None:
    """Nothing is installed again until ``pyproject.toml`` changes; ``test`` brings what ``run`` needs."""
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    made = tmp_path / ".venv/bin/python"
    made.parent.mkdir(parents=True)
    made.touch()
    assert "pip" in call("make", "-n", target, where=tmp_path).stdout
    for stamp in (".installed", ".installed-test"):
        (tmp_path / ".venv" / stamp).touch()
    assert "pip" not in call("make", "-n", target, where=tmp_path).stdout
    later = (tmp_path / ".venv/.installed").stat().st_mtime + 10
    os.utime(tmp_path / "pyproject.toml", (later, later))
    assert "pip" in call("make", "-n", target, where=tmp_path).stdout


def test_a_machine_without_a_new_python_is_told_so(tmp_path: Path) -> None:
    """A PATH with nothing but an old Python on it."""
    for name in ("python3", "python"):
        old = tmp_path / name
        old.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        old.chmod(0o755)
    ended = call("/bin/sh", str(ROOT / ".ci/make-venv"), str(tmp_path / "venv"), PATH=str(tmp_path))
    assert ended.returncode == 1
    assert "Python 3.11" in ended.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_workflows_call_commands_that_exist(file: Path) -> None:
    yaml = pytest.importorskip("yaml")
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    lines = [line.strip() for job in workflow["jobs"].values() for step in job["steps"]
             for line in step.get("run", "").splitlines()]
    for line in lines:
        if line.startswith("publisher "):
            parser().parse_args(line.split("||")[0].split()[1:])
        if line.startswith("bash "):
            assert (ROOT / line.split()[1]).is_file()
    assert lines


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_workflows_ask_for_no_more_than_reading_and_show_no_secret(file: Path) -> None:
    yaml = pytest.importorskip("yaml")
    text = file.read_text(encoding="utf-8")
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    for line in text.splitlines():
        if "secrets." in line:  # only handed on as environment variables, never within a command
            assert re.fullmatch(r"\s+[A-Z_]+: \$\{\{ secrets\.[A-Z_]+ \}\}", line), line


def test_publishing_waits_for_the_owner_and_keeps_its_state() -> None:
    text = next(file for file in WORKFLOWS if file.name == "publish.yml").read_text(encoding="utf-8")
    assert "if: vars.PUBLISH == 'yes'" in text
    assert "cancel-in-progress: false" in text
    assert text.count(".publisher\n") == 2
