"""Finds what no document may carry: individual numbers; and private telephone numbers beside names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from operator import itemgetter

from publisher.model import (
    Block,
    Figure,
    Grid,
    Heading,
    Inline,
    Link,
    Listing,
    Paragraph,
    Preformatted,
    Quote,
    Ruby,
    Strong,
    Text,
)
from publisher.patterns import pattern
from publisher.review.persons import MOBILE, SURNAMES, is_sure_name, narrow
from publisher.values import frozen

_D = "[0-9０-９]"
_SEP = r"[-‐‑‒–—―−－ｰー・ 　\u00a0\u2009]"
_TWELVE = pattern(  # begins with a set of characters, because the search for these is many times faster than a look behind each
    rf"{_D}(?<![0-9０-９.．A-Za-z/_]{_D})(?<![0-9０-９]{_SEP}{_D})"
    rf"(?:{_D}{{11}}|{_D}{{3}}{_SEP}{_D}{{4}}{_SEP}{_D}{{4}}|{_D}{{2}}(?:{_SEP}{_D}{{3}}){{3}}|(?:{_SEP}{_D}){{11}})"
    rf"(?![0-9０-９A-Za-z])(?!{_SEP}[0-9０-９])(?![.．][0-9０-９A-Za-z])(?![/_](?:[A-Za-z]{{3}}|[\w./-]*\.[A-Za-z]))"  # 018/済 is one, 018/list and 018_2.pdf are files
)
_ADDRESS = pattern(r"https?://[!-~]+")


def check_digit(digits: str) -> int:
    """The twelfth digit of an individual number from its first eleven.

    行政手続における特定の個人を識別するための番号の利用等に関する法律の規定による通知カード及び個人番号カード並びに情報提供
    ネットワークシステムによる特定個人情報の提供等に関する命令 (平成26年総務省令第85号) 第5条: 11 minus
    (the sum of Pn times Qn
    modulo 11), n counted from the right, Qn = n + 1 up to the sixth digit and n - 5 from the seventh; 0
    where the
    remainder is 0 or 1.
    """
    total = sum(
        int(digit) * (n + 1 if n <= 6 else n - 5) for n, digit in enumerate(reversed(digits), start=1)
    )
    rest = total % 11
    return 0 if rest <= 1 else 11 - rest


def is_my_number(text: str) -> bool:
    """Twelve digits (other characters are ignored) with the official check digit, and no date and time."""
    digits = re.sub(r"\D", "", narrow(text))
    return len(digits) == 12 and check_digit(digits[:11]) == int(digits[11]) and not _moment(digits)


def _moment(digits: str) -> bool:
    """``202401091800`` is a time, not a person."""
    if not digits.startswith(("19", "20")):
        return False
    try:
        datetime.strptime(digits, "%Y%m%d%H%M")  # noqa: DTZ007
    except ValueError:
        return False
    return True


def my_numbers(text: str) -> list[str]:
    """The individual numbers in a text, in any width, with hyphens or spaces between the digits."""
    return [digits for digits in _twelves(text) if is_my_number(digits)]


_DIGIT = pattern("[\\d\u2070-\u209f\u2460-\u24ff\u2776-\u2793]")


def may_hold_numbers(text: str) -> bool:
    """Whether there are enough digits, of any kind, for a telephone or an individual number: a quick look at a long notice."""
    return len(text) >= 10 and len(_DIGIT.findall(text)) >= 10


def _twelves(text: str) -> list[str]:
    """Runs of twelve digits as people write them; those within an address of the web are no numbers of
    people.
    """
    if "://" in text:
        text = _ADDRESS.sub(" ", text)
    return [match[0] for match in _TWELVE.finditer(text)]


@frozen
class Numbered:
    """A column with individual numbers. ``sure`` is False when chance may have made the check digits
    right. ``others``: there are runs of twelve digits, but they are no individual numbers.
    """

    column: int
    sure: bool
    rows: tuple[int, ...]
    others: bool = False


def numbered_columns(
    columns: Sequence[str], rows: Sequence[Sequence[str]], named: Iterable[int]
) -> list[Numbered]:
    """Columns with numbers of twelve digits. ``named`` are those whose name says that they are individual numbers.

    One of eleven numbers has the right check digit by chance: a long list of other numbers of twelve
    digits, of which few
    are right, is no list of individual numbers.
    """
    known = set(named)
    found = []
    for c in range(len(rows[0]) if rows else 0):
        cells = list(map(itemgetter(c), rows))  # one column at a time: a million rows side by side take seventy megabytes
        if max(map(len, cells)) < 12:  # they hold no twelve digits
            continue
        text = "\n".join([cell for cell in cells if len(cell) >= 12])
        matches = [digits for digits in _twelves(text) if not _moment(re.sub(r"\D", "", narrow(digits)))]
        right = {m for m in matches if is_my_number(m)}
        if not right:
            found += [Numbered(c, False, (), others=True)] if matches else []
            continue
        part = sum(m in right for m in matches) / len(matches)
        if len(matches) >= 8 and part < 0.3 and c not in known:
            found.append(Numbered(c, False, (), others=True))
            continue
        places = [i for i, row in enumerate(rows) if any(number in row[c] for number in right)]
        found.append(Numbered(c, c in known or part > 0.5, tuple(places)))
    return found


# --- the text of a notice -----------------------------------------------------------------------------------


def plain(inlines: Iterable[Inline]) -> str:
    """The characters of a run of inlines, readings left out."""
    return "".join([inline.text if type(inline) is Text else _inline(inline) for inline in inlines])


def _inline(inline: Inline) -> str:
    if isinstance(inline, Text):
        return inline.text
    if isinstance(inline, Ruby):
        return inline.base
    if isinstance(inline, (Strong, Link)):
        return plain(inline.inlines)
    return "\n"


def texts(blocks: Iterable[Block]) -> Iterator[str]:
    """Every run of text of the blocks, one a paragraph, cell or line."""
    for block in blocks:
        if isinstance(block, (Paragraph, Heading)):
            yield plain(block.inlines)
            yield from _addresses(block.inlines)
        elif isinstance(block, Preformatted):
            yield block.text
        elif isinstance(block, Figure):
            yield block.alt
        elif isinstance(block, Quote):
            yield from texts(block.blocks)
        elif isinstance(block, Listing):
            for item in block.items:
                yield from texts(item)
        elif isinstance(block, Grid):
            for row in (block.header, *block.rows):
                yield " | ".join(plain(cell) for cell in row)


def _addresses(inlines: Iterable[Inline]) -> Iterator[str]:
    for inline in inlines:
        if isinstance(inline, Link):
            yield inline.href
        elif isinstance(inline, Strong):
            yield from _addresses(inline.inlines)


def grids(blocks: Iterable[Block]) -> Iterator[Grid]:
    """All tables within a notice, however deep."""
    for block in blocks:
        if isinstance(block, Grid):
            yield block
        elif isinstance(block, Quote):
            yield from grids(block.blocks)
        elif isinstance(block, Listing):
            for item in block.items:
                yield from grids(item)


_NAMED = pattern(
    "(?:" + "|".join(sorted(SURNAMES, key=len, reverse=True)) + r")[\s　]*[\u3400-\u9fffぁ-ゔァ-ヴ]{1,4}"
    r"|(?:氏名|名前|担当者?)[\s　:：]*[\u3400-\u9fff]{2}|(?:さん|様|氏)(?![\u3400-\u9fffぁ-ん])"
)


def mobile_beside_name(text: str) -> bool:
    """Whether a mobile number stands within some 30 characters of what reads like a person's name."""
    seen = narrow(text)
    return any(
        _NAMED.search(seen, max(0, match.start() - 30), match.start())
        or _NAMED.search(seen, match.end(), match.end() + 30)
        for match in MOBILE.finditer(seen)
    )


_POLITE = r"(?:さん|様|氏|くん|君|ちゃん)"
_SOMEBODY = pattern(
    rf"[\u3400-\u9fff々]{{2,5}}[\s　]?[\u3400-\u9fff々ぁ-ゔァ-ヴー]{{0,4}}(?<![者客婦皆児民員医師親達方各])(?:{_POLITE}(?![\u3400-\u9fffぁ-ん]{{3}})|{_POLITE}(?=[はがのをにも、。(]))"
)
_BODY = pattern(
    r"持病|喘息|ぜんそく|糖尿|透析|認知症|障害|障がい|妊娠|要介護|要支援|虐待|ストーカー|骨折|負傷|重傷|軽傷|死亡|遺体|行方不明|安否|感染|陽性|酸素|人工呼吸|寝たきり"
    r"|アレルギー|(?<![a-z])dv(?![a-z])",
    re.IGNORECASE,
)
_CALLED = pattern(
    "(?:" + "|".join(sorted(SURNAMES, key=len, reverse=True)) + rf")[\s　]?[\u3400-\u9fff々ぁ-ゔァ-ヴー]{{0,4}}(?:{_POLITE}|宅|一家)"
)


_BORN = pattern(r"\d{1,4}\s?[年/.-]\s?\d{1,2}\s?[月/.-]\s?\d{1,2}\s?日?\s?(?:生|うまれ)")
_HOSTED = pattern(r"(?:様|さん|氏)方(?![\u3400-\u9fffぁ-ん])")
_TOLD = pattern(  # begins with a set of characters, because the search for these is many times faster
    r"[歳才丁番生ァ-ヴ0０持喘認要寝糖骨重死](?:(?<=\d[歳才])|(?<=\d丁)目|(?<=\d番)地|(?<=[日\d]生)|(?<=[ァ-ヴ])[ 　][ァ-ヴ]{2}|(?<=[0０])[7-9７-９][0０]"
    r"|(?<=持)病|(?<=喘)息|(?<=認)知症|(?<=要)介護|(?<=寝)たきり|(?<=糖)尿|(?<=骨)折|(?<=重)傷|(?<=死)亡)"
)
_FIRST = pattern(r"^[\s・*\-○●◯■\d.)）]*([^\s\d,、，\t|（(:：]+(?:[ 　][^\s\d,、，\t|（(:：]{1,4})?)")


_MAY_SAY = ("さん", "様", "氏", "くん", "君", "ちゃん", "生", "うまれ")
"""One of these is in every cell of which ``ill_by_name`` may be true."""


def says_body(text: str) -> bool:
    """Whether the text speaks of somebody's body, or of their being followed."""
    return _BODY.search(text) is not None


def ill_by_name(text: str) -> bool:
    """Whether a cell says when somebody was born or in whose house, or speaks of somebody by name and of their body or of their being
    followed: 佐藤花子さん（喘息）."""
    seen = narrow(text)
    if _BORN.search(seen) or _HOSTED.search(seen):
        return True
    return says_body(seen) and _SOMEBODY.search(seen) is not None


def any_ill_by_name(cells: Collection[str]) -> bool:
    """Whether it is so of any of these cells: all are looked at, since one is enough."""
    wide = "\n".join(cells)
    if wide.count("\n") >= len(cells):
        wide = "\n".join([cell.replace("\n", " ") for cell in cells])
    if not unicodedata.is_normalized("NFKC", wide):
        wide = unicodedata.normalize("NFKC", wide)
    words = [word for word in _MAY_SAY if word in wide]
    return bool(words) and any(ill_by_name(cell) for cell in wide.split("\n") if any(word in cell for word in words))


def is_entry(line: str) -> bool:
    """Whether a line begins with a person's name and goes on with what a roll says of them: age, address, reading, number, illness."""
    if _TOLD.search(line) is None:
        return False
    first = _FIRST.match(line)
    return first is not None and (is_sure_name(first[1]) or is_sure_name(first[1].split()[0]))


def are_entries(cells: Collection[str], enough: int) -> bool:
    """Whether as many cells as are enough begin like a line of a roll; all are looked at."""
    if _TOLD.search("\n".join(cells)) is None:
        return False
    return len(list(islice(filter(is_entry, cells), enough))) == enough


def entries(texts: Sequence[str]) -> int:
    """How many lines of the texts read like those of a roll."""
    if _TOLD.search("\n".join(texts)) is None:
        return 0
    return sum(is_entry(line) for text in texts if _TOLD.search(text) for line in text.splitlines())


def calls_somebody(title: str) -> bool:
    """Whether a title calls somebody by a common family name: 佐藤さん一家. Titles go to feeds and posts."""
    return _CALLED.search(narrow(title)) is not None
