"""One section of ``publisher.toml``: its values of the right type, or a complaint with key and line."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from publisher.errors import SettingsError
from publisher.model import Problem
from publisher.patterns import pattern
from publisher.settings.file import SHOWN, File
from publisher.values import MISSING, Field, fields, frozen

_LIKE = "docs/settings.md に、書き方の例があります。"
_SECRET = pattern(r"secret|pass|token|credential|api_?key|access_?key|private", re.IGNORECASE)
_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
# Access key ids of AWS have the shape of a name, too (IAM User Guide, "Unique identifiers").
_KEY_ID = pattern(r"(?:AKIA|ASIA)[A-Z0-9]{12,}")


def key_of(field: Field) -> str:
    """The name that a field has in the file."""
    return field.metadata.get("key", field.name)


def keys(type_: type) -> dict[str, Field]:
    """The keys of a section, in the order in which they are declared."""
    return {key_of(field): field for field in fields(type_) if "says" in field.metadata}


def required(field: Field) -> bool:
    return field.default is MISSING and field.default_factory is MISSING and not field.metadata["unset"]


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known word, or all of them."""
    import difflib

    known = list(known)
    near = difflib.get_close_matches(word.lower(), known, 1, 0.4)
    return f"「{near[0]}」の書き間違いではありませんか。" if near else f"使えるのは {'、'.join(known)} です。"


@frozen
class Section:
    """``[name]``, or number ``index`` (from 0) of ``[[name]]``."""

    file: File
    name: str
    data: Mapping[str, Any]
    index: int | None = None

    def __str__(self) -> str:
        return f"[{self.name}]" if self.index is None else f"[[{self.name}]] の{self.index + 1}つ目"

    # --- complaints ---

    def fail(self, code: str, key: str, what: str, todo: str, *below: str | int) -> SettingsError:
        """An error at the line of ``key`` (and of what is ``below`` it), or else of the section."""
        path = (self.name, *(() if self.index is None else (self.index,)), *((key,) if key else ()), *below)
        where = f"{self.file.path} {self.file.line(path)}行目"
        return SettingsError(Problem(code, what, where, SHOWN, todo))

    def bad(self, key: str, what: str, todo: str, *below: str | int) -> SettingsError:
        return self.fail("bad-value", key, f"{self} の「{key}」{what}", todo, *below)

    def shape(self, key: str, wanted: str, *below: str | int) -> SettingsError:
        return self.bad(key, f"は、{wanted}で書いてください。", _LIKE, *below)

    def unknown(self, key: str, known: Iterable[str], *below: str | int) -> SettingsError:
        """``below`` ends with the unknown key when it stands within the value of ``key``."""
        inner = str(below[-1]) if below else key
        place = f"{self} の「{key}」" if below else f"{self}"
        todo = nearest(inner, known)
        names = [name for name in known if name.endswith("_env")]
        if names and _SECRET.search(inner):
            listed = "、".join(names)
            todo = f"合いかぎはここに書かず、環境変数に入れて、その名前を {listed} に書いてください。"
        return self.fail("unknown-key", key, f"{place} に「{inner}」という項目はありません。", todo, *below)

    def check_keys(self, type_: type) -> None:
        """No key that is unknown, none missing that is needed."""
        known = keys(type_)
        for key in self.data:
            if key not in known:
                raise self.unknown(key, known)
        for key, field in known.items():
            if required(field) and key not in self.data:
                raise self.missing(key, field)

    def missing(self, key: str, field: Field) -> SettingsError:
        what = f"{self} に「{key}」がありません（{field.metadata['says']}）。"
        return self.fail(
            "missing-key", "", what, f"{key} = {field.metadata['example']} のような行を足してください。"
        )

    # --- values ---

    def text(self, key: str, default: str = "") -> str:
        """NFC, on one line, without control characters (they have no place in HTML, XML or a path)."""
        return self._clean(key, self.data.get(key, default), '文字を引用符 " で囲んだ形')

    def filled(self, key: str) -> str:
        value = self.text(key)
        if not value.strip():
            raise self.bad(key, "が空です。", "値を書いてください。")
        return value.strip()

    def texts(self, key: str, shape: str = '["…", "…"] の形') -> tuple[str, ...]:
        return self.strings(key, self.data.get(key, []), shape)

    def strings(self, key: str, value: object, shape: str, *below: str | int) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise self.shape(key, shape, *below)
        return tuple(self._clean(key, item, shape, *below) for item in value)

    def _clean(self, key: str, value: object, shape: str, *below: str | int) -> str:
        if not isinstance(value, str):
            raise self.shape(key, shape, *below)
        if any(unicodedata.category(character) == "Cc" for character in value):
            raise self.bad(
                key, "に、改行や、目に見えない文字が入っています。", "1行に打ち直してください。", *below
            )
        return unicodedata.normalize("NFC", value)

    def flag(self, key: str, default: bool) -> bool:
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            raise self.shape(key, "true（する）か false（しない）と、引用符なし")
        return value

    def seconds(self, key: str, default: float, longest: float = 600.0) -> float:
        """A number of seconds above 0; a fraction is fine."""
        value = self.data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= longest:
            raise self.shape(key, f"0 より大きく {longest:.0f} までの秒数を、引用符なし")
        return float(value)

    def choice(self, key: str, known: Iterable[str]) -> str:
        value = self.text(key)
        known = [str(word) for word in known]
        if value not in known:
            raise self.bad(key, f"に「{value}」は使えません。", nearest(value, known))
        return value

    def address(self, key: str, schemes: tuple[str, ...] = ("http", "https")) -> str:
        """ "" or an absolute URL in ASCII without query, fragment, user or password."""
        value = self.text(key).strip()
        if not value:
            return ""
        starts = " か ".join(f"{scheme}://" for scheme in schemes)
        parts = _split(value)
        if parts is None or parts.scheme not in schemes or not parts.hostname:
            raise self.shape(key, f"{starts} で始まる、半角のアドレス")
        if parts.username is not None or parts.password is not None:
            raise self.bad(
                key, "に、利用者名や合いかぎが入っています。", "アドレスから @ までの部分を消してください。"
            )
        if parts.query or parts.fragment or value.endswith(("?", "#")):
            raise self.bad(key, "に「?」や「#」は使えません。", "「?」や「#」から右を消してください。")
        return value

    def secret_name(self, key: str) -> str:
        """ "" or the name of an environment variable. Not quoted when wrong: it may be the secret."""
        value = self.text(key).strip()
        if value and (not _NAME.fullmatch(value) or _KEY_ID.fullmatch(value)):
            raise self.bad(
                key,
                "は、環境変数の名前で書いてください（半角の英字、数字、_ だけ）。",
                "合いかぎそのものを書いたときは、すぐに消し、新しいものに取り換えてください。",
            )
        return value

    def folder(self, key: str, value: str, base: Path) -> Path:
        """Absolute, symbolic links followed; relative ones start at ``base``."""
        if value.startswith("~"):
            raise self.bad(key, "に「~」は使えません。", "フォルダーの場所を / から書いてください。")
        try:
            return (base / value).resolve()
        except (OSError, RuntimeError) as error:  # RuntimeError: a circle of symbolic links
            raise self.bad(
                key, "のフォルダーの場所を、たどれません。", "フォルダーの場所を確かめてください。"
            ) from error


def _split(value: str):
    """The parts of a URL; None when it is none."""
    if not re.fullmatch(r"[!-~]+", value) or "\\" in value:
        return None
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return None
    return parts
