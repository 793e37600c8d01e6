"""``[site]``, ``[paths]`` and ``[editions]``."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

from publisher.settings.section import Section, keys
from publisher.settings.values import Editions, Paths, Site


def site(section: Section) -> Site:
    section.check_keys(Site)
    url = section.address("url")
    if not url:
        raise section.bad("url", "が空です。", "住民に知らせるアドレスを書いてください。")
    code = section.text("code")
    if code and not re.fullmatch(r"[0-9]{5,6}", code):
        raise section.shape("code", "5桁か6桁の半角の数字を引用符で囲んだ形")
    return Site(
        title=section.filled("title"),
        publisher=section.filled("publisher"),
        url=url.rstrip("/") + "/",
        zone=_zone(section),
        code=code,
        contact=section.text("contact").strip(),
    )


def _zone(section: Section) -> ZoneInfo:
    name = section.text("timezone", "Asia/Tokyo")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        todo = "日本なら Asia/Tokyo です。"
        raise section.bad("timezone", f"の「{name}」という地域はありません。", todo) from error


def paths(section: Section, directory: Path) -> Paths:
    """No folder lies within another: records would be published, or the site taken in as documents."""
    section.check_keys(Paths)
    places = {
        key: section.folder(key, section.text(key).strip() or field.metadata["unset"], directory)
        for key, field in keys(Paths).items()
    }
    for key, place in places.items():
        if _holds(place, directory):
            what = "の中に、設定ファイル publisher.toml が入ってしまいます。"
            raise section.bad(key, what, "このファイルの隣に作るフォルダーの名前を書いてください。")
    for key, other in (("output", "content"), ("state", "content"), ("state", "output")):
        if overlap(places[key], places[other]):
            blamed, rest = (key, other) if key in section.data else (other, key)
            why = "記録が公開されてしまいます。" if {key, other} == {"state", "output"} else ""
            raise section.bad(
                blamed,
                f"と「{rest}」が重なっています。{why}",
                "互いの中に入らない、別のフォルダーにしてください。",
            )
    content, output, state = (places[key] for key in ("content", "output", "state"))
    return Paths(directory, content, output, state)


def _holds(outer: Path, inner: Path) -> bool:
    return outer == inner or outer in inner.parents


def overlap(one: Path, other: Path) -> bool:
    """Whether one folder is, or lies within, the other."""
    return _holds(one, other) or _holds(other, one)


def editions(section: Section) -> Editions:
    section.check_keys(Editions)
    return Editions(**{key: section.flag(key, field.default) for key, field in keys(Editions).items()})
