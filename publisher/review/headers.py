"""What the name of a column says about people."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

from publisher.patterns import pattern


class Meaning(StrEnum):
    """What a column holds when its name is to be believed. The values are the words that staff read."""

    NAME = "氏名"
    READING = "氏名の読み"
    BIRTH = "生年月日"
    AGE = "年齢"
    SEX = "性別"
    ADDRESS = "住所"
    HOUSE = "番地・部屋番号"
    PHONE = "電話番号"
    EMAIL = "メールアドレス"
    MY_NUMBER = "個人番号"
    HEALTH = "健康・障害・介護"
    NATIONALITY = "国籍"
    HOUSEHOLD = "世帯・続柄"
    RECORD = "名簿の管理番号・同意・制限"
    ROLE = "担当者など"


# The most telling first: the first that fits decides. Names from 安否情報省令 様式第1号, 被災者台帳
# (災害対策基本法 90条の3),
# LGDPM's roster, PFIF 1.4 and the rolls of municipalities.
_COUNT = pattern(r"(?:数|人数|件数|率|割合|面積|計|総数|定員)(?:\(.*\))?$")
_ROLE = pattern(
    r"(?:担当|代表|責任|管理|設置|開設|所有|報告|記入|発表|作成|連絡|問い?合わ?せ|受付|施設長|校長|園長|院長"
    r"|館長|会長|区長|理事長"
    r"|店長|医師|講師|議員|author_|source_|contact_)"
)
_RULES: tuple[tuple[Meaning, re.Pattern[str]], ...] = tuple(
    (meaning, pattern(said))
    for meaning, said in (
        (Meaning.MY_NUMBER, r"個人番号|マイナンバー|mynumber|my_number"),
        (
            Meaning.BIRTH,
            r"生年月日|誕生日|出生の?年月日|^生年$|生まれ|date_?of_?birth|birth_?(?:day|date)|^birth$|^dob$",
        ),
        (Meaning.NATIONALITY, r"国籍|nationality|在留資格|home_country"),
        (
            Meaning.RECORD,
            r"住基|住民票コード|宛名番号|被保険者番号|person_record_id"
            r"|避難者(?:番号|id)|公開フラグ|閲覧制限|公表(?:の)?同意|同意(?:の)?有無|^同意$|秘匿|支援措置"
            r"|回答を希望|公表に同意|juki|id_number",
        ),
        (
            Meaning.HOUSEHOLD,
            r"世帯(?:番号|主|コード|員)|続柄|家族(?:構成|氏名|も無事|$)|同居|household|family_head|配偶|扶養"
            r"|保護者",
        ),
        (
            Meaning.READING,
            r"(?:氏名|姓名|名前|氏|姓|被災者|避難者|児童|生徒|本人).{0,3}(?:フリガナ|ふりがな|カナ|かな|よみ"
            r"|読み|ローマ字|英字)"
            r"|(?:フリガナ|ふりがな|カナ|かな|よみ).{0,2}(?:氏名|姓|名$)|^(?:フリガナ|ふりがな|フリカナ|ヨミ"
            r"ガナ|よみがな|よみ|読み"
            r"|カナ|かな|セイ|メイ|kana|furigana|reading|yomi)$|family_?name_?kana|given_?name_?kana|name_?k"
            r"ana$"
            r"|alternate_(?:family|given)?_?names?",
        ),
        (
            Meaning.NAME,
            r"氏名|姓名|^(?:故人|喪主|遺族|亡くなられた方|亡くなった方|ご?遺体|被災者|避難者|行方不明者|不明者|死亡者|死者|負傷者|患者|児童|生徒|園児|入所者|本"
            r"人|世帯員|職員|要支援者"
            r"|要配慮者|安否不明者)(?:の?(?:名前|名))?$|^(?:ご?芳名|お名前|おなまえ|姓|氏|名|シメイ|しめい)$|(?:full|family|g"
            r"iven|first|las"
            r"t|sur)_?name"
            r"|person_?name|^名前\((?:漢字|本人)\)|氏\(|^名\(",
        ),
        (Meaning.EMAIL, r"メール|e-?mail"),
        (Meaning.PHONE, r"電話|携帯|^tel|tel$|phone|^fax|連絡先(?!.*(?:url|備考|form))|℡"),
        (
            Meaning.HEALTH,
            r"障(?:害|がい|碍)|手帳|要介護|介護(?:度|認定)|持病|既往|病名|傷病|負傷|疾病|症状|アレルギー|妊("
            r"?:婦|娠|産)|認知症|寝たきり"
            r"|医療的|服薬|投薬|要配慮(?:項目|事項|内容)|injur|allerg|disab|pregnan|dementia|bedridden|care_"
            r"level|健康状態"
            r"|^けが|怪我|certificate",
        ),
        (
            Meaning.AGE,
            r"^(?:満)?(?:年[齢令]|ネンレイ|ねんれい|享年|行年|とし)(?:\(.*\))?$|^age$|^年代$|_年[齢代]$|^乳幼児$|^高齢者$",
        ),
        (Meaning.SEX, r"^性別|^sex$|^gender$|男女の別|_性別$"),
        (Meaning.HOUSE, r"番地(?!以下_)|方書|部屋番号|号室|house_?number|建物名|^号$"),
        (
            Meaning.ADDRESS,
            r"住所|居所|居住地|所在地|現在地|address|home_(?:street|neighborhood|city|state|postal)"
            r"|^郵便番号$|^町名$|^本籍",
        ),
    )
)
_WHOLE = pattern(r"(?:[^\W\d_旧]{0,6}の?_?)?(?:氏名|姓名|名前|full_?name|person_?name)(?:\((?:漢字|本人|本名)\))?")
_PEOPLE = pattern(r"^(?:故人|遺族|ご?遺体|被災者|避難者|行方不明者|不明者|安否不明者|死亡者|死者|負傷者|患者|児童|生徒|園児|入所者|本人|個人|世帯員|職員|要支援者|要配慮者|年[齢令])(?:の?情報)?$")
"""The upper part of a joined name, below which 名, よみ and 歳 are those of people; those below 施設 or 名称 are not."""
_YEARS = pattern(r"^(?:満)?[歳才](?:\(.*\))?$")
_GROUP = pattern(r"^(?:乳幼児|高齢者)$")
"""Below 避難者 these are counted."""
_FACILITY = pattern(
    r"(?:施設|避難所|病院|学校|園|店舗|事業所|団体|法人|会社|建物|機関|場所|設備|名称|農園|公園)"
)


KEPT = 1_024
"""Names of columns that are remembered: the same few stand above most tables."""


@lru_cache(maxsize=KEPT)
def narrow(name: str) -> str:
    """A column name for looking at: NFKC, lower case, without spaces, numbering in front and marks."""
    bare = re.sub(r"^[\u2460-\u2473\u3251-\u325f]+", "", name.strip())
    text = unicodedata.normalize("NFKC", bare)
    text = re.sub(r"^[(\[]?\d{1,2}[)\].:、]\s*", "", text)
    return re.sub(r"[\s*＊※★●◎○必須]+", "", text).lower()


@lru_cache(maxsize=KEPT)
def meaning(name: str) -> Meaning | None:
    """What the column is about, None when its name says nothing of people. Counts of people are no people. Where two rows of a header were
    joined (避難者_名, 避難者_歳) and the whole says nothing, its parts do: without the joint, or the last one when those before it speak of people.
    """
    text = narrow(name)
    found = _said(text)
    if found is None and "_" in text:
        found = _said(text.replace("_", "")) or _of_parts(text.split("_"))
    return found


def _of_parts(parts: Sequence[str]) -> Meaning | None:
    if not any(_PEOPLE.search(part) for part in parts[:-1]) or any(_COUNT.search(part) for part in parts):
        return None
    return Meaning.AGE if _YEARS.search(parts[-1]) else _said(parts[-1]) if not _GROUP.search(parts[-1]) else None


def _said(text: str) -> Meaning | None:
    """By the rules, for a name that was made ``narrow``."""
    if not text or _COUNT.search(text):
        return None
    for found, said in _RULES:
        if not said.search(text):
            continue
        if found in (Meaning.NAME, Meaning.READING):
            if _ROLE.search(text):
                return Meaning.ROLE
            if _FACILITY.search(text) and "氏名" not in text:
                return None
        return found
    return Meaning.ROLE if _ROLE.search(text) and re.search(r"(?:者|長|員|師|主)(?:名)?$", text) else None


def is_whole_name(name: str) -> bool:
    """Whether a column holds family and given name together."""
    return _WHOLE.fullmatch(narrow(name)) is not None


_LISTED = pattern(
    r"(?:(?:救急)?搬送者|帰宅困難者|滞留者|[要被]?救助者|救出者|孤立者|(?:在宅|車中泊?)?避難者|[罹り]災者|被災者|犠牲者|生存者|死亡?者|負傷者|感染者|陽性者|接触者"
    r"|入居者|居住者|入所者|退所者|退去者|入院者|退院者|転院者|利用者|宿泊者|滞在者|独居者|高齢者|要援護者|要支援者|要配慮者|要介護者|(?:支援)?対象者"
    r"|来[訪所場]者|訪問者|同[行伴]者|参加者|申[請込]者|応募者|登録者|希望者|受[給診]者|受取人|受領者|飼い?主|通報者|届出者|安否(?:不明|確認)者?|行方不明者?|不明者|乗客|住民|名簿)"
    r"(?:等|の方)?_?(?:名簿|一覧表?|リスト|情報)?_?(?:の?(?:お?名前|氏?名))?(?:\(.*\))?"
)


@lru_cache(maxsize=KEPT)
def lists_people(name: str) -> bool:
    """Whether a column says by its name that it is about people of a disaster, of a house, of an office, though perhaps not by their names: 搬送者, 利用者."""
    return _LISTED.fullmatch(narrow(name)) is not None


_WITHHOLDS = pattern(r"秘匿|支援措置|閲覧(?:の)?制限|非公[開表]|(?:公[開表]|掲載|提供)(?:フラグ|区分|の?可否|の?制限|不可|しない|の?希望(?:の?有無)?|$)|ストーカー|^秘$|マル秘|取扱注意|つきまとい|(?:^|[^a-z])dv(?:[^a-z]|$)")


def may_withhold(name: str) -> bool:
    """Whether a column may mark people of whom nothing is to be shown (支援措置, 秘匿, 公開フラグ). Not every consent: that to an answer for kin or friends
    (安否情報省令 様式第1号) is another matter than publication."""
    return _WITHHOLDS.search(narrow(name)) is not None


_OF_A_PERSON = frozenset({Meaning.READING, Meaning.BIRTH, Meaning.AGE, Meaning.SEX, Meaning.HEALTH, Meaning.HOUSEHOLD, Meaning.RECORD})


def is_roll(names: Sequence[str]) -> bool:
    """Whether a table lists persons with what belongs to them: a name, and two things more that only people have, or their consent to be named."""
    found = {meaning(name) for name in names}
    return Meaning.NAME in found and (Meaning.RECORD in found or len(found & _OF_A_PERSON) > 1)
