"""The documentation is held to the code: what a guide leaves out or still promises fails here."""

from __future__ import annotations

import argparse
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from publisher.cli import MARKS, parser
from publisher.readers.front_matter import KEYS
from publisher.settings import (
    BackupSettings,
    Editions,
    MirrorSettings,
    Paths,
    RelaySettings,
    Site,
    TableProfile,
)

ROOT = Path(__file__).resolve().parent.parent
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
STAFF = (ROOT / "docs/staff-guide.md").read_text(encoding="utf-8")


def commands() -> set[str]:
    [sub] = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return set(sub.choices)


def bare(requirement: str) -> str:
    return re.split(r"[\[<>=]", requirement)[0].lower()


def test_every_dependency_is_explained_and_none_that_is_gone() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {bare(name) for name in project["dependencies"]}
    wanted |= {bare(name) for extra in project["optional-dependencies"].values() for name in extra}
    guide = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Za-z0-9-]+) \|", guide, re.M)
    assert {row.lower() for row in rows} - {"package"} == wanted


def test_every_command_is_in_the_guide_and_no_other() -> None:
    section = OPERATIONS.partition("## 3.")[2].partition("### ")[0]
    assert set(re.findall(r"^\| `([a-z]+)", section, re.M)) == commands()


@pytest.mark.parametrize("type_", [Site, Paths, Editions, TableProfile, MirrorSettings, RelaySettings, BackupSettings])
def test_every_setting_is_in_the_guide(type_: type) -> None:
    section = OPERATIONS.partition("## 5.")[2].partition("## 6.")[0]
    for field in fields(type_):
        key = field.metadata.get("key", field.name)
        assert key == "directory" or f"`{key}`" in section, key


def test_every_exit_code_is_in_the_guide() -> None:
    from publisher import errors

    codes = {kind.exit_code for kind in vars(errors).values() if hasattr(kind, "exit_code")}
    section = OPERATIONS.partition("### 終了コード")[2].partition("## 4.")[0]
    assert codes <= {int(code) for code in re.findall(r"^\| (\d) \|", section, re.M)}


def test_every_state_is_explained_to_staff() -> None:
    section = STAFF.partition("## 6.")[2].partition("## 7.")[0]
    assert set(re.findall(r"^\| (..) \| ", section, re.M)) - {"表示"} == set(MARKS.values())


def test_the_front_matter_that_staff_are_told_of_is_what_is_read() -> None:
    section = STAFF.partition("## 3.")[2].partition("## 4.")[0]
    rows = re.findall(r"^\| (\S+) \| .* \| ([a-z]+) \|$", section, re.M)
    assert {KEYS[japanese] for japanese, _ in rows} == {english for _, english in rows} == set(KEYS.values())
    assert all(KEYS[japanese] == english for japanese, english in rows)


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]), ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if "://" not in link:
            assert (page.parent / link).exists(), link
