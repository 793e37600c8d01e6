"""Further forms of a name, by which two rows are told to be about the same person: without what is glued to it, with a former family name, turned.

They serve comparing only. What is kept of somebody who was taken off a list (``restrict``) is made of ``called`` alone, and stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Container, Iterator
from itertools import chain

from publisher.patterns import pattern
from publisher.review.called import all_called
from publisher.values import field, frozen

_TITLE = r"(?:副?(?:班長|組長|会長|区長|隊長)|先生|代表|主任|係長|課長|部長|店長|園長|校長|リーダー|世帯主)"
_GLUED = pattern(
    rf"^ *(?:(?:no\.? *)?\d+ *[番.:、)]? *|{_TITLE}[ :・、]+)|(?<!\d)\d+ *$|[ (]?(?:ほか|他|外) ?[\d一二三四五六七八九十]+ ?[名人].*$|[、,・/&].*$|{_TITLE} *$",
    re.MULTILINE | re.IGNORECASE,
)
_NUMBERED = pattern(r"\d *$")
_FORMER = pattern(r"([^()\n]*)\((?:旧姓|旧氏|旧名|前姓|旧|元)?[ :]*([^()\d\n]{1,12})\)([^()\n]*)")
_WORDS = pattern(r"[ ・]+")
_LONGEST = 6
"""Letters of a name without a space that is taken apart at each of them."""

_MOST = 100
"""Characters of a cell beyond which it is no name."""


@frozen
class Further:
    """``sure``: forms as good as the name itself. ``former``: those with a former family name, under which the reading is another.
    ``unsure``: forms that say nothing unless something else agrees; 花子12 may be another than 花子."""

    sure: frozenset[str] = field(default=frozenset(), repr=False)
    former: frozenset[str] = field(default=frozenset(), repr=False)
    unsure: frozenset[str] = field(default=frozenset(), repr=False)

    def __or__(self, other: Further) -> Further:
        return Further(self.sure | other.sure, self.former | other.former, self.unsure | other.unsure)

    def __iter__(self) -> Iterator[str]:
        return chain(self.sure, self.former, self.unsure)


def further(texts: Collection[str], wanted: Container[str] | None = None) -> dict[str, Further]:
    """Of many names or readings, those that have further forms; only forms that are ``wanted``, where these are given."""
    several = [text for text in texts if len(text) <= _MOST and "\n" not in text]
    wide = unicodedata.normalize("NFKC", "\n".join(several).replace("\u3000", " "))
    parts = wide.split("\n")
    found: dict[str, Further] = {}
    if len(parts) != len(several):
        return found
    if _GLUED.search(wide):
        bare = _GLUED.sub("", wide).split("\n")
        for text, part, left, form in zip(several, parts, bare, all_called(bare), strict=True):
            if form and left != part and (wanted is None or form in wanted):
                forms = frozenset([form])
                found[text] = Further(unsure=forms) if _NUMBERED.search(part) else Further(forms)
    for text, part in zip(several, parts, strict=True) if "(" in wide else ():
        forms = frozenset(form for form in _former(part) if wanted is None or form in wanted) if "(" in part else frozenset()
        if forms:
            found[text] = found.get(text, Further()) | Further(former=forms)
    return found


def former_names(texts: Collection[str]) -> set[str]:
    """The names that people had before, where one stands beside theirs: 雀　花子（旧姓 籠鳥）, 雀（籠鳥）花子."""
    return {form for text in texts if ("(" in text or "（" in text) and len(text) <= _MOST for form in _former(unicodedata.normalize("NFKC", text.replace("\n", " ")))}


def _former(text: str) -> Iterator[str]:
    found = _FORMER.fullmatch(text)
    if found is None:
        return
    before, family, after = (part.strip() for part in found.groups())
    if after:
        givens = [after]
    else:
        words = [word for word in _WORDS.split(before) if word]
        whole = before if len(words) == 1 and len(before) <= _LONGEST else ""
        givens = words[-1:] if len(words) == 2 else [whole[cut:] for cut in range(1, len(whole))]
    yield from filter(None, all_called([family + given for given in givens]) if givens else ())


def turned(text: str, form: str) -> frozenset[str]:
    """The forms of a name whose family name and given name have changed places; without a space, wherever it may be divided."""
    words = [word for word in _WORDS.split(unicodedata.normalize("NFKC", text.replace("\n", " ")).strip()) if word]
    if len(words) == 2:
        return frozenset(all_called([words[1] + words[0]]))
    cuts = range(1, len(form)) if len(words) == 1 and len(form) <= _LONGEST else ()
    return frozenset(form[cut:] + form[:cut] for cut in cuts)
