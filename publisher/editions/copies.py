"""``mirrors.html``: where the site can be read besides, which of these places answer, and how to tell that a copy is genuine."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from publisher.editions.frame import WEB, Edition, Frame
from publisher.model import Page, PageKind

SCRIPT = "mirrors.js"


def copies(frame: Frame) -> Iterator[Page]:
    """Nothing where there are neither other places nor a key."""
    if not frame.mirrors and not frame.fingerprint:
        return
    for edition in frame.editions:
        yield _page(frame, edition)
    if frame.mirrors:
        yield Page(SCRIPT, frame.theme.files[f"web/{SCRIPT}"].encode(), PageKind.LIST)
    if frame.public_key:
        yield Page("minisign.pub", frame.public_key.encode(), PageKind.LIST)


def _page(frame: Frame, edition: Edition) -> Page:
    words = frame.words()
    places = [(words["copies_official"], frame.url), *((name, url) for name, url in frame.mirrors if url != frame.url)]
    body = [f"<p>{frame.escape(edition, words['copies_text'])}</p>"] if frame.mirrors else []
    body.append(_places(frame, edition, places))
    if frame.fingerprint:
        key = frame.across(edition, "mirrors.html", WEB, "minisign.pub")
        body += [
            f"<h2>{frame.escape(edition, words['copies_check'])}</h2>", f"<p>{frame.escape(edition, words['copies_check_text'])}</p>",
            f"<p><strong>{frame.escape(edition, frame.fingerprint)}</strong></p>",
            f'<p><a href="{key}">{frame.escape(edition, words["copies_key"])}</a></p>',
        ]  # fmt: skip
    scripted = edition is WEB and bool(frame.mirrors)
    return frame.page(
        edition, "mirrors.html", words["copies_title"], "\n".join(body), updated=None, kind=PageKind.LIST,
        script=SCRIPT if scripted else "", connect=sorted({_origin(url) for _, url in places}) if scripted else (),
    )  # fmt: skip


def _places(frame: Frame, edition: Edition, places: list[tuple[str, str]]) -> str:
    escape, words = frame.escape, frame.words()
    if edition is not WEB:
        lines = (f'<p><a href="{escape(edition, url + edition.prefix)}index.html">{escape(edition, name)}</a><br />{escape(edition, url)}</p>' for name, url in places)
        return "\n".join(lines)
    said = "".join(f' data-{name}="{escape(WEB, words[f"copies_{name}"])}"' for name in ("alive", "old", "none"))
    items = "".join(
        f'<li><a href="{escape(WEB, url)}index.html">{escape(WEB, name)}</a> <span class="address">{escape(WEB, url)}</span> '
        f'<strong data-place="{escape(WEB, url)}"></strong></li>'
        for name, url in places
    )
    return f'<ul id="places"{said} aria-live="polite">{items}</ul>'


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
