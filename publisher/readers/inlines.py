"""Plain text → inlines: telephone numbers and web addresses become links, line ends become breaks."""

from __future__ import annotations

import re
import unicodedata

from publisher.model import Break, Inline, Link, Severity, Text

# Japanese numbers as people write them: 0000-00-2111, 03-1234-5678, 0120-000-000, 090-0000-0000, (0000)00-2111.
_TEL = r"(?<![\d０-９.-])(?:[(（][0０][\d０-９]{1,4}[)）]|[0０][\d０-９]{1,4}[-－‐−ー(（])[\d０-９]{1,4}[-－‐−ー)）][\d０-９]{3,4}(?![\d０-９-])"
_URL = r"https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+"
_LINKS = re.compile(f"(?P<url>{_URL})|(?P<tel>{_TEL})")
_URL_TAIL = ".,;:!?'"


def inlines(text: str) -> tuple[Inline, ...]:
    """One run of text; each ``\\n`` becomes a Break. Anything that is no address or telephone number stays as it is."""
    found: list[Inline] = []
    for number, line in enumerate(text.split("\n")):
        if number:
            found.append(Break())
        found += _line(line)
    return tuple(found)


def _line(line: str) -> list[Inline]:
    if "http" not in line and not any(c in line for c in "0０"):
        return [Text(line)] if line else []
    found: list[Inline] = []
    end = 0
    for match in _LINKS.finditer(line):
        shown = match[0]
        if match["url"]:
            shown = _trimmed(shown)
            href = shown
        else:
            href = "tel:" + re.sub(r"\D", "", unicodedata.normalize("NFKC", shown))
            if not 10 <= len(href) - 4 <= 11:
                continue
        if match.start() > end:
            found.append(Text(line[end : match.start()]))
        found.append(Link(href, (Text(shown),)))
        end = match.start() + len(shown)
    if end < len(line):
        found.append(Text(line[end:]))
    return found


def _trimmed(url: str) -> str:
    """Without what belongs to the sentence around it: a final stop, a closing bracket that was not opened inside."""
    while url and (url[-1] in _URL_TAIL or (url[-1] == ")" and url.count(")") > url.count("("))):
        url = url[:-1]
    return url


def title_from_path(path: str) -> str:
    """The name of a file as a title: NFC, without folders, language and ending."""
    from publisher.readers import split_language

    name = unicodedata.normalize("NFC", split_language(path)[0].rpartition("/")[2])
    stem = name.rpartition(".")[0] or name
    return " ".join(stem.replace("_", " ").split()) or name


def severity_of(title: str) -> Severity:
    """What a title says of itself: 【緊急】, 【重要】."""
    if re.search(r"[【\[［(（]\s*(大至急|緊急|至急)", title):
        return Severity.URGENT
    return Severity.IMPORTANT if re.search(r"[【\[［(（]\s*重要", title) else Severity.NORMAL


def is_drill(title: str) -> bool:
    """Is it marked as an exercise: 【訓練】?"""
    return re.search(r"[【\[［(（]\s*[^】\]］)）]{0,6}訓練", title) is not None
