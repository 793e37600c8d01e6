"""Tells by their content which cells are names of people, telephone numbers of people, dates of birth."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache

from publisher.patterns import pattern

# The commonest family names (about two thirds of the population), enough to tell a column of names from a
# column of places.
_FAMILY_NAMES = """
佐藤 鈴木 高橋 髙橋 田中 伊藤 渡辺 渡邊 渡邉 山本 中村 小林 加藤 吉田 𠮷田 山田 佐々木 山口 松本
井上 木村 林 斎藤 斉藤 齋藤 齊藤 清水 山崎 山﨑 森 池田 橋本 阿部 安部 石川 山下 中島 中嶋 石井
小川 前田 岡田 長谷川 藤田 後藤 近藤 村上 遠藤 青木 坂本 福田 太田 西村 藤井 金子 岡本 藤原 三浦
中野 中川 原田 松田 竹内 小野 田村 中山 和田 石田 上田 森田 柴田 酒井 工藤 横山 宮崎 宮本 内田
高木 谷口 安藤 丸山 今井 大野 菅原 千葉 及川 熊谷 畠山 小野寺 高田 藤本 武田 村田 上野 杉山 増田
平野 大塚 久保 松井 小島 岩崎 桜井 櫻井 木下 野口 松尾 野村 菊地 菊池 佐野 大西 杉本 新井 浜田
濱田 濵田 市川 古川 水野 小松 島田 山内 西田 高野 菅野 西川 五十嵐 北村 安田 中田 川口 飯田 東
平田 川崎 本田 久保田 吉川 沢田 澤田 辻 関 吉村 渡部 中西 岩田 服部 樋口 福島 川上 永井 松岡
田口 大島 川村 須藤 秋山 荒木 松下 田辺 田邊 中井 松原 大橋 石原 大久保 星野 尾崎 馬場 野田 内藤
広瀬 廣瀬 大谷 矢野 森本 早川 高山 関口 古賀 小池 片山 岡崎 平井 富田 大石 横田 成田 宮田 浅野
荒井 児玉 栗原 本間 小田 望月 河野 石橋 岡 小山 松浦 吉岡 宮川 福井 大森 星 奥村 内山 三宅 川島
松村 小西 宮下 永田 黒田 白石 土屋 黒川 堀 天野 西山 堀内 津田 相馬 鎌田 阿久津 桑原 桒原 冨樫
富樫 栁沢 柳沢 嶋崎 島崎 德永 徳永 葛城 岩本 青山 塚本 坂井 関根 田島 根本 川田 今村 大山 植田
川端 梅田 戸田 篠原 町田 比嘉 金城 大城 宮城 新垣 玉城 上原 島袋 知念 仲村 平良 城間 山城 佐久間
佐竹 佐川 伊東 大川 大沢 大澤 小沢 小澤 小倉 小原 小泉 小笠原 神田 岸 岸本 北川 木戸 榎本 江口
奥田 落合 甲斐 笠原 柏木 門脇 金田 金井 鎌倉 亀井 川原 川本 河合 河村 神谷 黒木 桐山 熊田 倉田
栗田 桑田 高井 高島 古田 坂口 坂田 沢井 柴崎 下田 庄司 白井 新田 末永 杉浦 須田 瀬戸 高松 滝沢
瀧澤 竹田 竹中 谷 谷川 千田 土井 土田 堤 戸井 長尾 長田 中尾 中谷 永野 永山 難波 南 西 西尾 西岡
西野 西本 二宮 沼田 野崎 野中 萩原 橋口 長谷 畑 花田 浜口 林田 原 原口 番場 東山 日高 平山 深沢
福本 福岡 藤岡 藤川 藤沢 藤野 藤村 船越 星川 細川 堀江 堀口 堀田 本多 前川 牧野 松島 松永 松山
三上 三好 水谷 水口 溝口 宮沢 宮地 宮内 村井 村山 室井 本橋 森川 森下 森山 八木 安井 柳 柳田
矢島 山岸 山根 山村 山中 山川 湯浅 横井 横尾 吉野 吉原 若林 鷲尾 李 王 張 朴 金 陳 劉 趙 崔
"""
SURNAMES = frozenset(_FAMILY_NAMES.split())
_GIVEN_END = frozenset(
    "子美太郎男雄夫一二三介助樹香恵江代枝司也哉平治次輔翔真奈彦人斗菜花葉佳加花央生希紀貴輝樹利里理莉久之行"
    "幸弘宏博浩広洋裕祐雅正政昌"
    "明昭章彰晃光和智友知朋勇武健賢憲隆孝崇敬隆茂誠実稔進清潔薫馨茜葵凜凛蓮蘭優結愛心音乃乃衣織穂歩歌世代津"
    "千鶴亜亮良吾悟五六七八朗"
    "志史士仁信伸慎晋新真純潤淳順俊駿旬春夏秋冬陽悠遥遼涼玲礼麗怜瑠璃琉留流大翼拓拓匠巧航海空星月杏桃梅桜咲"
    "沙紗早百合由有裕佑祐侑暢"
    "義喜吉嘉佳圭啓慶敏聡哲徹鉄寿登豊功勲勉努昇望守護学文文雪絵慧梓楓椿渚汐澪澄静舞萌芽瞳茉真麻磨摩弥也耶矢"
    "絃弦弓いうえおかきくけこさしす"
    "せたちつてとなのはひふほまみむめもやゆよらりるれろん"
)
_KANJI_KANA = r"[\u3400-\u9fff\U00020000-\U0003ffff々〆ヶヵァ-ヴーぁ-ゔ\ufe00-\ufe0f\U000e0100-\U000e01ef]"
_SPACED = pattern(rf"({_KANJI_KANA}{{1,6}})[ ・]+({_KANJI_KANA}{{1,6}})")
_KANA_NAME = pattern(r"[ァ-ヴー]{1,7}[ ・]+[ァ-ヴー]{1,8}|[ぁ-ゔー]{1,7}[ ・]+[ぁ-ゔー]{1,8}")
_ROMAN = pattern(
    r"[A-Z][a-z]+(?:-[A-Z][a-z]+)?,? [A-Z](?:[a-z]+|\.)(?: [A-Z][a-z]+)?|[A-Z]{2,},? [A-Z][a-z]+"
)
THING = pattern(
    r"(?:校|園|館|所|院|署|局|課|室|部|店|会|社|寺|神宮|場|センター|公園|広場|町|村|市|区|県|府|丁目|地区|地"
    r"域|駅|橋|川|線|団|組|塾|庁|寮|荘|棟"
    r"|港|浜|ホール|プラザ|苑|クリニック|薬局|コード|番号|税|費|料|類|システム|サービス|施設|避難|階|号|学|"
    r"組合|方面|通り?|支所|出張所|協会"
    r"|School|Center|Centre|Park|Hospital|Hall|Station|Office|City|Town|Group|Co\.?|Ltd\.?)$"
)
_MOBILE = (
    r"(?:(?<=\+)81[-ー ]?(?:\(0\)|0)?[-ー ]?|(?<=0))[789]0"
    r"(?:[-ー ()]{0,3}\d{4}[-ー )]{0,3}\d{4}|\.\d{4}\.\d{4}(?!\.\d)|・\d{4}・\d{4})(?!\d|[-ー]\d)"
)
_DIALLED = r"[+0](?<![\d+-][+0])(?<!\d\.[+0])"
"""The first sign of a telephone number, not within another number. The search for a set of characters is many times faster than a look behind each."""
MOBILE = pattern(_DIALLED + _MOBILE)
"""In text that was made ``narrow``. The sign of long vowels (ー) between digits is the hyphen that a Japanese keyboard gives."""
PHONE = pattern(
    rf"{_DIALLED}(?:{_MOBILE}"
    r"|(?:(?<=\+)81[-ー ]?[1-9]|(?<=0)\d)\d{0,3}[-ー (]\d{1,4}[-ー )]\d{3,4}(?!\d|[-ー]\d)"
    r"|(?<=\(0)(?=(?:[-ー) ]{0,2}\d){9}(?!\d))\d{1,4}\) ?\d{1,4}[-ー ]?\d{4}"
    r"|(?<=0)(?=(?:[.・]?\d){9}(?![.・]?\d))\d{1,4}(?:\.\d{1,4}\.|・\d{1,4}・)\d{4}"
    r"|(?<![^\n]0)(?<=0)(?![1-9][1-7]\d{3}0\d{3}$)[1-9]\d{8}$)",
    re.MULTILINE,
)
"""Mobile and other telephone numbers, in a cell or in many cells that are lines of a text. What a date, a price or a version may be too counts
only with the ten digits of a number. Ten digits alone in their cell are one, unless they read like the ID that the standard data of municipalities
give a place (0421010001: the code of the municipality and a serial number below 1000)."""
EMAIL = pattern(r"[\w.+-]@[\w-]+\.[\w.]")
HOUSE = pattern(r"\d\s*(?:番地|番(?!町|丁)|号(?!車|館|線|棟|機)|丁目)|\d-\d|[〇一二三四五六七八九十](?:番地|丁目|号)")
"""Both tell whether there is one, not where it begins: to look for the beginning takes the square of the length of a number of ten thousand digits."""
_DATE = pattern(
    r"(?:(19\d\d|20\d\d)[-/.年]\d{1,2}[-/.月]\d{1,2}|([SHTMR昭平大明令]).{0,2}?(\d{1,2})[-/.年]\d{1,2}[-/.月"
    r"]\d{1,2})"
)
_ERA = {
    "M": 1867,
    "明": 1867,
    "T": 1911,
    "大": 1911,
    "S": 1925,
    "昭": 1925,
    "H": 1988,
    "平": 1988,
    "R": 2018,
    "令": 2018,
}
_LONG_NUMBER = pattern(r"\d(?:[- ]?\d){9}")
_SEXES = frozenset(["男", "女", "男性", "女性", "m", "f", "male", "female"])
_UNSAID = frozenset(("", "不明", "その他", "-", "回答しない", "other", "unknown", "無回答"))
NUMERIC = pattern(r"[-+]?\d[\d,.]*\s*(?:人|名|件|世帯|棟|戸|%)?|[-ー－―]|不明|なし|調査中|確認中|0")

_WHOLE = pattern(r"[\u3400-\u9fff\U00020000-\U0003ffff々]{3,6}")
_KIND = pattern(r"(?:[学校院]生|(?:外国|[本他個法成老])人)$")
_ONE_KANA = pattern(r"[ァ-ヴー]{4,15}|[ぁ-ゔー]{4,15}")
_WORD = pattern(r"[^\W\d_]+(?: [^\W\d_]+)?")
_LISTING = pattern(r"[、,，／/・;；\n]")
_LOOKED_AT = 400
"""Characters of a cell in which people are looked for."""

KEPT = 4_096
"""Cells whose verdicts are kept: the tables of a town's notices name the same places and the same words again and again."""

SHORT = 40
"""Characters of a cell that is kept; a long one is seldom said twice, and would take memory."""

_HYPHENS = str.maketrans({c: "-" for c in "‐‑‒–—―−－ｰ"})


def narrow(text: str) -> str:
    """NFKC with one kind of hyphen: ``０９０－１２３４－５６７８`` reads as ``090-1234-5678``."""
    return (
        text.translate(_HYPHENS)
        if text.isascii()
        else unicodedata.normalize("NFKC", text).translate(_HYPHENS)
    )


def _bare(value: str) -> str:
    return _bare_short(value) if len(value) <= SHORT else narrow(value).strip()


@lru_cache(maxsize=KEPT)
def _bare_short(value: str) -> str:
    return narrow(value).strip()


@lru_cache(maxsize=KEPT)
def is_name(value: str) -> bool:
    """Whether the cell reads as the full name of a person. One cell alone proves nothing; a column of them
    does.
    """
    text = re.sub(r"(?:様|さん|氏|殿|くん|ちゃん)$", "", narrow(value).strip()).strip()
    text = re.sub(r"\s*\(.*\)$", "", text)
    if not 2 <= len(text) <= 24 or THING.search(text):
        return False
    if spaced := _SPACED.fullmatch(text):
        return not THING.search(spaced[1])
    if _ROMAN.fullmatch(text):
        return True
    return _joined(text)


def _joined(text: str) -> bool:
    """A family name from the list with a given name after it, without a space."""
    bare = re.sub(r"[\ufe00-\ufe0f\U000e0100-\U000e01ef]", "", text)
    if not 3 <= len(bare) <= 7:
        return False
    return any(
        bare[:cut] in SURNAMES
        and 1 <= len(bare) - cut <= 4
        and (cut > 1 or len(bare) - cut >= 2)
        and bare[-1] in _GIVEN_END
        and re.fullmatch(_KANJI_KANA + "+", bare[cut:])
        for cut in (1, 2, 3)
    )


def could_be_name(value: str) -> bool:
    """Whether the cell has the length and the end of a full name without a space, whatever the family is called. Many words have, too: 中学生 has not."""
    text = narrow(value).strip()
    return _WHOLE.fullmatch(text) is not None and text[-1] in _GIVEN_END and not (THING.search(text) or _KIND.search(text))


def is_joined_kana(value: str) -> bool:
    """Whether the cell is one word of kana, as readings without a space are, and many other words."""
    return _ONE_KANA.fullmatch(narrow(value).strip()) is not None


def first_word(value: str) -> str:
    """What stands before the first bracket, number or mark: the name, where a cell says who somebody is and more (籠鳥花子さん（喘息）)."""
    found = _WORD.match(narrow(value[:_LOOKED_AT]).strip())
    return re.sub(r"(?:様|さん|氏|殿|くん|ちゃん)$", "", found[0]) if found else ""


def may_end_a_name(text: str) -> bool:
    """Whether the last character is one in which given names end."""
    return text[-1:] in _GIVEN_END


def names_somebody(value: str) -> bool:
    """Whether a cell that may list several people has the full name of one."""
    looked_at = value[:_LOOKED_AT]
    return is_name(looked_at) or any(is_name(part) for part in _LISTING.split(looked_at))


@lru_cache(maxsize=KEPT)
def is_sure_name(value: str) -> bool:
    """Whether the cell is the name of a person, or a list of such, with a family name from the list: a few of them are enough."""
    parts = [part for part in re.split(r"[、,，／/・\n]", narrow(value).strip()) if part.strip()]
    return bool(parts) and all(_sure(part.strip()) for part in parts)


def _sure(text: str) -> bool:
    bare = re.sub(r"(?:様|さん|氏|殿|くん|ちゃん)$", "", text).strip()
    if THING.search(bare):
        return False
    family, _, given = bare.partition(" ")
    return _joined(bare) or (family in SURNAMES and re.fullmatch(_KANJI_KANA + "{1,4}", given.strip()) is not None)


def is_family_name(value: str) -> bool:
    return _bare(value) in SURNAMES


@lru_cache(maxsize=KEPT)
def is_kana_name(value: str) -> bool:
    """Two words of kana, as the readings of people's names are written; readings of buildings are one
    word.
    """
    text = narrow(value).strip()
    return _KANA_NAME.fullmatch(text) is not None


def share(test: Callable[[str], object], values: Collection[str]) -> float:
    """What part of the values passes the test."""
    return sum(bool(test(value)) for value in values) / len(values) if values else 0.0


def birth_dates(values: Iterable[str]) -> bool:
    """Whether dates spread over decades and reach far back, as the birthdays of different people do."""
    years = []
    for value in values:
        if match := _DATE.match(_bare(value)):
            years.append(int(match[1]) if match[1] else _ERA[match[2]] + int(match[3]))
    return len(years) >= 3 and max(years) - min(years) >= 15 and sorted(years)[len(years) // 2] < 2008


def sexes(values: Collection[str]) -> bool:
    said = {_bare(value).lower() for value in values} - _UNSAID
    return bool(said) and said <= _SEXES


def quoted(name: str) -> str:
    """The name of a column for a message. Where data slipped into the header it may be somebody's: such a name is not said."""
    text = narrow(name).strip()
    told = is_name(name) or is_kana_name(name) or any(mark.search(text) for mark in (MOBILE, PHONE, EMAIL, HOUSE, _DATE, _LONG_NUMBER))
    return "（個人の情報に見える見出し）" if told else f"「{name}」"


def numeric(values: Collection[str]) -> bool:
    """Whether all of them are numbers or stand for a number that is not known."""
    return all(NUMERIC.fullmatch(_bare(value)) for value in values)
