"""Radicals that PDF files put in the place of characters → the characters (⽔位 → 水位)."""

from __future__ import annotations

import unicodedata

# Unicode Character Database, EquivalentUnifiedIdeograph: CJK Radicals Supplement, from U+2E81;
# a space where there is none, and single ones from U+2EB6 on.
_SUPPLEMENT = (
    "厂乛乚乙亻冂𠘨刀刂卜㔾小小尢尣尢尣巳幺彑彐忄心扌攵 旡日月"
    "歹母民氵氺灬爫爫丬牛犭王𤴔目示礻𥫗糹纟罓罒罒𦉪𦉫"
)
_SINGLE = {
    0x2EB6: "羊", 0x2EB7: "羊", 0x2EB8: "羋", 0x2EB9: "耂", 0x2EBA: "肀", 0x2EBB: "肀",
    0x2EBC: "月", 0x2EBD: "臼", 0x2EBE: "艹", 0x2EBF: "艹", 0x2EC0: "艹", 0x2EC1: "虎",
    0x2EC2: "衤", 0x2EC3: "覀", 0x2EC4: "西", 0x2EC5: "见", 0x2EC6: "角", 0x2EC8: "讠",
    0x2EC9: "贝", 0x2ECA: "𧾷", 0x2ECB: "车", 0x2ECC: "辶", 0x2ECD: "辶", 0x2ECE: "辶",
    0x2ECF: "邑", 0x2ED0: "钅", 0x2ED1: "長", 0x2ED2: "镸", 0x2ED3: "长", 0x2ED4: "门",
    0x2ED6: "阝", 0x2ED7: "雨", 0x2ED8: "青", 0x2ED9: "韦", 0x2EDA: "页", 0x2EDB: "风",
    0x2EDC: "飞", 0x2EDD: "食", 0x2EDE: "食", 0x2EDF: "飠", 0x2EE0: "饣", 0x2EE1: "首",
    0x2EE2: "马", 0x2EE3: "骨", 0x2EE4: "鬼", 0x2EE5: "鱼", 0x2EE6: "鸟", 0x2EE7: "卤",
    0x2EE8: "麦", 0x2EE9: "黄", 0x2EEA: "黾", 0x2EEB: "斉", 0x2EEC: "齐", 0x2EED: "歯",
    0x2EEE: "齿", 0x2EEF: "竜", 0x2EF0: "龙", 0x2EF1: "龜", 0x2EF2: "亀", 0x2EF3: "龟",
}  # fmt: skip


def _table() -> dict[int, str]:
    table = {0x2E81 + i: character for i, character in enumerate(_SUPPLEMENT) if character != " "}
    table |= _SINGLE
    for code in range(0x2F00, 0x2FD6):
        table[code] = unicodedata.normalize("NFKC", chr(code))
    return table


_TABLE = _table()


def unified(text: str) -> str:
    """The text with radicals as ordinary characters; ①, ㈱ and everything else stay as they are."""
    return text.translate(_TABLE)
