"""LibreOffice without a window: what a town has on its desks."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest


def found() -> str:
    """The program; the test is left out where there is none."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        pytest.skip("LibreOffice is not here")
    return program


def convert(program: str, file: Path, kind: str, folder: Path, *options: str) -> Path:
    """The file in another format, in a folder that also holds the program's settings."""
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [program, profile, "--headless", "--norestore", *options, "--convert-to", kind, "--outdir", str(folder), str(file)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, env={**os.environ, "HOME": str(folder)})
    try:
        assert process.wait(timeout=90) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return folder / f"{file.stem}.{kind}"
