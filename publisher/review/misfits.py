"""Cells of a roll that cannot be what their column says: a sign of columns that are shifted, in a row or in the whole file; and cells that
say what no list may, an illness in a remark, a house where a shelter is asked for.

Such a row is counted and not shown: behind a cell that slipped stands, somewhere, another one in a column that is published.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from publisher.model import Problem, Table
from publisher.patterns import pattern
from publisher.readers.layout import numbers
from publisher.review import behind
from publisher.review.dwellings import says_dwelling
from publisher.review.headers import Meaning, meaning
from publisher.review.leaks import says_body as says_body_anywhere
from publisher.review.persons import PHONE, THING

_TOGETHER = 20_000
"""Names that are looked at in one go."""

SHARE = 0.2
"""From this part of the rows on (and from three of them) the whole file is taken for shifted."""

_HELD = "この表はまだ公開していません。前に公開した版があれば、それが表示されたままです。"
_LETTER = pattern(r"[^\W\d_]|[○●〇◯×✕*＊?？・-]")
_DATE = pattern(r"\d{2,4}[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,2}|(?:明治|大正|昭和|平成|令和|[mtshr])\s?\d{1,2}[-/.年]")
_SEX = pattern(r"(?:男|女)(?:性|の子)?|m|f|male|female|その他|不明|無回答|未回答|未記入|回答しない|答えたくない|other|unknown|x|[-ー－]|1|2|9|0")
_AGE = pattern(
    r"(?:満|約|推定)?\s*\d{1,3}(?:\.0)?\s*(?:歳|才|さい)?(?:\d{1,2}\s*(?:か月|ヶ月|ヵ月|カ月|ケ月))?(?:くらい|ぐらい|前後|位)?"
    r"|\d{1,3}\s*(?:歳代|才代|代)(?:以上|前半|後半|半ば)?|\d{1,3}\s*歳?\s*[-~〜–]\s*\d{1,3}\s*(?:歳|才)?|\d{1,3}\s*(?:歳|才)?(?:以上|未満)"
    r"|(?:生後|満)?\s*(?:0\s*[歳才]\s*)?\d{1,3}\s*(?:ヶ月|か月|ヵ月|カ月|ケ月|箇月|ヶ|週|日|日齢)|乳児|乳幼児|新生児|幼児|高齢者|不明|未記入|\?|[-ー－]"
)
LONGEST = 200
"""Characters of a cell that may be a name: nobody looks for kin and houses in a longer one, which takes the square of its length."""

_NO_NAME = pattern(r"[\d@〒]")
_TELLS = pattern(r"\d\s*(?:[歳才]|[か月ヶケヵカ箇]+月|番地|丁目)|\d-\d")
"""An age or the number of a house beside a name. Other digits tell people of one name from each other (花子12, 花子 12)."""
_KIN = pattern(  # begins with a set of characters, because the search for these is many times faster
    r"[(\[【〔「〈<:歳才目地]"
    r"(?:(?<=[(\[【〔「〈<])(?:[^)\]】〕」〉>\n]*?"
    r"(?:の(?:夫|妻|父|母|子|娘|息子|孫|兄|弟|姉|妹|祖父|祖母|義父|義母|伯父|叔父|伯母|叔母|家族|連れ)(?![^\W\d_])|[長次二三四五末]男|[長次二三四五末]女|世帯主|続柄|配偶者|内縁|同居)"
    r"|(?:[^)\]】〕」〉>\n]*?[\s、,・/])?(?:夫|妻|父|母|子|娘|息子|孫|兄|弟|姉|妹|祖父|祖母|義父|義母|夫婦|親子)(?![^\W\d_]))"
    r"|(?<=[夫妻父母孫]:)(?<![^\W\d_][夫妻父母孫]:)|(?<=[長次二三]男:)|(?<=[長次二三]女:)"
    r"|(?<=[一二三四五六七八九十][歳才])(?=\s*[)\]】〕」〉>])|(?<=[一二三四五六七八九十](?:丁目|番地)))"
)
"""Kin, an age or a house in words: 籠鳥花子（籠鳥一郎の妻）, （長男）, 妻：籠鳥花子. 山田太郎（旧姓 高台） says none of these."""
_HOUSE = pattern(
    r"\d\s*番地|\d\s*番\s*\d+\s*号?"
    r"|\d\s*丁目\s*\d+\s*(?:番(?![^\W\d_]{0,6}(?:公園|広場|緑地|会館|集会所|公民館|体育館|学校|センター)[前横脇内]?(?![^\W\d_]))|-\s*\d)"
    r"|(?<![\d-])[1-9]\d{0,2}-\d{1,4}-\d{1,4}(?![\d-])|号室"
    r"|[^\W\d_]{2}(?:様|さん|氏)?方$|[^\W\d_](?:様|さん|氏)方(?=\s*[(\[]|\s+\S)|[^\W\d_]{2}(?<![いなのるた味枚直北両双])方(?=\s*[(\[]|\s+\S)"
    r"|(?:様|さん|氏|(?<![自在族戚知友人])(?<!(?<!安)住))宅(?=\s*$|\s*[(\[]|\s+\S)"
    r"|(?:様|さん|氏)(?:の|ん)?(?:お宅|家|ち|うち)(?![^\W\d_])|[^\W\d_]{3}の(?:家|お宅)(?![^\W\d_])"
    r"|[町字]\s*(?:\d{2,5}|\d{1,4}(?:-|[のノ])\d{1,4}|\d{1,4}番)(?![^\W_])|[一二三四五六七八九十]番(?:地|[一二三四五六七八九十]+号)"
    r"|(?<!仮設)(?:ハイツ|コーポ|マンション|アパート|荘|メゾン|ハイム)[^\W\d_]{0,6}\d{3,4}号?|[☎℡]",
    re.MULTILINE,
)
"""Where somebody lives; 本町3丁目集会所 and 港町3丁目5番公園 are nobody's house, nor are 親戚宅, 仮設住宅 and 在宅 (but 安住宅 is: 安住 is a family name).
What follows the house in brackets or after a space does not make it another: 佐藤宅（親戚）."""
_BORN = pattern(
    r"\d\s?[年/.-]\s?\d{1,2}\s?[月/.-]\s?\d{1,2}\s?日?\s?(?:生|うまれ)"
    r"|(?:(?:明治|大正|昭和|平成|(?<![^\W\d_])[明大昭平])\s?(?:\d{1,2}|元)\s?[年/.-]|(?<![a-z\d])[mtsh]\s?\d{1,2}\s?[年/.]|(?<!\d)(?:1[89]\d\d|20(?:0\d|1[0-8]))\s?[年/.-])"
    r"\s?\d{1,2}\s?[月/.-]\s?\d{1,2}(?!\d)"
)
"""When somebody was born: what says so, or a day before the era of Reiwa. On the day of a disaster of today nobody of these was born."""
_DATES = pattern(r"日|時|年月|年度|期|更新|番号|コード|date|time|id|no\.?$", re.IGNORECASE)
"""In the name of a column whose cells may be days of other things, or numbers that look like days."""
_PART = pattern(r"[\s、。,;/]+")
"""Between the parts of a cell: that 本町小学校 follows does not make a place of 透析中."""
_CALLED_AFTER = pattern(
    r"(?:障害|障がい|認知症|要介護|要支援|透析|糖尿|感染|アレルギー|酸素|妊娠|虐待|ストーカー|dv|安否|遺体)"
    r"(?:[者児](?![用のが手]|$)|症|病|疾患|相談|支援|福祉|特別|情報|対策|対応|予防|治療|医療|内科|専門|高齢者|グループ|確認|安置|センター|クリニック)"
)
_REASON = pattern(r"ため|為|により|につき|ので|から|あり|有り|必要|希望|疑い")


_MORE = pattern(
    r"車[い椅イ]す|車イス|妊婦|産後|授乳|血圧|貧血|がん(?!ば)|癌|腫瘍|心臓|脳(?:梗塞|卒中|出血)|後遺症|うつ病|鬱|統合失調|自閉|発達(?:障|遅)|てんかん|インフル|コロナ|発熱|嘔吐|下痢|胃ろう|胃瘻|ペースメーカ|難聴|全盲|失明|麻痺|不随"
    r"|リウマチ|パーキンソン|入院|手術|けが|怪我|ケガ|意識(?:不明|なし)|人工肛門|オストメイト|おむつ|オムツ|徘徊|依存症|不眠|アトピー|腰痛|生活保護|国籍|要配慮者|手帳|[母父]子家庭|世帯主|\d\s*[歳才]|(?:昭和|大正|平成|[sth])\s?\d{1,2}年?生|(?:19|20)\d\d年?生"
)
"""Further words of a person's body, kin or origin; in a roll only, where no cell has to tell of them."""
_MORE_PLACES = pattern(r"(?:がん|リハビリ|心臓|発達|脳)[^\s、。()]{0,6}(?:センター|病院|クリニック|医院)")


def says_body(text: str) -> bool:
    """Whether a cell of a roll speaks of somebody's body, kin or origin."""
    return says_body_anywhere(text) or _MORE.search(_MORE_PLACES.sub("", text)) is not None


def _wide(value: str) -> str:
    return unicodedata.normalize("NFKC", value).strip().lower()


def _is_name(text: str) -> bool:
    """Whether somebody may be called so, and nothing is said of them: no age, kin or house."""
    told = says_body(text) or _TELLS.search(text) or _KIN.search(text) or _DATE.search(text) or PHONE.search(text) or behind.says_more(text)
    return not told and _LETTER.search(text) is not None and "@" not in text


def _is_harmless(text: str) -> bool:
    return not _says_more(text) or (not _says_house(text) and all(map(_is_place, filter(says_body, _PART.split(text)))))


def _is_harmless_place(text: str) -> bool:
    return _is_harmless(text) and _BORN.search(text) is None


def _is_place(part: str) -> bool:
    """Whether a place is called after those whom it is for: 障害者支援センター is one, 透析中のため個室 is not."""
    return THING.search(part) is not None and _REASON.search(part) is None and not says_body(_CALLED_AFTER.sub("", part))


def _says_more(text: str) -> bool:
    """Whether the text has a word of somebody's body or house at all, be it in the name of a place."""
    return says_body(text) or _says_house(text)


def _says_house(text: str) -> bool:
    return _HOUSE.search(text) is not None or says_dwelling(text)


def _is_reading(text: str) -> bool:
    return _is_name(text) and "〒" not in text


_FITS: dict[Meaning, Callable[[str], object]] = {
    Meaning.NAME: _is_name,
    Meaning.READING: _is_reading,
    Meaning.SEX: _SEX.fullmatch,
    Meaning.AGE: _AGE.fullmatch,
    Meaning.ADDRESS: bool,
}
"""Addresses are cut down to their town anyway."""


def _doubtful(values: Iterable[str]) -> Iterator[str]:
    """Those of the names that have to be looked at one by one, told some thousands at a time: what is made of a million takes as much memory as they."""
    rest = iter(values)
    while several := list(islice(rest, _TOGETHER)):
        yield from _doubtful_ones(several)


def _doubtful_ones(several: Sequence[str]) -> Collection[str]:
    """Where nowhere is a digit, a mark or a word of kin, all that begin with a letter fit."""
    wide = "\n".join(several)
    if not unicodedata.is_normalized("NFKC", wide):
        wide = unicodedata.normalize("NFKC", wide)
    parts = wide.split("\n")
    if len(parts) != len(several) or _NO_NAME.search(wide) or says_body(wide) or _KIN.search(wide):
        return several
    told = behind.lines_with_more(wide)
    return [value for value, part in zip(several, parts, strict=True) if not part[:1].isalpha() or part in told]


def misfits(table: Table, places: Sequence[int]) -> dict[int, frozenset[str]]:
    """Place of a column → its cells that do not fit; columns in which all fit are left out. An empty cell fits everywhere."""
    found = {}
    for place in places:
        fits = _FITS.get(meaning(table.columns[place]), _is_harmless)  # type: ignore[arg-type]
        if fits is bool:
            continue
        values = {row[place] for row in table.rows}
        if fits is _is_harmless:
            said = _wide("\n".join(map(str.strip, values)))
            if _DATES.search(table.columns[place]) is None and _BORN.search(said):
                fits = _is_harmless_place
            elif not _says_more(said):
                continue  # all of them at once; that a word is one of a place is only told cell by cell, at its end
        long: set[str] = set()
        if fits in (_is_name, _is_reading):
            long = {value for value in values if len(value) > LONGEST and value.strip()}
            values = set(_doubtful(values - long if long else values))
        wrong = frozenset(long | {value for value in values if value.strip() and not fits(_wide(value))})
        if wrong:
            found[place] = wrong
    return found


def left_by(table: Table, place: int, mask: Callable[[set[str]], Mapping[str, str]]) -> dict[int, frozenset[str]]:
    """The same of a column whose cells a ``mask`` cuts down: what it leaves of a cell is judged."""
    cut = mask({row[place] for row in table.rows})
    wrong = frozenset(value for value, left in cut.items() if left and not _is_harmless(_wide(left)))
    return {place: wrong} if wrong else {}


def rows_of(table: Table, found: Mapping[int, frozenset[str]]) -> list[int]:
    """The indexes of the rows that have such a cell."""
    pairs = list(found.items())
    return [i for i, row in enumerate(table.rows) if any(row[place] in wrong for place, wrong in pairs)]


def shifted(table: Table, rows: Sequence[int]) -> bool:
    return len(rows) >= 3 and len(rows) >= len(table.rows) * SHARE


def _columns(table: Table, found: Mapping[int, frozenset[str]]) -> str:
    return "、".join(f"「{table.columns[place]}」" for place in sorted(found))


def fault(table: Table, found: Mapping[int, frozenset[str]], rows: Sequence[int], where: str) -> Problem:
    """The whole file looks shifted: nothing of it is shown."""
    return Problem(
        "shifted-columns",
        f"{_columns(table, found)}の列に、その列のものとは思えない値か、名簿に出せないこと（病気、住まいの番地など）が{len(rows):,}行あります（{numbers([table.lines[i] for i in rows])}行目）。列がずれているおそれがあります。",
        where,
        _HELD,
        "見出しと中身の列が合っているか確かめ、直して保存し直してください。",
    )


def warning(table: Table, found: Mapping[int, frozenset[str]], rows: Sequence[int], where: str) -> Problem:
    """A few rows look shifted: they are counted only."""
    return Problem(
        "odd-rows",
        f"{_columns(table, found)}の列に、その列のものとは思えない値か、名簿に出せないこと（病気、住まいの番地など）があります（{numbers([table.lines[i] for i in rows])}行目）。",
        where,
        "この行の方は人数にだけ数え、載せていません。ほかの行は公開します。",
        "その行の列がずれていないか、書きすぎていないか確かめ、直して保存し直してください。",
    )
