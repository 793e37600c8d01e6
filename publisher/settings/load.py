"""From ``publisher.toml`` to settings: a mistake is told with its key, line and nearest known key."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from publisher.errors import SettingsError
from publisher.model import Problem
from publisher.settings import channels
from publisher.settings.backup import backup
from publisher.settings.file import SHOWN, File, read
from publisher.settings.section import Section, nearest
from publisher.settings.site import editions, paths, site
from publisher.settings.tables import profile
from publisher.settings.values import Settings

SECTIONS = ("site", "paths", "editions", "tables", "mirrors", "relays", "backup")


def load(directory: Path) -> Settings:
    """The settings in ``directory``. Raises ``SettingsError`` for anything that is not exactly right."""
    directory = directory.resolve()
    file = read(directory)
    _known(file)
    if "site" not in file.data:
        raise _fail(
            file,
            "missing-key",
            "",
            "[site] という見出しがありません。",
            "サイトの名前などを [site] の下に書いてください。",
        )
    folders = paths(_one(file, "paths"), directory)
    tables, mirrors, relays = (_many(file, name) for name in ("tables", "mirrors", "relays"))
    places = tuple(channels.mirror(section, directory) for section in mirrors)
    settings = Settings(
        site(_one(file, "site")),
        folders,
        editions(_one(file, "editions")),
        tuple(map(profile, tables)),
        places,
        tuple(map(channels.relay, relays)),
        backup=backup(_one(file, "backup"), directory, folders, places),
    )
    _each_once(tables, "slug", [table.slug for table in settings.tables])
    _each_once(tables, "path", [table.path for table in settings.tables])
    _each_once(mirrors, "name", [mirror.name for mirror in settings.mirrors])
    _each_once(mirrors, "url", [mirror.identity.rstrip("/") for mirror in settings.mirrors])
    _each_once(relays, "name", [relay.name for relay in settings.relays])
    channels.refuse_overlaps(mirrors, settings.mirrors, folders)
    return settings


def _fail(file: File, code: str, key: str, what: str, todo: str) -> SettingsError:
    where = f"{file.path} {file.line((key,) if key else ())}行目"
    return SettingsError(Problem(code, what, where, SHOWN, todo))


def _known(file: File) -> None:
    for key, value in file.data.items():
        if key not in SECTIONS:
            what = f"「{key}」という{'見出し' if isinstance(value, dict | list) else '項目'}はありません。"
            raise _fail(file, "unknown-key", key, what, nearest(key, SECTIONS))


def _one(file: File, name: str) -> Section:
    value = file.data.get(name, {})
    if not isinstance(value, dict):
        what = f"「{name}」は、[{name}] という見出しの下に書いてください。"
        raise _fail(file, "bad-value", name, what, f"見出しは、角かっこ1つで [{name}] です。")
    return Section(file, name, value)


def _many(file: File, name: str) -> list[Section]:
    value = file.data.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        what = f"「{name}」は、[[{name}]] という見出しの下に書いてください。"
        raise _fail(
            file, "bad-value", name, what, f"いくつも書けるので、角かっこを2つ重ねて [[{name}]] とします。"
        )
    return [Section(file, name, item, index) for index, item in enumerate(value)]


def _each_once(sections: Sequence[Section], key: str, values: Sequence[str]) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            section = sections[index]
            what = f"[[{section.name}]] の「{key}」に同じ「{value}」が2回あります。"
            raise section.fail("same-value", key, what, "どちらかを別のものにしてください。")
