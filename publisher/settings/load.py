"""Reading ``publisher.toml``: every mistake is told with its key, its line and the nearest known key."""

from __future__ import annotations

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from publisher.errors import SettingsError
from publisher.model import Problem, TableKind
from publisher.settings.values import (
    MASKS,
    RELAYS,
    Consent,
    Editions,
    MirrorSettings,
    Paths,
    RelaySettings,
    Settings,
    Site,
    TableProfile,
    Withhold,
)

FILE = "publisher.toml"
_SHOWN = "公開中のページは、前のまま変わっていません。"
_SECTIONS = ("site", "paths", "editions", "tables", "mirrors", "relays")


def load(directory: Path) -> Settings:
    """The settings in ``directory``. Raises ``SettingsError`` for anything that is not exactly right."""
    directory = directory.resolve()
    file = directory / FILE
    text = _read(file)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(_syntax(file, text, str(error))) from error
    return _Reader(file, text).settings(data, directory)


def _read(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except FileNotFoundError as error:
        raise SettingsError(
            Problem("no-settings", f"設定ファイル {FILE} がありません。", str(file.parent), "", "publisher init フォルダー で作るか、-C でフォルダーを指定してください。")
        ) from error
    except OSError as error:
        raise SettingsError(
            Problem("settings-unreadable", f"設定ファイルを開けません（{error.strerror or error}）。", str(file), _SHOWN, "ファイルの権限を確かめてください。")
        ) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SettingsError(
            Problem(
                "settings-encoding", "設定ファイルの文字コードが UTF-8 ではありません（Shift_JIS で保存されているようです）。", f"{file} {line}行目", _SHOWN,
                "メモ帳で開き、「名前を付けて保存」で文字コードに「UTF-8」を選んで保存し直してください。",
            )
        ) from error  # fmt: skip


def _syntax(file: Path, text: str, words: str) -> Problem:
    found = re.search(r"at line (\d+), column (\d+)", words)
    number = int(found[1]) if found else text.count("\n") + 1
    lines = text.splitlines()
    line = lines[number - 1] if number <= len(lines) else ""
    if re.search(r"[“”„‟＂‘’]", line):
        hint = "引用符が全角（“ ”）になっています。半角の \" に直してください。"
    elif "＝" in line:
        hint = "「＝」が全角です。半角の = に直してください。"
    elif "\\" in line:
        hint = "「\\」は使えません。フォルダーの区切りは / で書くか、全体を ' ' で囲んでください。"
    elif "overwrite" in words.lower() or "twice" in words.lower() or "already" in words.lower():
        hint = "同じ項目が2回書かれています。1つにしてください。"
    elif "unterminated" in words.lower() or line.count('"') % 2:
        hint = "引用符 \" が閉じていません。"
    else:
        hint = "項目は 名前 = \"値\" の形で書きます。この行を見本と見比べてください。"
    return Problem("settings-syntax", f"設定ファイルの書き方に誤りがあります: {line.strip()[:60]}", f"{file} {number}行目", _SHOWN, hint)


@dataclass(frozen=True, slots=True)
class _Place:
    """A section of the file: ``[[tables]]`` number 2, say."""

    section: str
    index: int | None = None

    def __str__(self) -> str:
        return f"[{self.section}]" if self.index is None else f"[[{self.section}]] の{self.index + 1}つ目"


class _Reader:
    """Turns the parsed file into settings; knows the text, so that a mistake can be found in it."""

    def __init__(self, file: Path, text: str) -> None:
        self._file = file
        self._lines = text.splitlines()

    # --- complaints ---

    def fail(self, code: str, what: str, place: _Place | None, key: str, todo: str) -> SettingsError:
        line = self._find(place, key)
        return SettingsError(Problem(code, what, f"{self._file} {line}行目", _SHOWN, todo))

    def _find(self, place: _Place | None, key: str) -> int:
        """The line on which a key stands, or its section begins."""
        start, seen = 0, -1
        if place is not None:
            for number, line in enumerate(self._lines):
                if re.match(rf"\s*\[\[?\s*{re.escape(place.section)}\s*\]", line):
                    seen += 1
                    if place.index is None or seen == place.index:
                        start = number
                        break
        for number in range(start, len(self._lines)):
            if number > start and place is not None and re.match(r"\s*\[", self._lines[number]):
                break
            if key and re.match(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[=\].]""", self._lines[number]):
                return number + 1
        return start + 1

    def unknown(self, place: _Place | None, key: str, known: tuple[str, ...]) -> SettingsError:
        near = difflib.get_close_matches(key, known, 1, 0.4)
        todo = f"「{near[0]}」の書き間違いではありませんか。" if near else f"使えるのは {'、'.join(known)} です。"
        where = f"{place} に" if place is not None else ""
        return self.fail("unknown-key", f"{where}「{key}」という項目はありません。", place, key, todo)

    def wrong(self, place: _Place, key: str, wanted: str) -> SettingsError:
        return self.fail("bad-value", f"{place} の「{key}」は、{wanted}で書いてください。", place, key, "見本の publisher.toml と見比べてください。")

    # --- the whole ---

    def settings(self, data: Mapping[str, Any], directory: Path) -> Settings:
        for key in data:
            if key not in _SECTIONS:
                raise self.unknown(None, key, _SECTIONS)
        site = self._site(self._table(data, "site"))
        paths = self._paths(self._table(data, "paths"), directory)
        editions = self._editions(self._table(data, "editions"))
        tables = tuple(self._profile(d, _Place("tables", i)) for i, d in enumerate(self._array(data, "tables")))
        mirrors = tuple(self._mirror(d, _Place("mirrors", i), directory) for i, d in enumerate(self._array(data, "mirrors")))
        relays = tuple(self._relay(d, _Place("relays", i)) for i, d in enumerate(self._array(data, "relays")))
        self._unique("tables", "slug", [t.slug for t in tables])
        self._unique("tables", "path", [t.path for t in tables])
        self._unique("mirrors", "name", [m.name for m in mirrors])
        self._unique("mirrors", "url", [m.identity for m in mirrors])
        self._unique("relays", "name", [r.name for r in relays])
        self._mirror_places(mirrors, paths)
        return Settings(site, paths, editions, tables, mirrors, relays)

    def _table(self, data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        value = data.get(name, {})
        if not isinstance(value, dict):
            raise self.fail("bad-value", f"「{name}」は [{name}] という見出しの下に書いてください。", None, name, "見本の publisher.toml と見比べてください。")
        return value

    def _array(self, data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
        value = data.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.fail("bad-value", f"「{name}」は [[{name}]] と、角かっこを2つ重ねて書いてください。", None, name, "見本の publisher.toml と見比べてください。")
        return value

    def _unique(self, section: str, key: str, values: list[str]) -> None:
        for index, value in enumerate(values):
            if value in values[:index]:
                raise self.fail(
                    "same-value", f"[[{section}]] の「{key}」に同じ「{value}」が2回あります。", _Place(section, index), key, "どちらかを別のものにしてください。"
                )

    # --- values ---

    def _keys(self, data: Mapping[str, Any], place: _Place, type_: type) -> None:
        known = tuple(f.metadata.get("key", f.name) for f in fields(type_) if f.name != "directory")
        for key in data:
            if key not in known:
                raise self.unknown(place, key, known)
        for f in fields(type_):
            key = f.metadata.get("key", f.name)
            needed = f.default is MISSING and f.default_factory is MISSING and "default" not in f.metadata and f.name != "directory"
            if needed and key not in data:
                raise self.fail(
                    "missing-key", f"{place} に「{key}」がありません（{f.metadata.get('says', '')}）。", place, "", f"{key} = \"…\" の行を足してください。"
                )

    def _text(self, data: Mapping[str, Any], place: _Place, key: str, default: str = "") -> str:
        value = data.get(key, default)
        if not isinstance(value, str):
            raise self.wrong(place, key, "引用符 \" で囲んだ文字")
        return unicodedata.normalize("NFC", value)

    def _filled(self, data: Mapping[str, Any], place: _Place, key: str) -> str:
        value = self._text(data, place, key)
        if not value.strip():
            raise self.fail("bad-value", f"{place} の「{key}」が空です。", place, key, "値を書いてください。")
        return value

    def _texts(self, data: Mapping[str, Any], place: _Place, key: str) -> tuple[str, ...]:
        value = data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(place, key, "[\"…\", \"…\"] の形")
        return tuple(unicodedata.normalize("NFC", item) for item in value)

    def _one_of(self, data: Mapping[str, Any], place: _Place, key: str, known: tuple[str, ...]) -> str:
        value = self._text(data, place, key)
        if value not in known:
            near = difflib.get_close_matches(value, known, 1, 0.4)
            todo = f"「{near[0]}」の書き間違いではありませんか。" if near else f"使えるのは {'、'.join(known)} です。"
            raise self.fail("bad-value", f"{place} の「{key}」に「{value}」は使えません。", place, key, todo)
        return value

    def _address(self, data: Mapping[str, Any], place: _Place, key: str) -> str:
        value = self._text(data, place, key)
        if value and not re.fullmatch(r"https?://[!-~]+", value):
            raise self.wrong(place, key, "http:// か https:// で始まる、半角のアドレス")
        return value

    # --- sections ---

    def _site(self, data: Mapping[str, Any]) -> Site:
        place = _Place("site")
        self._keys(data, place, Site)
        url = self._address(data, place, "url")
        if not url:
            raise self.fail("bad-value", f"{place} の「url」が空です。", place, "url", "値を書いてください。")
        code = self._text(data, place, "code")
        if code and not re.fullmatch(r"\d{5,6}", code):
            raise self.wrong(place, "code", "5桁か6桁の数字を引用符で囲んだ形")
        name = self._text(data, place, "timezone", "Asia/Tokyo")
        return Site(
            title=self._filled(data, place, "title"), publisher=self._filled(data, place, "publisher"), url=url.rstrip("/") + "/",
            zone=self._zone(place, name), code=code, contact=self._text(data, place, "contact"),
        )  # fmt: skip

    def _zone(self, place: _Place, name: str) -> ZoneInfo:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise self.fail("bad-value", f"{place} の「timezone」の「{name}」という地域はありません。", place, "timezone", "日本なら Asia/Tokyo です。") from error

    def _paths(self, data: Mapping[str, Any], directory: Path) -> Paths:
        place = _Place("paths")
        self._keys(data, place, Paths)
        content, output, state = (
            (directory / (self._text(data, place, key) or default)).resolve()
            for key, default in (("content", "content"), ("output", "public"), ("state", ".publisher"))
        )
        for key, inner in (("output", output), ("state", state)):
            if inner == content or content in inner.parents or inner in content.parents:
                raise self.fail(
                    "bad-value", f"[paths] の「{key}」と「content」が重なっています。", place, key, "互いの中に入らない、別のフォルダーにしてください。"
                )
        if output == state or output in state.parents:
            raise self.fail(
                "bad-value", "[paths] の「state」が公開用フォルダーの中にあります。記録が公開されてしまいます。", place, "state", "公開用フォルダーの外にしてください。"
            )
        if state in output.parents:
            raise self.fail("bad-value", "[paths] の「output」が記録用フォルダーの中にあります。", place, "output", "記録用フォルダーの外にしてください。")
        return Paths(directory, content, output, state)

    def _editions(self, data: Mapping[str, Any]) -> Editions:
        place = _Place("editions")
        self._keys(data, place, Editions)
        for key, value in data.items():
            if not isinstance(value, bool):
                raise self.wrong(place, key, "true（作る）か false（作らない）")
        return Editions(**data)

    def _profile(self, data: Mapping[str, Any], place: _Place) -> TableProfile:
        self._keys(data, place, TableProfile)
        slug = self._text(data, place, "slug")
        if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", slug):
            raise self.wrong(place, "slug", "半角の英小文字、数字、ハイフンだけ（32文字まで）")
        return TableProfile(
            name=self._filled(data, place, "name"), path=self._filled(data, place, "path").strip("/"), slug=slug,
            kind=TableKind(self._one_of(data, place, "kind", tuple(TableKind))), publish=self._texts(data, place, "publish"),
            mask=self._mask(data, place), consent=self._rule(data, place, "consent", "yes", Consent),
            withhold=self._rule(data, place, "withhold", "unless", Withhold), reading=self._text(data, place, "reading") or None,
            group=self._text(data, place, "group") or None, expires=self._span(data, place, "expires"),
        )  # fmt: skip

    def _mask(self, data: Mapping[str, Any], place: _Place) -> Mapping[str, str]:
        value = data.get("mask", {})
        if not isinstance(value, dict):
            raise self.wrong(place, "mask", "{ \"列の名前\" = \"town\" } の形")
        for column, how in value.items():
            if how not in MASKS:
                raise self.fail(
                    "bad-value", f"{place} の「mask」の「{column}」に「{how}」は使えません。", place, "mask", f"使えるのは {'、'.join(MASKS)} です。"
                )
        return {unicodedata.normalize("NFC", column): how for column, how in value.items()}

    def _rule(self, data: Mapping[str, Any], place: _Place, key: str, list_key: str, make: Callable[..., Any]) -> Any:
        if key not in data:
            return None
        value = data[key]
        shape = f"{{ column = \"列の名前\", {list_key} = [\"値\"] }} の形"
        if not isinstance(value, dict):
            raise self.wrong(place, key, shape)
        for inner in value:
            if inner not in ("column", list_key):
                raise self.fail("unknown-key", f"{place} の「{key}」に「{inner}」という項目はありません。", place, key, f"使えるのは column と {list_key} です。")
        column, values = value.get("column"), value.get(list_key)
        if not isinstance(column, str) or not column or not isinstance(values, list) or not all(isinstance(v, str) for v in values):
            raise self.wrong(place, key, shape)
        return make(unicodedata.normalize("NFC", column), tuple(unicodedata.normalize("NFC", v) for v in values))

    def _span(self, data: Mapping[str, Any], place: _Place, key: str) -> timedelta | None:
        value = data.get(key)
        if value is None:
            return None
        found = re.fullmatch(r"(\d{1,5})([hdw])", value) if isinstance(value, str) else None
        if found is None or int(found[1]) == 0:
            raise self.wrong(place, key, "\"40d\"（日）、\"12h\"（時間）、\"6w\"（週）の形")
        return int(found[1]) * {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}[found[2]]

    def _mirror(self, data: Mapping[str, Any], place: _Place, directory: Path) -> MirrorSettings:
        self._keys(data, place, MirrorSettings)
        url = self._filled(data, place, "url")
        if url.startswith("s3://"):
            if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[!-~]*)?", url):
                raise self.wrong(place, "url", "s3://バケット名/場所 の形（半角）")
        elif url.startswith("file://"):
            pass
        elif re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", url):
            raise self.fail("bad-value", f"{place} の「url」の送り先は使えません。", place, "url", "s3://… か、フォルダーを書いてください。")
        else:
            url = str((directory / url).resolve())
        texts = {key: self._text(data, place, key) for key in ("region", "key_env", "secret_env")}
        return MirrorSettings(
            name=self._filled(data, place, "name"), url=url, endpoint=self._address(data, place, "endpoint"),
            public_url=self._address(data, place, "public_url"), **texts,
        )  # fmt: skip

    def _mirror_places(self, mirrors: tuple[MirrorSettings, ...], paths: Paths) -> None:
        for index, mirror in enumerate(mirrors):
            if mirror.kind == "folder" and not mirror.url.startswith("file://"):
                folder = Path(mirror.url)
                for other in (paths.content, paths.output, paths.state):
                    if folder == other or folder in other.parents or other in folder.parents:
                        raise self.fail(
                            "bad-value", f"[[mirrors]] の「{mirror.name}」のフォルダーが、[paths] のフォルダーと重なっています。", _Place("mirrors", index), "url",
                            "別のフォルダーにしてください。",
                        )  # fmt: skip

    def _relay(self, data: Mapping[str, Any], place: _Place) -> RelaySettings:
        self._keys(data, place, RelaySettings)
        return RelaySettings(
            name=self._filled(data, place, "name"), kind=self._one_of(data, place, "kind", RELAYS), url=self._address(data, place, "url"),
            token_env=self._text(data, place, "token_env"),
        )  # fmt: skip
