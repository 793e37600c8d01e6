"""The lines at the top of a text that say what it is: title, date, when to publish, how urgent."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta

from publisher.model import Problem, Severity
from publisher.patterns import pattern
from publisher.readers.dates import LONGEST, names_only_a_day, parse_moment
from publisher.values import frozen

KEYS = {
    "件名": "title", "題名": "title", "タイトル": "title", "title": "title", "日時": "date", "日付": "date", "発表日時": "date", "date": "date",
    "公開": "publish", "公開日時": "publish", "公開日": "publish", "公開開始": "publish", "publish": "publish",
    "終了": "expires", "終了日時": "expires", "公開終了": "expires", "掲載終了": "expires", "expires": "expires",
    "重要度": "severity", "severity": "severity", "地区": "districts", "対象地区": "districts", "districts": "districts", "訓練": "drill",
    "drill": "drill",
}  # fmt: skip
_SEVERITIES = {
    "緊急": Severity.URGENT, "urgent": Severity.URGENT, "至急": Severity.URGENT, "重要": Severity.IMPORTANT, "important": Severity.IMPORTANT,
    "通常": Severity.NORMAL, "普通": Severity.NORMAL, "normal": Severity.NORMAL,
}  # fmt: skip
_YES = {"はい", "true", "yes", "1", "訓練", "on", "○", "あり"}
_NO = {"いいえ", "false", "no", "0", "off", "なし", ""}
_NEVER = {"なし", "無し", "未定", "無期限", "none", "never"}
_NOW = {"はい", "true", "yes", "1", "すぐ", "今すぐ", "即時", "直ちに", "ただちに", "now", "公開", "公開する"}
_FENCE = pattern(r"^\s*(?:-{3,}|－{3,}|ー{3,}|—{2,})\s*$")
_ITEM = pattern(r"\s*[-・]\s*(\S.*)")
_WINDOW = pattern(r"公開|掲載|終了|公表|配信|下書き|草稿|publish|expir|draft|embargo", re.IGNORECASE)
"""Words in a key of which we know nothing but that it is about when, and whether, the public may read."""

_DRAFT = pattern(r"下書き|草稿|draft")
_NO_COLON = pattern(r"([^\s:：=＝]{1,12}|件　名|日　時|公　開|終　了)[ \t　]*(?:[=＝]|[ \t　])[ \t　]*(\S.*)")
_BLOCK = {"|", "|-", ">", ">-"}
FENCED = 20
"""A second rule farther down parts the text, it does not end its front matter."""

_FORMS = "「2011-03-11 14:46」「平成23年3月11日 14時46分」「3/11 14:46」のように書いてください。"


@frozen
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
    """Take the front matter off a text.

    It stands between ``---`` lines at the very top and has at least one key of ours, so that a text that begins with a rule stays whole.
    Without the lines, known keys in a row also do, when they begin with the title or all of them say something that makes sense.
    """
    lines = text.split("\n")
    start = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    if start < len(lines) and _FENCE.match(lines[start]):
        end = next(
            (i for i in range(start + 1, len(lines)) if _FENCE.match(lines[i]) or lines[i].strip() == "..."),
            None,
        )
        if end is not None and _only_pairs(lines[start + 1 : end]):
            return _read(lines, start + 1, end, end + 1, path, reference, _pair_in_fence)
        if end is not None and end - start <= FENCED and any(map(_says_when, lines[start + 1 : end])):
            return FrontMatter(text, doubts=(_mixed(path, start + 1),))
        end = _run(lines, start + 1)
        if end > start + 1:
            found = _read(lines, start + 1, end, end, path, reference)
            return _with(found, (_unclosed(path, start + 1),))
        return FrontMatter(text)
    end = _run(lines, start)
    if end == start or (end - start == 1 and end < len(lines) and lines[end].strip()):
        return FrontMatter(text)
    found = _read(lines, start, end, end, path, reference)
    titled = KEYS[_key((_pair(lines[start]) or ("", ""))[0])] == "title"
    sensible = not (found.warnings or found.doubts) and _more_than_a_date(found, end - start)
    return found if titled or sensible else FrontMatter(text)


def _more_than_a_date(found: FrontMatter, count: int) -> bool:
    """「日時：1月12日」 alone above a text tells when something takes place."""
    return count > 1 or found.date is None


def _pair(line: str) -> tuple[str, str] | None:
    """(key, value) of a line such as 「件名：給水」."""
    match = re.search("[:：]", line[:40])
    key = line[: match.start()].strip() if match else ""
    return (key, line[match.end() :].strip()) if match and 0 < len(key) <= 12 else None


def _pair_in_fence(line: str) -> tuple[str, str] | None:
    """Between the rules a known key also does without its colon: 「公開 1/10 9:00」."""
    match = _NO_COLON.match(line.strip())
    if match and (_key(match[1]) in KEYS or _WINDOW.search(_key(match[1]))):
        return match[1], match[2].strip()
    return _pair(line)


def _only_pairs(lines: list[str]) -> bool:
    filled = [line for line in lines if line.strip()]
    return all(
        _pair_in_fence(line) or line[0] in " \t\u3000" or line.startswith(("-", "・", "#")) for line in filled
    ) and any(_known(line) or _says_when(line) for line in filled)


def _says_when(line: str) -> bool:
    pair = _pair_in_fence(line)
    return pair is not None and _WINDOW.search(_key(pair[0])) is not None


def _known(line: str) -> bool:
    pair = _pair(line)
    return pair is not None and _key(pair[0]) in KEYS


def _run(lines: list[str], start: int) -> int:
    """The end of the run of lines with known keys."""
    end = start
    while end < len(lines) and _known(lines[end]):
        end += 1
    return end


def _key(text: str) -> str:
    """「件　名」 is 「件名」."""
    return "".join(unicodedata.normalize("NFKC", text).split()).lower()


def _with(found: FrontMatter, warnings: tuple[Problem, ...]) -> FrontMatter:
    from publisher.values import replace

    return replace(found, warnings=(*warnings, *found.warnings))


class _Fields:
    """Collects what the lines say."""

    def __init__(self, path: str, reference: datetime) -> None:
        self.path, self.reference = path, reference
        self.values: dict[str, object] = {}
        self.seen: set[str] = set()
        self.warnings: list[Problem] = []
        self.doubts: list[Problem] = []

    def take(self, key: str, value: str, line: int) -> None:
        name = KEYS.get(_key(key))
        if name is None:
            self._unknown(key, value, line)
            return
        if name in self.seen and name in ("publish", "expires"):
            self._doubt(
                "repeated-key", f"「{key}」が2回書いてあります。どちらか分からないので、保留しています。", line, "1つにしてください。"
            )
        elif name in self.seen:
            self._warn(
                "repeated-key",
                f"「{key}」が2回書いてあります。あとのほうを使っています。",
                line,
                "1つにしてください。",
            )
        self.seen.add(name)
        plain = unicodedata.normalize("NFKC", value[:LONGEST]).strip().lower()
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
            self._warn(
                "bad-severity",
                f"重要度「{_short(value)}」は使えません。通常として公開しています。",
                line,
                "緊急、重要、通常のどれかを書いてください。",
            )

    def _drill(self, value: str, plain: str, line: int) -> None:
        if plain not in _YES | _NO:
            self._warn(
                "bad-drill",
                f"訓練の「{_short(value)}」が読めないため、訓練として扱っています。",
                line,
                "「はい」か「いいえ」と書いてください。",
            )
        self.values["drill"] = plain not in _NO

    def _moment(self, name: str, key: str, value: str, plain: str, line: int) -> None:
        moment = parse_moment(value, self.reference)
        if moment is not None:
            self.values[name] = (
                _end_of_day(moment) if name == "expires" and names_only_a_day(value) else moment
            )
        elif name == "date":
            self._warn(
                "bad-date",
                f"「{key}: {_short(value)}」の日時が読めません。受け取った時刻を使っています。",
                line,
                _FORMS,
            )
        elif not (name == "publish" and plain in _NOW) and not (name == "expires" and plain in _NEVER):
            self._doubt(
                f"bad-{name}",
                f"「{key}: {_short(value)}」が日時として読めません。誤って公開しないよう、保留しています。",
                line,
                _FORMS,
            )

    def _unknown(self, key: str, value: str, line: int) -> None:
        if _DRAFT.search(_key(key)):
            if unicodedata.normalize("NFKC", value).strip().lower() not in _NO:
                what = "下書きと書いてあるので、保留しています。"
                self._doubt("draft", what, line, "公開してよければ、この行を消してください。")
            return
        near = difflib.get_close_matches(_key(key), KEYS, 1, 0.6 if key.isascii() else 0.4)
        todo = (
            f"「{near[0]}」の書き間違いではありませんか。"
            if near
            else "使えるのは 件名、日時、公開、終了、重要度、地区、訓練 です。"
        )
        if _WINDOW.search(_key(key)):
            what = f"「{key}」という項目はありません。公開や終了の予約かもしれないので、保留しています。"
            self._doubt("unknown-key", what, line, todo)
        else:
            self._warn(
                "unknown-key", f"「{key}」という項目はありません。この行は使っていません。", line, todo
            )

    def finish(self, line: int) -> None:
        """What only all lines together show."""
        publish, expires = self.values.get("publish"), self.values.get("expires")
        if isinstance(publish, datetime) and isinstance(expires, datetime) and expires <= publish:
            what = (
                "終了の日時が、公開の日時より前です。どちらかの書き間違いかもしれないので、保留しています。"
            )
            self._doubt("bad-expires", what, line, "公開と終了の日時を確かめてください。")

    def _doubt(self, code: str, what: str, line: int, todo: str) -> None:
        shown = "まだ公開していません。前に公開したものがあれば、そのまま見えています。"
        self.doubts.append(Problem(code, what, f"{self.path} {line}行目", shown, todo))

    def _warn(self, code: str, what: str, line: int, todo: str) -> None:
        self.warnings.append(Problem(code, what, f"{self.path} {line}行目", "本文は公開しています。", todo))


def _read(
    lines: list[str], start: int, end: int, body: int, path: str, reference: datetime,
    pair_of: Callable[[str], tuple[str, str] | None] = _pair,
) -> FrontMatter:  # fmt: skip
    fields = _Fields(path, reference)
    number = start
    while number < end:
        pair, line = pair_of(lines[number]), number + 1
        number += 1
        if pair is None or lines[line - 1].lstrip().startswith("#"):
            continue
        value = "" if pair[1] in _BLOCK else _unquoted(pair[1])
        more = []
        while not value and number < end and (piece := _continued(lines[number], pair[1])):
            more.append(piece)
            number += 1
        fields.take(pair[0], value or (" " if pair[1] in _BLOCK else "、").join(more), line)
    fields.finish(start + 1)
    return FrontMatter(
        "\n".join(lines[body:]),
        body + 1,
        warnings=tuple(fields.warnings),
        doubts=tuple(fields.doubts),
        **fields.values,  # type: ignore[arg-type]
    )


def _continued(line: str, value: str) -> str:
    """A line that goes on with the key above it: an item of a list, or an indented line of a YAML block; "" for any other."""
    if value in _BLOCK:
        return line.strip() if line[:1] in (" ", "\t", "\u3000") else ""
    match = _ITEM.match(line)
    return match[1].strip() if match else ""


def _end_of_day(moment: datetime) -> datetime:
    """「終了: 1月12日」 lasts until the end of that day."""
    try:
        return moment + timedelta(days=1)
    except OverflowError:
        return moment


def _short(value: str) -> str:
    return value if len(value) <= 30 else value[:30] + "…"


def _unquoted(value: str) -> str:
    for left, right in (('"', '"'), ("'", "'"), ("「", "」"), ("“", "”")):
        if (
            len(value) >= 2
            and value[0] == left
            and value[-1] == right
            and (left != "「" or value.count("「") == 1)
        ):
            return value[1:-1].strip()
    return value


def _list(value: str) -> tuple[str, ...]:
    inner = value.strip().removeprefix("[").removesuffix("]")
    return tuple(part for piece in re.split(r"[、,，・/／]", inner) if (part := _unquoted(piece.strip())))


def _mixed(path: str, line: int) -> Problem:
    return Problem(
        "mixed-front-matter", "はじめの「---」の間に、公開や終了の項目と、項目でない行がまじっています。誤って公開しないよう、保留しています。", f"{path} {line}行目",
        "まだ公開していません。前に公開したものがあれば、そのまま見えています。", "どの行も「件名: 給水」のように、項目の名前、「:」、内容の順に書いてください。",
    )  # fmt: skip


def _unclosed(path: str, line: int) -> Problem:
    return Problem(
        "unclosed-front-matter", "最初の「---」を閉じる「---」がありません。日時などの行の終わりまでを項目として読みました。", f"{path} {line}行目", "本文は公開しています。",
        "項目の最後に「---」の行を足してください。",
    )  # fmt: skip
