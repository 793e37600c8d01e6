"""The file itself: bytes, text, TOML. Each thing that goes wrong with it is told in words."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from publisher.errors import SettingsError
from publisher.model import Problem
from publisher.values import frozen

FILE = "publisher.toml"
SHOWN = "公開中のページは、前のまま変わっていません。"


@frozen
class File:
    """``publisher.toml`` as it was read."""

    path: Path
    text: str
    data: Mapping[str, Any]

    def line(self, path: tuple[str | int, ...]) -> int:
        """The line on which a key stands, or else the section that it belongs to, or else the first."""
        from publisher.settings.places import places

        found = places(self.text)
        while path and path not in found:
            path = path[:-1]
        return found.get(path, 1)


def read(directory: Path) -> File:
    """Raises ``SettingsError`` when there is no such file, or it is not TOML in UTF-8."""
    path = directory / FILE
    text = _decoded(path, _bytes(path))
    try:
        return File(path, text, tomllib.loads(text))
    except (ValueError, RecursionError) as error:  # ValueError: numbers of thousands of digits, too
        raise SettingsError(_syntax(path, text, str(error))) from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SettingsError(_missing(path)) from error
    except OSError as error:
        what = f"設定ファイル {FILE} を開けません（{_trouble(path, error)}）。"
        raise SettingsError(
            Problem("settings-unreadable", what, str(path), SHOWN, "ファイルの種類と権限を確かめてください。")
        ) from error


def _trouble(path: Path, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "読む権限がありません"
    return "同じ名前のフォルダーがあります" if path.is_dir() else error.strerror or str(error)


def _missing(path: Path) -> Problem:
    """No settings: what stands where they are looked for often says why."""
    folder = path.parent
    above = next((parent for parent in folder.parents if (parent / FILE).is_file()), None)
    if not folder.is_dir():
        what, todo = (
            f"設定ファイル {FILE} のあるはずのフォルダーがありません。",
            "-C の後のフォルダーの名前を確かめてください。",
        )
    elif (folder / f"{FILE}.txt").is_file():
        what, todo = (
            f"設定ファイルの名前が {FILE}.txt になっています。",
            f"名前を {FILE} に変えてください（最後の .txt を消す）。",
        )
    elif above is not None:
        what, todo = (
            f"設定ファイル {FILE} は、ここにはありません。",
            f"上のフォルダーにあります。publisher -C {above} … と指定してください。",
        )
    else:
        what, todo = f"設定ファイル {FILE} がありません。", "-C でサイトのフォルダーを指定してください。"
    return Problem(
        "no-settings",
        what,
        str(folder),
        SHOWN,
        f"{todo}新しく始めるときは publisher init フォルダー で作れます。",
    )


def _decoded(path: Path, raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SettingsError(_charset(path, "UTF-16", 1))
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        name = "Shift_JIS" if _is_cp932(raw) else "UTF-8 以外のもの"
        raise SettingsError(_charset(path, name, raw.count(b"\n", 0, error.start) + 1)) from error


def _is_cp932(raw: bytes) -> bool:
    try:
        raw.decode("cp932")
    except UnicodeDecodeError:
        return False
    return True


def _charset(path: Path, name: str, line: int) -> Problem:
    return Problem(
        "settings-encoding",
        f"設定ファイルの文字コードが UTF-8 ではありません（{name}で保存されているようです）。",
        f"{path} {line}行目",
        SHOWN,
        "メモ帳で開き、「名前を付けて保存」で文字コードに「UTF-8」を選んで保存し直してください。",
    )


def _syntax(path: Path, text: str, words: str) -> Problem:
    """The value is not quoted: a secret in the wrong place would go to the terminal and into logs."""
    from publisher.settings.syntax import hint, place

    line, column = place(text, words)
    key, equals, _ = [*text.split("\n"), ""][line - 1].partition("=")
    key = key.strip()[:40] if equals else ""
    what = f"設定ファイルの書き方に誤りがあります{f'（「{key}」の行）' if key else ''}。"
    where = f"{path} {line}行目" + (f" {column}文字目" if column else "")
    return Problem("settings-syntax", what, where, SHOWN, hint(text, words))
