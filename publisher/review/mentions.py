"""Names of people who are not shown in the rows of those who are: 浜野茂と同室 where a shelter is asked for, 浜野茂の妻 for a name."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from publisher.patterns import pattern
from publisher.review.called import all_written, called

SHORTEST = 3
"""Letters of a name that is looked for within other words: shorter ones stand in too many (小林実 is not 林実), and are looked for at the beginning of words
only, where what follows says that they are a name."""

SHARED = 5
"""What so many people have in common is a place, even if somebody is called like a part of it."""

_NOBODY = pattern(r"^(?:[男女](?:性|児|子)?|家族|夫婦|親子|兄弟|姉妹|子供|[長次][男女]|乳児|幼児)$|確認中|調査中|不明|不詳|未定|未確認|未記入|匿名|氏名|名前|非公[開表]|身元|合計|小計|以下余白|記入例|例")
_PLACE = pattern(r"(?:小|中|高|高等|大|支援|特別支援)?学校|[小中](?:$|体育館)|幼稚園|保育|コドモ園|公民館|体育館|集会所|会館|病院|医院|クリニツク|センタ|公園|団地|アパ|マンシヨン|荘|寺|神社|教会|丁目|町|通")
_BUILDING = pattern(r"(?:学校|幼稚園|保育[園所]|公民館|体育館|集会所|会館|病院|施設|避難所|センタ|ホ[-ー]?ル)$")
"""Ends of what is no name though it stands in the column of names; 学 and 港 alone end names of people."""
_BOND = r"[長次二三四五末][男女]|妻|夫|母|父|娘|息子|孫|祖父|祖母|同居人?|家族|世帯(?:主|員)?"
_OF = pattern(rf"(.+?)(?:の(?:子|兄|弟|姉|妹|連れ|{_BOND})|[\s・,、(\[]+(?:{_BOND})[)\]]?|(?:様|さん|氏)方)\s*")
"""Somebody told of by somebody else. Without の or a space 子 and 夫 end names of their own: 佐藤正子 is nobody of 佐藤正."""
_MAY_BE = pattern(rf"の(?:子|兄|弟|姉|妹|連れ|{_BOND})|[\s・,、(\[](?:{_BOND})[)\]]?\s*$|方\s*$", re.MULTILINE)


_POLITE = "(?:様|サン|氏|殿|君|クン|チヤン)"
_BESIDE = pattern(rf"{_POLITE}?(?:ト(?:同室|同居|同ジ|一緒|イツシヨ|トモ|共|並)|ノ(?:トナリ|隣|部屋|子|兄|弟|姉|妹|連レ|{_BOND})|方(?:$|[ニヘデ]))|{_POLITE}(?:$|宅|方)")
"""What stands behind a name of two letters that is one: as ``all_written`` writes it."""
_WORDS = pattern(r"\w+")
_APART = pattern(r"[、,・/&＆()\[\]【】「」〔〕:：;\n]|(?:様|さん|氏)?(?:の(?!$)|方(?:\s|$)|と(?:同|一緒|とも)|外|他|ほか)")
"""What stands between several names of a cell, or behind one of them."""
_SEVERAL = pattern(r"[、,，・/／&＆()（）\[\]【】「」〔〕:：;；\n]|様|さん|氏|の|方|と|外|他|ほか|\s\S+\s")
"""One of these is in every cell that says more than a name."""


class Names:
    """The names and readings, as ``all_called`` writes them, of people who are not shown."""

    def __init__(self, forms: Iterable[str]) -> None:
        self._named: dict[str, list[str]] = {}
        self._short: set[str] = set()
        for form in set(forms):
            if len(form) < SHORTEST - 1 or _NOBODY.search(form) is not None or _BUILDING.search(form) is not None:
                continue
            if len(form) < SHORTEST:
                self._short.add(form)
            else:
                self._named.setdefault(form[:SHORTEST], []).append(form)

    def in_cells(self, cells: Sequence[str]) -> set[str]:
        """Those of the cells of a column that name one of them. What they say as a whole, or in many rows, or as the beginning of a place, is a place."""
        counts = Counter(cells)
        texts = [text for text, count in counts.items() if text and count < SHARED]
        return {text for text, plain in self._written(texts) if self._is_named(plain)} | self._in_short(texts)

    def in_names(self, cells: Sequence[str]) -> set[str]:
        """Those of the names of others that begin with one of them, and say how they belong together."""
        texts = list(set(cells))
        several = [text for text in texts if _SEVERAL.search(text)]
        found = {text for text, plain in self._written(several) if len(plain) > SHORTEST and self._is_beside(text, plain)}
        for text in texts if _MAY_BE.search("\n".join(texts)) else ():
            told = _OF.fullmatch(unicodedata.normalize("NFKC", text)) if _MAY_BE.search(text) else None
            if told is not None and ((head := called(told[1])) in self._short or head in self._named.get(head[:SHORTEST], ())):
                found.add(text)
        return found

    def _in_short(self, texts: Sequence[str]) -> set[str]:
        """Those with a word that begins with a name of two letters and goes on as only behind a name: 李明と同室."""
        found: set[str] = set()
        for text, plain in zip(texts, all_written(texts), strict=True) if texts and self._short else ():
            if _BESIDE.search(plain) is not None:
                words = all_written(_WORDS.findall(unicodedata.normalize("NFKC", text)))
                words = [*words, *map("".join, pairwise(words))]  # family name and given name
                found.update(text for word in words if word[: SHORTEST - 1] in self._short and _BESIDE.match(word, SHORTEST - 1))
        return found

    def _written(self, texts: Sequence[str]) -> Iterable[tuple[str, str]]:
        return zip(texts, all_written(texts), strict=True) if texts and self._named else ()

    def _is_beside(self, text: str, plain: str) -> bool:
        """Whether the cell has one of the names as words of its own beside others: 雀一郎・籠鳥花子, 籠鳥花子の叔父; 佐藤正子 is nobody of 佐藤正."""
        if not any(name in plain and name != plain for at in range(len(plain) - SHORTEST + 1) for name in self._named.get(plain[at : at + SHORTEST], ())):
            return False
        whole = unicodedata.normalize("NFKC", text)
        words = all_written([word for part in _APART.split(whole) for word in (part, *part.split())])
        pairs = map("".join, pairwise(words))
        return any(word in self._named.get(word[:SHORTEST], ()) and word != plain for word in (*words, *pairs))

    def _is_named(self, plain: str) -> bool:
        for at in range(len(plain) - SHORTEST + 1):
            for name in self._named.get(plain[at : at + SHORTEST], ()):
                end = at + len(name)
                # 中村公 is nobody in 中村公民館
                if plain == name and _PLACE.search(plain) is None:
                    return True
                if plain.startswith(name, at) and plain != name and not any(_PLACE.match(plain, start) for start in (end - 2, end - 1, end)):
                    return True
        return False
