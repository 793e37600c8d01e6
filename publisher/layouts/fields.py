"""What the headers of standard open-data tables are called: one name for each field, however it is written."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from publisher.patterns import pattern

# Sources of the names: 自治体標準オープンデータセット and 推奨データセット (デジタル庁) for places, AED and
# 医療機関; EEI (災害対応基本共有情報項目, デジタル庁 GIF 455) for shelters, roads, water and orders; 指定緊急避難
# 場所データ (国土地理院); and the English names of data catalogues built on FIWARE.
ALIASES: Mapping[str, tuple[str, ...]] = {
    # what and where
    "name": (
        "名称", "施設名", "施設名称", "避難所名", "避難所名称", "避難所の名称", "避難場所名", "避難場所名称", "施設・場所名",
        "場所", "場所名", "病院名", "医療機関名", "医療機関名称", "給水場所", "給水所", "給水所名", "給水拠点", "給水拠点名", "設置施設名", "name",
    ),
    "kana": (
        "名称_カナ", "名称カナ", "名称(カナ)", "施設名(かな)", "施設名(カナ)", "施設名(かな表記)", "施設名カナ", "施設名_カナ", "施設名称_カナ",
        "避難所名カナ", "避難所名_カナ", "避難所名(カナ)", "避難所名(かな)", "医療機関名カナ", "フリガナ", "ふりがな", "カナ", "かな", "よみがな", "よみ",
    ),
    "district": (
        "地区", "地区名", "地域", "地域名", "学区", "小学校区", "中学校区", "校区", "区域", "方面", "大字", "町名", "二次医療圏", "地域自治区", "行政区",
    ),
    "town": ("所在地_町字", "町字", "町字名"),
    "city": ("市区町村名", "市町村名", "市町村", "市区町村", "所在地_市区町村", "市区町"),
    "address": (
        "所在地_連結表記", "住所", "所在地", "所在地(住所)", "住所(位置情報)", "所在地住所", "施設所在地", "住居表示", "住所表記", "address",
    ),
    "building": ("方書", "建物名等(方書)", "建物名等", "建物名"),
    "position": ("設置位置", "設置場所", "設置箇所", "設置場所詳細"),
    "latitude": ("緯度", "latitude", "lat", "緯度(度)", "y座標(緯度)"),
    "longitude": ("経度", "longitude", "lon", "lng", "経度(度)", "x座標(経度)"),
    "location": ("location", "緯度経度", "緯度,経度", "位置情報"),
    # whom to ask
    "phone": (
        "電話番号", "施設電話番号", "電話", "代表電話", "代表電話番号", "問合せ先電話番号", "問い合わせ先電話番号", "お問い合わせ電話番号", "連絡先電話番号",
        "tel", "tel番号", "telephonenumber", "telephone", "一時滞在施設の連絡先",
    ),
    "extension": ("内線番号", "内線"),
    "fax": ("fax番号", "施設fax番号", "fax", "ファックス番号"),
    "contact": (
        "お問合せ先", "問合せ先", "問い合わせ先", "お問い合わせ先", "連絡先",
        "連絡先備考(その他、snsなど)", "連絡先備考", "所管課", "担当課", "jurisdiction",
    ),
    "email": ("連絡先メールアドレス", "メールアドレス", "メール", "email", "e-mail"),
    "form": ("連絡先formurl",),
    "url": ("url", "ホームページ", "ホームページアドレス", "webサイト", "hp", "referenceobject"),
    # how it is now
    "state": ("開設状況", "開所状況", "開設状態", "開設・閉鎖", "開設", "状況", "状態", "現存・休止", "診療状況", "給水状況", "通行状況", "規制状況", "復旧状況", "断水状況"),
    "opened": ("開設日時", "開設日", "開設・閉鎖日時"),
    "shut": ("閉鎖日時", "閉鎖日"),
    "congestion": ("空き状況", "混雑状況", "混雑度", "混み具合", "定員状況", "受入状況", "混雑"),
    "people": ("避難者数(総数)", "避難者数", "現在の避難者数", "避難人数", "収容者人数", "人数", "現在人数", "避難者数(人)", "避難人数(人)"),
    "households": ("避難世帯数", "世帯数", "避難世帯"),
    "confirmed": ("避難所状況確認日時", "状況確認日時", "確認日時", "報告日時", "時点"),
    # what it is for
    "capacity": ("想定収容人数", "最大収容人数", "収容人数", "収容可能人数", "収容人員", "定員", "capacity", "収容人数(人)"),
    "refuge": ("指定避難所との重複", "指定避難所との住所同一"),
    "emergency": ("指定緊急避難場所との重複", "指定緊急避難場所との住所同一", "evacuationspace"),
    "welfare": ("指定福祉避難所との重複",),
    "residents": ("対象となる町会・自治会", "支援想定地域", "対象地域", "自主防災会区域", "residentsassociation", "対象町会"),
    "accepts": ("受入対象者", "受入対象者(福祉避難所)"),
    "pets": ("ペットの同行避難可否状況", "ペットの同行避難可否", "ペット同行", "ペット"),
    "type": ("医療機関の種類", "種別", "区分", "施設種別", "避難所タイプ", "井戸の形態", "物資拠点分類", "施設区分"),
    "departments": ("診療科目", "診療科"),
    "days": ("診療曜日", "利用可能曜日", "曜日", "availabledate", "開館曜日"),
    "from": ("診療開始時間", "開始時間", "starttime", "利用開始時間", "開始時刻"),
    "until": ("診療終了時間", "終了時間", "endtime", "利用終了時間", "終了時刻"),
    "hours": ("診療日時特記事項", "利用可能日時特記事項", "availabledatenote", "開設時間", "給水時間", "給水日時", "受付時間", "診療時間", "利用時間", "実施時間"),
    "overtime": ("時間外における対応",),
    "beds": ("病床数",),
    "pediatric": ("小児対応設備の有無", "小児対応"),
    "volume": ("貯水量リットル", "貯水量", "給水量", "容量"),
    "note": ("備考", "特記事項", "note", "その他", "その他市町村長が必要と認める事項", "説明", "注意事項"),
    # roads
    "road": ("路線名", "路線名称", "道路名", "路線"),
    "class": ("道路種別", "道路の種類"),
    "start": ("規制場所始点", "区間(起点)", "起点", "始点", "通行実績始点", "規制区間始点"),
    "end": ("規制場所終点", "区間(終点)", "終点", "通行実績終点", "規制区間終点"),
    "stretch": ("区間", "規制区間", "規制場所", "渋滞区間", "指定区間(上下)", "通行止め区間"),
    "length": ("距離・延長", "規制延長", "延長"),
    "restriction": ("規制種別", "規制内容", "規制区分", "規制", "規制情報"),
    "cause": ("理由", "原因", "規制理由", "原因理由", "通行止め理由", "規制原因"),
    "since_day": ("規制の始まり", "規制開始", "規制開始日", "規制開始日時", "指定日時"),
    "since_time": ("規制開始時間", "規制開始時刻"),
    "till_day": ("解除の見込み", "解除見込み", "解除予定", "規制終了", "規制終了日", "規制終了日時", "規制終了予定日時", "解除予定日時"),
    "till_time": ("規制終了時間", "規制終了時刻"),
    "detour": ("迂回路", "う回路", "迂回路の有無"),
    # water
    "dry_most": ("断水戸数(最大)", "最大断水戸数"),
    "dry": ("断水戸数(現在)", "断水戸数", "現在断水戸数"),
    "dry_since": ("断水開始日時", "断水日時"),
    "dry_till": ("断水解消日時", "復旧日時", "復旧見込み", "復旧予定", "復旧見込"),
    # orders
    "order": ("発令区分", "避難情報の種類", "避難情報"),
    "step": ("発令・解除区分",),
    "area": ("発令・解除対象地区", "発令対象地区", "対象地区"),
    "ordered": ("発令・移行・解除日時", "発令日時"),
    "level": ("警戒レベル",),
    "why": ("発令・解除理由", "発令理由"),
    "guidance": ("避難行動指針",),
    "asked_homes": ("対象世帯数",),
    "asked_people": ("対象人数",),
    "hazard": ("災害種別",),
    "more": ("補足情報",),
    # for machines: they stay in the CSV
    "code": (
        "全国地方公共団体コード", "地方公共団体コード", "団体コード", "都道府県コード又は市区町村コード", "市区町村コード", "都道府県コード",
        "所在地_全国地方公共団体コード", "町字id", "id", "id1", "id2", "no", "no.", "№", "番号", "共通id", "登録番号", "管理番号", "通し番号",
        "全国共通避難所・避難場所id", "避難所識別番号", "避難所番号", "システム連携id", "法人番号", "医療機関コード", "名称_英字", "施設名_英字", "名称(英字)",
        "所在地_都道府県", "都道府県名", "都道府県", "所在地_番地以下", "番地以下", "地方公共団体名", "郵便番号", "標高", "elevation", "海抜", "utmポイント",
        "最終更新日", "最終更新日時", "更新日時", "更新日", "データ作成日", "管理担当連絡先", "担当者連絡先", "管理者連絡先", "開設者氏名", "管理者氏名", "代表者氏名", "指定年月日", "登録理由", "指定期間開始", "緯度経度出典", "画像_ライセンス", "算定基準", "公示日(指定)", "公示日(取消)", "施設面積", "避難所面積平方メートル", "報告部署・機関",
    ),
}  # fmt: skip

HAZARDS: Mapping[str, str] = {
    "洪水": "洪水", "崖崩れ、土石流及び地滑り": "土砂災害", "崖崩れ等": "土砂災害", "がけ崩れ、土石流及び地滑り": "土砂災害", "崖崩れ": "土砂災害",
    "土砂災害": "土砂災害", "土砂": "土砂災害", "高潮": "高潮", "地震": "地震", "津波": "津波", "大規模な火事": "大規模な火事", "大規模火災": "大規模な火事",
    "火災": "大規模な火事", "内水氾濫": "内水氾濫", "内水": "内水氾濫", "火山現象": "火山", "火山": "火山", "風水害": "風水害", "地震・津波": "地震・津波", "水害": "水害",
    "flood": "洪水", "flood_l1": "洪水（計画規模）", "flood_l2": "洪水（想定最大規模）", "inundation": "内水氾濫", "sedimentdisaster": "土砂災害",
    "landslide": "土砂災害", "stormsurge": "高潮", "tunami": "津波", "tsunami": "津波", "fire": "大規模な火事", "earthquake": "地震",
    "volcano": "火山",
}  # fmt: skip
"""What a place protects from, in the words of the law (災害対策基本法施行令 20条の4) made short."""

_HAZARD_COLUMN = pattern(
    r"(?:災害種別|対象とする災害|対象災害|対応災害|対応する災害|開設される災害の種類|異常な現象の種類)[_:・(](?P<of>.+?)\)?"
)
_MARKS = pattern(r"[\s*＊※★●◎○]+")
_NUMBERING = pattern(r"^(?:[\u2460-\u2473]|[(\[]?\d{1,2}[)\].:、])")
_ASIDE = pattern(r"\([^()]*\)$|\[[^\[\]]*\]$")
_AS_OF = pattern(r"[_(]?[^_(]*(?:時点|現在|時現在)\)?$")
_OF_A_PLACE = pattern(r"^(?:指定)?(?:緊急)?(?:避難所|避難場所|施設|病院|医療機関|会場|給水所|給水拠点|店舗|窓口)(?:等)?[_・の]?")
_FIELD_OF = {alias: field for field, aliases in ALIASES.items() for alias in aliases}
assert len(_FIELD_OF) == sum(map(len, ALIASES.values())), "a header belongs to one field"


def narrow(header: str) -> str:
    """A header for comparing: NFKC, lower case, without spaces, footnote marks and a number in front."""
    text = unicodedata.normalize("NFKC", _NUMBERING.sub("", header.strip()))
    return _NUMBERING.sub("", _MARKS.sub("", text)).lower()


def field_of(header: str) -> str | None:
    """The field that a header names, a trailing note or moment left aside: 人数_令和6年1月9日午後6時時点 → people."""
    text = narrow(header)
    bare = _ASIDE.sub("", text)
    for form in (text, bare, _AS_OF.sub("", text), _OF_A_PLACE.sub("", bare)):
        found = _FIELD_OF.get(form)
        if found is not None:
            return found
    return None


def hazard_of(header: str) -> str | None:
    """The danger whose column it is: 災害種別_洪水, 対象とする災害：洪水, a bare 洪水, ``flood_L1``."""
    text = narrow(header)
    match = _HAZARD_COLUMN.fullmatch(text)
    if match is not None:
        return HAZARDS.get(match["of"], match["of"])
    return HAZARDS.get(text)
