"""Puts the theme and the sample documents into a wheel; a checkout uses its own folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDERS = {"themes": "publisher/_themes", "content": "publisher/_sample"}


class WheelHook(BuildHookInterface):
    """Only what belongs to the program: no status page, no drafts, nothing that somebody dropped into a checkout and git ignores."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        for folder, inside in FOLDERS.items():
            for file in sorted(Path(self.root, folder).rglob("*")):
                name = file.relative_to(Path(self.root, folder)).as_posix()
                if file.is_file() and file.name != "_状況.html" and not any(part.startswith(".") for part in name.split("/")):
                    build_data["force_include"][str(file)] = f"{inside}/{name}"
