"""What clerks write behind a name: an age in brackets, a day of birth, a house, how somebody is related to somebody else.

Behind a name may stand a number that tells people of one name from each other (花子12, 花子 12), a former name or a reading in brackets, and how many
more there are (ほか2名).
"""

from __future__ import annotations

import re

from publisher.patterns import pattern

_OPEN, _CLOSE = r"(\[【〔「〈<", r")\]】〕」〉>"
_COUNTED = rf"(?:他|ほか|外)?\d{{1,2}}[名人][{_CLOSE}]|第?\d{{1,2}}[班組][{_CLOSE}]|(?:no\.?|受付|整理|番号)[^\d{_OPEN}{_CLOSE}\n]{{0,4}}\d+[{_CLOSE}]"
_TOLD = pattern(
    rf"[{_OPEN}](?<!^[{_OPEN}])(?!{_COUNTED})[^{_OPEN}{_CLOSE}\n]*\d"
    r"|[12](?<!\d\d)(?:8|9|0)(?<=18|19|20)\d{6}(?!\d)|\d(?:\s?[年生]|\s?号室|\s?/\s?\d|\s?[月.]\s?\d{1,2}\s?日?\s?(?:生|うまれ))"
    r"|[昭平大令明](?:和|成|正|治)\s?\d|町\s?\d{2}|[ハコマアメ荘](?:(?<=荘)|イツ|ーポ|ンション|パート|ゾン|イム)[^\W\d_]{0,6}\d{3}|[shtr](?<=[^\W\d_a-z]\s[shtr])\d{1,2}(?!\w)",
    re.MULTILINE,
)
"""What says in digits when somebody was born or where they live. Brackets before a name are a number in a list."""
_IN_WORDS = pattern(rf"[{_OPEN}](?<!^[{_OPEN}])[満約]?[〇一二三四五六七八九十百]+[歳才]?[{_CLOSE}]", re.MULTILINE)
_LAST = pattern(
    r"[ ・、,/](?:(?P<sure>夫|妻|父|母|祖[父母]|義[父母]|夫婦|親子|妻子|世帯主|配偶者|[長次二三四五末]女)|子|娘|息子|孫|兄|弟|姉|妹|[長次二三四五末]男) *$"
    r"|の(?P<of>夫|妻|父|母|祖[父母]|義[父母]|娘|息子|孫|兄|弟|姉|妹|[長次二三四五末][男女]) *$",
    re.MULTILINE,
)
"""Kin as the last word. Somebody may be called 佐藤　三男 or 王　妹, and 籠鳥一郎の妻 is all that is known of some: behind a whole name they are kin."""
_APART = pattern(r"[ ・、,/]+")
_WHOLE = 4
"""Letters of a family name with a given name, at least; 長谷川 and 佐々木 have three."""


def says_more(name: str) -> bool:
    """Whether more than a name is said. ``name``: in Unicode's compatible form, in lower case."""
    return _TOLD.search(name) is not None or _IN_WORDS.search(name) is not None or _is_kin(name)


def lines_with_more(lines: str) -> set[str]:
    """Those of many names, one a line and without digits, of which more is said."""
    told = set()
    for what in (_IN_WORDS, _LAST):
        end = -1
        for found in what.finditer(lines):
            if found.start() > end:  # a line of which that is known already is not cut out again
                end = lines.find("\n", found.start())
                end = end if end >= 0 else len(lines)
                told.add(lines[lines.rfind("\n", 0, found.start()) + 1 : end])
    return {line for line in told if says_more(line)}


def _is_kin(name: str) -> bool:
    found = _LAST.search(name)
    if found is None or found["sure"]:
        return found is not None
    words = [word for word in _APART.split(name[: found.start()]) if word]
    several = 3 if found["of"] else 2  # the last of them is whose kin it is
    return len(words) >= several or (len(words) == several - 1 and len(words[0]) >= _WHOLE)
