"""Plain text → inlines: telephone numbers and web addresses become links, line ends become breaks."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from publisher.model import Break, Inline, Link, Severity, Text
from publisher.patterns import pattern

# Japanese numbers as people write them: 0000-00-2111, 03-1234-5678, 0120-000-000, 090-0000-0000, (0000)00-2111, +81-3-1234-5678.
# Between the digits stands whatever a word processor makes of the key beside 0.
_DASH = r"\-－‐‑–—―−ーｰ"
_DIGIT = r"[\d０-９]"
_TEL = (
    rf"(?<![\d０-９.．{_DASH}])(?:[(（][0０]{_DIGIT}{{1,4}}[)）]|[0０]{_DIGIT}{{1,4}}[{_DASH}(（]|[+＋]81[ {_DASH}]?{_DIGIT}{{1,4}}[ {_DASH}])"
    rf"{_DIGIT}{{1,4}}[ {_DASH})）]{_DIGIT}{{3,4}}(?!{_DIGIT}|[{_DASH}]{_DIGIT})"
)
_DIGITS = pattern(r"\d")
FEWEST = 10
"""Digits of a telephone number that becomes a link, at least; shorter ones ring only in their own area."""

_URL = r"https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+"
_LINKS = pattern(f"(?P<url>{_URL})|(?P<tel>{_TEL})")
_URL_TAIL = ".,;:!?'"
_DISGUISED = pattern(r"https?://(?:[^/?#]*@|[/?#]|$)")

_ORDER = pattern(r"^(?:\d{1,3}[_.．]|0\d{1,2}[\-\s])\s*(?=\D)")
_MARKED = pattern(r"[【\[［〔(（〈《≪<＜]([^】\]］〕)）〉》≫>＞]{1,30})")
_LEADING = pattern(r"^[★☆■□◆◇●○※!！\s]*(訓練|大至急|至急|緊急|重要)(?=[★☆■□◆◇●○※!！:：\s])")
_PARTS = pattern(r"[・･/／、，,:：\s]+")
_URGENT = pattern(r"(?:大至急|至急|緊急(?!時|用|連絡先|車両|輸送|搬送))")
_DRILL = pattern(r".{0,10}訓練(?:です|中|用|配信|通知|情報|放送|メール|発信|発表|開始|終了|実施中|第?\d{0,2}報)?[。！!]?|.*訓練です[。！!]?")
"""A part between brackets that says: an exercise. 「これは訓練ではありません」 and 「訓練は中止」 say the opposite."""


def inlines(text: str) -> tuple[Inline, ...]:
    """One run of text; each ``\\n`` becomes a Break. Anything that is no address or telephone number stays as it is."""
    if "\n" not in text:
        return _short(text) if len(text) <= SHORT else tuple(_line(text))
    found: list[Inline] = []
    for number, line in enumerate(text.split("\n")):
        if number:
            found.append(Break())
        found += _line(line)
    return tuple(found)


SHORT = 60
"""Characters of a line that is remembered: the notices of a town name the same places and hours again and again."""


@lru_cache(maxsize=4096)
def _short(line: str) -> tuple[Inline, ...]:
    return tuple(_line(line))


def _line(line: str) -> list[Inline]:
    if "http" not in line and (len(line) < FEWEST or len(_DIGITS.findall(line)) < FEWEST):
        return [Text(line)] if line else []
    found: list[Inline] = []
    end = 0
    for match in _LINKS.finditer(line):
        shown = match[0]
        if match["url"]:
            shown = _trimmed(shown)
            if _DISGUISED.match(shown):  # a name before the host makes one host look like another
                continue
            href = shown
        else:
            digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", shown))
            abroad = shown[0] in "+＋"
            if not FEWEST <= len(digits) - abroad <= 11:
                continue
            href = ("tel:+" if abroad else "tel:") + digits
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
    """The name of a file as a title: NFC, without folders, language, ending, and the digits that put files in order (``01_``)."""
    from publisher.readers import split_language

    name = unicodedata.normalize("NFC", split_language(path)[0].rpartition("/")[2])
    stem = name.rpartition(".")[0] or name
    return " ".join(_ORDER.sub("", stem, count=1).replace("_", " ").split()) or name


def _marks(title: str) -> list[str]:
    """What a title says of itself, part by part: 【緊急・訓練】, ★緊急★, 「訓練：…」."""
    leading = _LEADING.match(title)
    marks = [part for match in _MARKED.finditer(title) for part in _PARTS.split(match[1]) if part]
    return [leading[1], *marks] if leading else marks


def severity_of(title: str) -> Severity:
    """What a title says of itself: 【緊急】, 【訓練・緊急】, 【重要】; 「（緊急連絡先）」 says nothing."""
    marks = _marks(title)
    if any(_URGENT.match(mark) for mark in marks):
        return Severity.URGENT
    return Severity.IMPORTANT if any(mark.startswith("重要") for mark in marks) else Severity.NORMAL


def is_drill(title: str) -> bool:
    """Is it marked as an exercise: 【訓練】? 「（これは訓練ではありません）」 is not."""
    return any(_DRILL.fullmatch(mark) for mark in _marks(title))
