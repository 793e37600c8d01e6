"""The lines at the top of a text that say what it is: title, date, when to publish, how urgent."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from publisher.model import Problem, Severity
from publisher.readers.dates import parse_moment

KEYS = {
    "件名": "title", "題名": "title", "タイトル": "title", "title": "title", "日時": "date", "日付": "date", "発表日時": "date", "date": "date",
    "公開": "publish", "公開日時": "publish", "publish": "publish", "終了": "expires", "公開終了": "expires", "expires": "expires",
    "重要度": "severity", "severity": "severity", "地区": "districts", "対象地区": "districts", "districts": "districts", "訓練": "drill",
    "drill": "drill",
}  # fmt: skip
_SEVERITIES = {
    "緊急": Severity.URGENT, "urgent": Severity.URGENT, "至急": Severity.URGENT, "重要": Severity.IMPORTANT, "important": Severity.IMPORTANT,
    "通常": Severity.NORMAL, "普通": Severity.NORMAL, "normal": Severity.NORMAL,
}  # fmt: skip
_YES = {"はい", "true", "yes", "1", "訓練", "on", "○", "あり"}
_NO = {"いいえ", "false", "no", "0", "off", "なし", ""}
_NOW = {"はい", "true", "yes", "1", "すぐ", "今すぐ", "公開", "公開する"}
_FENCE = re.compile(r"^\s*(?:-{3,}|－{3,}|ー{3,}|—{2,})\s*$")
_PAIR = re.compile(r"^\s*([^:：]{1,12}?)\s*[:：]\s*(.*?)\s*$")
_FORMS = "「2011-03-11 14:46」「平成23年3月11日 14時46分」「3/11 14:46」のように書いてください。"


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What was said; None: nothing was. ``body_line`` is the line (from 1) on which the body begins.

    ``doubts`` are such as must not be published by accident: a moment of publishing or ending that cannot be read.
    """

    body: str
    body_line: int = 1
    title: str | None = None
    date: datetime | None = None
    publish: datetime | None = None
    expires: datetime | None = None
    severity: Severity | None = None
    districts: tuple[str, ...] = ()
    drill: bool | None = None
    warnings: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()


def split(text: str, path: str, reference: datetime) -> FrontMatter:
    """Take the front matter off a text. It stands between ``---`` lines at the very top; without them, two known keys in a row also do."""
    lines = text.split("\n")
    start = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    if start < len(lines) and _FENCE.match(lines[start]):
        end = next((i for i in range(start + 1, len(lines)) if _FENCE.match(lines[i]) or lines[i].strip() == "..."), None)
        if end is not None and _only_pairs(lines[start + 1 : end]):
            return _read(lines, start + 1, end, end + 1, path, reference)
        end = _run(lines, start + 1)
        if end > start + 1 and _known(lines[start + 1]):
            found = _read(lines, start + 1, end, end, path, reference)
            return _with(found, (_unclosed(path, start + 1),))
        return FrontMatter(text)
    end = _run(lines, start)
    if end - start >= 2 or (end - start == 1 and _known(lines[start]) and end < len(lines) and not lines[end].strip()):
        return _read(lines, start, end, end, path, reference)
    return FrontMatter(text)


def _only_pairs(lines: list[str]) -> bool:
    filled = [line for line in lines if line.strip()]
    return all(_PAIR.match(line) or line.lstrip().startswith(("-", "・", "#")) for line in filled) and any(map(_PAIR.match, filled))


def _known(line: str) -> bool:
    match = _PAIR.match(line)
    return match is not None and _key(match[1]) in KEYS


def _run(lines: list[str], start: int) -> int:
    """The end of the run of lines with known keys."""
    end = start
    while end < len(lines) and _known(lines[end]):
        end += 1
    return end


def _key(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lower()


def _with(found: FrontMatter, warnings: tuple[Problem, ...]) -> FrontMatter:
    from dataclasses import replace

    return replace(found, warnings=(*warnings, *found.warnings))


class _Fields:
    """Collects what the lines say."""

    def __init__(self, path: str, reference: datetime) -> None:
        self.path, self.reference = path, reference
        self.values: dict[str, object] = {}
        self.warnings: list[Problem] = []
        self.doubts: list[Problem] = []

    def take(self, key: str, value: str, line: int) -> None:
        name = KEYS.get(_key(key))
        if name is None:
            self._unknown(key, line)
            return
        plain = unicodedata.normalize("NFKC", value).strip().lower()
        if name == "title":
            self.values[name] = value or None
        elif name == "districts":
            self.values[name] = _list(value)
        elif name == "severity":
            self._severity(value, plain, line)
        elif name == "drill":
            self._drill(value, plain, line)
        elif value:
            self._moment(name, key, value, plain, line)

    def _severity(self, value: str, plain: str, line: int) -> None:
        if plain in _SEVERITIES:
            self.values["severity"] = _SEVERITIES[plain]
        elif plain:
            self._warn("bad-severity", f"重要度「{value}」は使えません。通常として公開しています。", line, "緊急、重要、通常のどれかを書いてください。")

    def _drill(self, value: str, plain: str, line: int) -> None:
        if plain not in _YES | _NO:
            self._warn("bad-drill", f"訓練の「{value}」が読めないため、訓練として扱っています。", line, "「はい」か「いいえ」と書いてください。")
        self.values["drill"] = plain not in _NO

    def _moment(self, name: str, key: str, value: str, plain: str, line: int) -> None:
        moment = parse_moment(value, self.reference)
        if moment is not None:
            self.values[name] = moment
        elif name == "date":
            self._warn("bad-date", f"「{key}: {value}」の日時が読めません。受け取った時刻を使っています。", line, _FORMS)
        elif not (name == "publish" and plain in _NOW):
            what = f"「{key}: {value}」が日時として読めません。誤って公開しないよう、保留しています。"
            shown = "まだ公開していません。前に公開したものがあれば、そのまま見えています。"
            self.doubts.append(Problem(f"bad-{name}", what, f"{self.path} {line}行目", shown, _FORMS))

    def _unknown(self, key: str, line: int) -> None:
        near = difflib.get_close_matches(key.strip(), KEYS, 1, 0.4)
        todo = f"「{near[0]}」の書き間違いではありませんか。" if near else "使えるのは 件名、日時、公開、終了、重要度、地区、訓練 です。"
        self._warn("unknown-key", f"「{key.strip()}」という項目はありません。この行は使っていません。", line, todo)

    def _warn(self, code: str, what: str, line: int, todo: str) -> None:
        self.warnings.append(Problem(code, what, f"{self.path} {line}行目", "本文は公開しています。", todo))


def _read(lines: list[str], start: int, end: int, body: int, path: str, reference: datetime) -> FrontMatter:
    fields = _Fields(path, reference)
    number = start
    while number < end:
        line = lines[number]
        match = _PAIR.match(line)
        number += 1
        if match is None or line.lstrip().startswith("#"):
            continue
        value = _unquoted(match[2])
        items = []
        while not value and number < end and re.match(r"\s*[-・]\s*\S", lines[number]):
            items.append(re.sub(r"^\s*[-・]\s*", "", lines[number]).strip())
            number += 1
        fields.take(match[1], value or "、".join(items), start + 1 if number == start else number)
    return FrontMatter(
        "\n".join(lines[body:]), body + 1, warnings=tuple(fields.warnings), doubts=tuple(fields.doubts), **fields.values  # type: ignore[arg-type]
    )


def _unquoted(value: str) -> str:
    for left, right in (('"', '"'), ("'", "'"), ("「", "」"), ("“", "”")):
        if len(value) >= 2 and value[0] == left and value[-1] == right and (left != "「" or value.count("「") == 1):
            return value[1:-1].strip()
    return value


def _list(value: str) -> tuple[str, ...]:
    inner = value.strip().removeprefix("[").removesuffix("]")
    return tuple(part for piece in re.split(r"[、,，・/／]", inner) if (part := _unquoted(piece.strip())))


def _unclosed(path: str, line: int) -> Problem:
    return Problem(
        "unclosed-front-matter", "最初の「---」を閉じる「---」がありません。日時などの行の終わりまでを項目として読みました。", f"{path} {line}行目", "本文は公開しています。",
        "項目の最後に「---」の行を足してください。",
    )  # fmt: skip
