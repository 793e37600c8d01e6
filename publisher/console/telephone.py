"""An address as it is read out over the telephone."""

from __future__ import annotations

LONGEST = 40
"""Characters up to which a path is spelled; nobody writes down a longer one."""

_LETTERS = [
    *(
        "エー",
        "ビー",
        "シー",
        "ディー",
        "イー",
        "エフ",
        "ジー",
        "エイチ",
        "アイ",
        "ジェー",
        "ケー",
        "エル",
        "エム",
    ),
    *("エヌ", "オー", "ピー", "キュー", "アール", "エス", "ティー", "ユー", "ブイ", "ダブリュー", "エックス"),
    *("ワイ", "ゼット"),
]
_NAMES = {chr(ord("a") + number): name for number, name in enumerate(_LETTERS)} | {
    "/": "スラッシュ", ".": "ドット", "-": "ハイフン", "_": "アンダーバー", ":": "コロン", "~": "チルダ",
}  # fmt: skip
_ENDING = ".html"
_ENDING_SAID = "ドット エイチティーエムエル"


def bare(address: str) -> str:
    """The address without ``https://``, as it is typed: browsers add that themselves."""
    return address.partition("://")[2] or address


def spelled(address: str) -> tuple[str, str]:
    """The name of the site, and how the rest of the address is said, character by character.

    The second is "" when there is nothing after the name, or too much of it.
    """
    host, _, path = bare(address).partition("/")
    if not path or len(path) > LONGEST:
        return host, ""
    said = _ENDING_SAID if path.endswith(_ENDING) else ""
    words = [_NAMES.get(character.lower(), character) for character in "/" + path.removesuffix(_ENDING)]
    return host, " ".join([*words, said]).strip()
