"""Addresses: six characters for a document, a short ASCII word for a category."""

from __future__ import annotations

import hashlib
import re

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without 0, 1, i, l and o: an address is read out over the telephone."""

LENGTH = 6

WORDS = {
    "": "oshirase", "お知らせ": "oshirase", "新着": "shinchaku", "避難情報": "hinan", "避難": "hinan", "避難指示": "hinanshiji",
    "避難所": "hinanjo", "避難者": "hinansha", "避難者名簿": "hinansha", "安否": "anpi", "給水": "kyusui", "断水": "dansui", "水道": "suido",
    "水": "mizu", "道路": "doro", "通行止め": "tsukodome", "交通": "kotsu", "鉄道": "tetsudo", "バス": "bus", "ごみ": "gomi", "災害ごみ": "gomi",
    "医療": "iryo", "病院": "byoin", "救護": "kyugo", "保健": "hoken", "罹災証明": "risai", "り災証明": "risai", "電気": "denki", "ガス": "gas",
    "電気・ガス": "denki-gas", "停電": "teiden", "学校": "gakko", "保育": "hoiku", "教育": "kyoiku", "支援物資": "busshi", "物資": "busshi", "支援": "shien",
    "福祉": "fukushi", "住宅": "jutaku", "仮設住宅": "kasetsu", "生活": "seikatsu", "相談": "sodan", "ボランティア": "volunteer", "義援金": "gienkin",
    "寄附": "kifu", "気象": "kisho", "津波": "tsunami", "地震": "jishin", "河川": "kasen", "土砂災害": "dosha", "被害": "higai", "被害状況": "higai",
    "通信": "tsushin", "電話": "denwa", "入浴": "nyuyoku", "風呂": "furo", "食事": "shokuji", "炊き出し": "takidashi", "ペット": "pet", "外国人": "foreign",
    "訓練": "kunren", "広報": "koho", "記者発表": "kisha", "本部": "honbu", "市長": "shicho", "写真": "shashin", "地図": "chizu", "名簿": "meibo",
    "施設": "shisetsu", "消防": "shobo", "警察": "keisatsu", "防犯": "bohan", "税": "zei", "届出": "todokede", "農業": "nogyo", "漁業": "gyogyo",
    "商工": "shoko", "その他": "sonota",
}  # fmt: skip
"""Words that municipalities use for folders, in Hepburn romanisation without long vowels."""


def identity(key: str, attempt: int = 0) -> str:
    """The six characters of a document, made from its first path. ``attempt`` counts up when another document has them already."""
    digest = int.from_bytes(hashlib.sha256(f"{key}\n{attempt}".encode() if attempt else key.encode()).digest()[:8])
    characters = []
    for _ in range(LENGTH):
        digest, rest = divmod(digest, len(ALPHABET))
        characters.append(ALPHABET[rest])
    return "".join(characters)


def category_words(path: str) -> list[str]:
    """Short ASCII words for a category, the best first; the last one is nearly unique."""
    name = path.rpartition("/")[2]
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") if name.isascii() else ""
    last = identity(path)
    words = [WORDS.get(name.strip(), ""), plain[:24]]
    found = [word for word in words if word and word != "index"]
    return [*found, *(f"{word}-{last[:2]}" for word in found), last]


def place(moment_digits: str, id_: str) -> str:
    """Where a document stands in the archive by time: ``2011-03/`` + day, hour, minute, second + six digits of its id."""
    tail = int.from_bytes(hashlib.sha256(id_.encode()).digest()[:4]) % 1_000_000
    return f"{moment_digits}{tail:06d}"
