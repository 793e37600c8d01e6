"""A small town for tests: a folder with publisher.toml and a drop folder, and what can be done to it."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from zoneinfo import ZoneInfo

from publisher.pipeline.build import Desk, build, desk
from publisher.pipeline.report import Report
from publisher.settings import Settings, load

TOKYO = ZoneInfo("Asia/Tokyo")
START = datetime(2036, 3, 11, 15, 0, tzinfo=TOKYO)  # later than any real time: the files bear times that the tests give them

TOML = """[site]
title = "汐見市 災害情報"
publisher = "汐見市"
url = "https://saigai.example.jp/"
contact = "災害対策本部 0000-00-2111"

[[tables]]
name = "避難者名簿"
path = "避難者名簿"
slug = "hinansha"
kind = "evacuees"
publish = ["氏名", "フリガナ", "住所", "年齢", "避難所"]
mask = { "住所" = "town", "年齢" = "band" }
consent = { column = "公表同意", yes = ["同意する"] }
withhold = { column = "閲覧制限", unless = [""] }
reading = "フリガナ"
expires = "40d"
"""

NOTICE = "---\n件名: {title}\n日時: 2036-03-11 14:{minute:02d}\n---\n\n{title}です。\n\n- 場所 {title}公園\n- 時間 9時から\n"


@dataclass
class Town:
    root: Path
    now: datetime = START

    @property
    def content(self) -> Path:
        return self.root / "content"

    @property
    def public(self) -> Path:
        return self.root / "public"

    def settings(self) -> Settings:
        return load(self.root)

    def drop(self, path: str, text: str | bytes) -> Path:
        file = self.content / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        self.stamp(file)
        return file

    def stamp(self, file: Path) -> None:
        """Give a file the town's time, so that two writes differ and nothing comes from the future."""
        self.now += timedelta(minutes=1)
        when = int(self.now.timestamp() * 1e9)
        os.utime(file, ns=(when, when))

    def notices(self, count: int, folder: str = "給水") -> None:
        for number in range(count):
            self.drop(f"{folder}/{number:04d}.md", NOTICE.format(title=f"{folder}{number}号", minute=number % 60))

    @contextmanager
    def desk(self, dry: bool = False):
        with desk(self.settings(), dry) as opened:
            yield opened

    def build(self, dry: bool = False) -> Report:
        with self.desk(dry) as opened:
            return self.build_at(opened)

    def build_at(self, opened: Desk) -> Report:
        self.now += timedelta(seconds=1)
        return build(opened, self.now)

    def files(self) -> dict[str, bytes]:
        """Everything that is public, by path."""
        return {p.relative_to(self.public).as_posix(): p.read_bytes() for p in sorted(self.public.rglob("*")) if p.is_file()}

    def page(self, path: str) -> str:
        return (self.public / path).read_text(encoding="shift_jis" if path.startswith("i/") else "utf-8")


def make_town(root: Path, extra: str = "") -> Town:
    (root / "content").mkdir(parents=True)
    (root / "publisher.toml").write_text(TOML + extra, encoding="utf-8")
    return Town(root)


VOLATILE = re.compile(r"^(manifest\.json|alive\.json)$")


def lasting(files: dict[str, bytes]) -> dict[str, bytes]:
    """Without the two files that name the moment of building."""
    return {path: body for path, body in files.items() if not VOLATILE.match(path)}


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value and not (tag == "link" and ("rel", "canonical") in attrs):
                self.found.append(value)


def links(path: str, body: bytes) -> list[str]:
    """The site's own paths to which a page links; links to other hosts are left out."""
    parser = _Links()
    parser.feed(body.decode("shift_jis" if path.startswith("i/") else "utf-8"))
    base = f"http://town/{path}"
    found = []
    for href in parser.found:
        target = urlsplit(urljoin(base, href))
        if target.netloc == "town" and target.scheme == "http":
            inner = unquote(target.path).lstrip("/")
            found.append(inner + "index.html" if inner.endswith("/") or not inner else inner)
    return found


def broken_links(files: dict[str, bytes]) -> list[tuple[str, str]]:
    """(page, target) of every link of the site to a file that is not there."""
    pages = {p: b for p, b in files.items() if p.endswith(".html") and p != "404.html"}
    return [(path, to) for path, body in pages.items() for to in links(path, body) if to not in files]


def reachable(files: dict[str, bytes], start: str = "index.html") -> set[str]:
    seen, todo = set(), [start]
    while todo:
        path = todo.pop()
        if path in seen or path not in files:
            continue
        seen.add(path)
        if path.endswith(".html"):
            todo += links(path, files[path])
    return seen
