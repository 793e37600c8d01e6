"""The script of the search, and the place on the page where it puts its field."""

from __future__ import annotations

import json
import re
from hashlib import sha256

from publisher.editions.frame import WEB, Frame, telephone
from publisher.model import Page, PageKind, PublicTable
from publisher.review.variants import VARIANTS

SOURCE = "web/search.js"
"""Its path in the theme; a theme without it has no search."""

_WORDS = (
    "label", "hint", "button", "busy", "few", "none", "sorry", "ask", "elsewhere",
    "found", "first", "narrow", "unfinished", "similar", "more", "failed", "as_of",
)  # fmt: skip


class Script:
    """The script as it is served: the theme's, with the variants put in, without comments and indentation."""

    def __init__(self, source: str) -> None:
        text = source.replace("@variants@", " ".join(VARIANTS.split()))
        lines = (line.strip() for line in text.splitlines())
        self.text = "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"
        self.body = self.text.encode()
        self.name = f"search-{sha256(self.body).hexdigest()[:12]}.js"

    def page(self, slug: str) -> Page:
        """The file, named by its content, in the folder of the index."""
        return Page(f"t/{slug}/s/{self.name}", self.body, PageKind.DATA)


def script(frame: Frame) -> Script | None:
    """The script of this theme."""
    source = frame.theme.files.get(SOURCE)
    return Script(source) if source is not None and re.search(r"\S", source) else None


def place(frame: Frame, table: PublicTable) -> str:
    """Markup of the place for the search on an overview: empty for those without script.

    The wording may differ by kind of table: ``find_sorry_missing`` goes before ``find_sorry``; what is said of things
    rather than people is ``find_…_place``.
    """
    words = frame.words()
    label, number, tel = telephone(frame.site.contact)
    tail = f"_{table.kind.value}" if table.personal else "_place"
    said = {name: words.get(f"find_{name}{tail}", words[f"find_{name}"]) for name in _WORDS}
    said |= {"contact": label, "number": number, "tel": tel}
    data = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return f'<div id="sagasu" data-index="s/" data-words="{frame.escape(WEB, data)}"></div>\n'
