"""How likely a text is as something a Japanese office wrote: a sum of logarithms that compares readings of the same bytes."""

from __future__ import annotations

from collections import Counter
from functools import cache

from publisher.patterns import pattern

_COMMON = frozenset(
    "一二三四五六七八九十百千万円年月日時分半午前後今本次回第号名市町村区県都府道郡丁目番地字大中小上下左右東西南北新古内外高低長短山川田野原島崎松木林森池"
    "井石岡坂橋谷沢浜海港江津浦水火土金風雨雪雷震災害避難所開設閉鎖給断停電気話通信行止運休再復旧見込支援物資配布受付申請証明書罹被害者状況情報対策本部発表現在"
    "警報注意特別解除指示勧告安全危険確認連絡先問合課係局庁役場学校園公民館体育保健医療病院薬診察消防署団救急車線路駅交通規制迂橋梁崩土砂洪津波高潮予定期間"
    "場時刻曜祝月火金土日住民氏様方々人男女性別歳年齢子供家族世帯数計合同意記載事項備考有無済未完了中予約食料飲毛布衣類便洗浴入浴風呂用品無料有償個件枚台"
    "皆自主的必要可能必ず持参下協力願知案内重要緊至急訓練最新更改訂追加変更終始開催実施利用業務作成登録結果調査判定検査使用出入来立成正平昭和令元"
    "佐藤鈴木高橋渡辺伊中村小林加吉山口清斎三浦及畠熊菅千葉阿遠近青福太岡竹工宮丸今酒柴横健翔美花幸洋久明結由恵薫光和隆茂勇誠浩輔悠真直樹正桜台栄旭緑"
)
_CLASSES = (
    (3.5, r"[ぁ-ん]"), (4.0, r"[ァ-ヴー、。・「」（）]"), (4.5, r"[\u3000〜～…※○●■◆【】『』々〇：／－]"),
    (5.5, r"[０-９Ａ-Ｚａ-ｚ！？，．％＋＝＜＞＆＊＃]"), (3.2, r"[a-z \n\r\t]"), (3.5, r"[A-Z0-9,.:/\-]"), (4.5, r"[!-~]"),
    (3.5, r"[ﾞﾟ]"), (4.6, r"[ｱ-ﾟｦ]"), (6.0, r"[ｧ-ｯｰ]"), (7.5, r"[｡-･]"), (8.0, r"[①-⑳Ⅰ-Ⅻ㈱㈲㈹℡№㎡㎝㎏㎞㍉㍍髙﨑]"),
    (6.0, r"[а-яА-ЯàáâãçéêíóôõúüñăđơưĂĐƠƯ\u1ea0-\u1ef9]"), (7.0, r"[가-힣¡¿£¥§°±·«»ºª]"), (9.0, r"[ヵヶヴゐゑヰヱ]"), (10.0, r"[\u00c0-\u00ff\u0370-\u03ff\u2500-\u257f\u2190-\u22ff\u25a0-\u26ff]"),
    (14.0, r"[\u0100-\u036f\u0400-\u05ff\u3100-\u4dbf\u0600-\u0fff]"), (16.0, r"[\x00-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd]"),
)  # fmt: skip
_TABLE = tuple((cost, pattern(of)) for cost, of in _CLASSES)
_LONE_MARK = pattern(r"(?<![ｶ-ﾄﾊ-ﾎｳ])ﾞ|(?<![ﾊ-ﾎ])ﾟ|(?<![ｦ-ﾟ])[ｧ-ｯｰ]")


@cache
def _cost(character: str) -> float:
    """Natural logarithm of how seldom the character is, by and large."""
    if character in _COMMON:
        return 6.0
    for cost, of in _TABLE:
        if of.match(character):
            return cost
    try:
        row = character.encode("euc_jp")
    except UnicodeEncodeError:
        return 14.0
    if len(row) == 2 and row[0] >= 0xB0:
        return 8.5 if row[0] < 0xD0 else 13.0  # JIS X 0208: level 1 from row 16, level 2 from row 48
    return 9.0 if len(row) == 2 else 13.0


def likelihood(text: str) -> float:
    """The greater, the likelier; 0 for nothing. Half-width kana are a habit of whole files: the first one costs more."""
    kana = 1.5 if any("｡" <= c <= "ﾟ" for c in text) else 0.0
    marks = 4.0 * len(_LONE_MARK.findall(text)) if kana else 0.0
    return -sum(_cost(character) * count for character, count in Counter(text).items()) - kana - marks


def average(text: str) -> float:
    """Likelihood a character beyond ASCII: above −8 it is Japanese, below −11 hardly any language."""
    beyond = "".join(character for character in text if character > "\x7f")
    return likelihood(beyond) / len(beyond) if beyond else 0.0
