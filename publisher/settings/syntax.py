"""What is wrong where a text is not TOML, in words for somebody who has never heard of TOML."""

from __future__ import annotations

import re

_QUOTES = "“”„‟＂‘’＇「」『』〝〟"
_WIDE = {
    "＝": "=",
    "：": "=",
    "＃": "#",
    "［": "[",
    "］": "]",
    "｛": "{",
    "｝": "}",
    "，": ",",
    "、": ",",
    "．": ".",
}
_CLOSE_QUOTE = '引用符 " が閉じていません。値の終わりに " を書いてください。'


def place(text: str, words: str) -> tuple[int, int]:
    """Line and column (both from 1) of a message of ``tomllib``. Column 0: it concerns the whole line."""
    found = re.search(r"at line (\d+), column (\d+)", words)
    if found:
        return int(found[1]), int(found[2])
    quote = "'''" if "'''" in words else "'" if '"\'"' in words else '"""' if "Unterminated" in words else ""
    lines = text.split("\n")
    if "end of document" not in words:  # no message of tomllib, but of int() or of the recursion it gave up
        return max(enumerate(lines, 1), key=lambda numbered: len(numbered[1]))[0], 0
    odd = [number for number, line in enumerate(lines, 1) if quote and line.count(quote) % 2]
    filled = [number for number, line in enumerate(lines, 1) if line.strip()]
    return (odd or filled or [1])[-1], 0


def hint(text: str, words: str) -> str:
    """What to do about it, as a sentence."""
    if "document" not in words and "at line" not in words:
        return "この行は長すぎるか、かっこが重なりすぎています。書き直してください。"
    number, column = place(text, words)
    line = [*text.split("\n"), ""][number - 1]
    at = line[column - 1 : column] if column else ""
    return _of_character(line, at, words) or _of_words(line, at, words)


def _of_character(line: str, at: str, words: str) -> str:
    """What the character says at which reading stopped."""
    unclosed = "\\n" in words or "Unterminated" in words or "Expected \"'" in words
    if at and at in _QUOTES:
        return f'引用符が全角（{at}）になっています。半角の " に直してください。'
    if unclosed and any(quote in line for quote in "“”＂‘’＇"):
        return '引用符が全角（” など）になっています。半角の " に直してください。'
    if at in _WIDE and at:
        return f"「{at}」が全角です。半角の {_WIDE[at]} に直してください。"
    if at == "\u3000":
        return "全角の空白が入っています。消すか、半角の空白に直してください。"
    if at and "\uff01" <= at <= "\uff5e":
        return f"「{at}」が全角です。項目の名前と記号は、半角で書いてください。"
    if "Unescaped" in words or "hex value" in words:
        return (
            '引用符 " の中に「\\」（￥）は書けません。'
            "フォルダーの区切りは / で書くか、全体を ' ' で囲んでください。"
        )
    return _CLOSE_QUOTE if unclosed else ""


def _of_words(line: str, at: str, words: str) -> str:
    """What the message of ``tomllib`` and the look of the line say."""
    value = line.partition("=")[2].strip()
    if "overwrite" in words or "twice" in words or "mutate" in words or "Duplicate" in words:
        return "同じ項目、または同じ見出しが2回書かれています。1つにしてください。"
    if "Unclosed array" in words or "array declaration" in words or "table declaration" in words:
        return "角かっこ [ ] の数が合っていません。閉じているか、値の間に , があるか、確かめてください。"
    if "nline table" in words or "key part" in words:
        return '波かっこ { } の中は、改行せずに { 名前 = "値", 名前 = "値" } の形で書いてください。'
    if value.lower().rstrip(",") in ("true", "false", "yes", "no", "on", "off"):
        return "小文字で true（する）か false（しない）と書いてください。"
    if re.match(r"[+-]?0\d", value):
        return '0 で始まる番号は、引用符で囲んでください。例: "012345"'
    if "Invalid value" in words:
        return '「=」の右の値は、半角の引用符で囲んでください。例: 名前 = "値"'
    if "Expected newline" in words:
        return (
            "1つの行には、項目を1つだけ書きます。"
            '引用符 " の中に " を書くことはできません（「 」や『 』を使ってください）。'
        )
    if "Illegal character" in words:
        return "目に見えない文字が入っています。この行を消して、打ち直してください。"
    if at and ord(at) > 127:
        return "項目の名前は半角の英字で書きます。説明の文は、行の始めに # を付けてください。"
    return '項目は 名前 = "値" の形で書きます。この行を見本と見比べてください。'
