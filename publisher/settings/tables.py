"""``[[tables]]``: what may be shown of a table. A slip is refused: it would publish what is to be hidden."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar

from publisher.model import TableKind
from publisher.settings.section import Section, nearest
from publisher.settings.values import MASKS, Consent, TableProfile, Withhold

Rule = TypeVar("Rule", Consent, Withhold)

_PEOPLE = ("evacuees", "missing", "deceased")
PFIF_FIELDS = (
    "full_name",
    "given_name",
    "family_name",
    "alternate_names",
    "description",
    "sex",
    "age",
    "address",
    "home_street",
    "home_neighborhood",
    "home_city",
    "home_state",
    "home_country",
    "last_known_location",
    "status",
    "text",
)
"""Fields of PFIF 1.4 that a column of a roll may fill; ``address`` is a whole one, to be taken apart."""
ALL = "all"
"""Everybody on the list has agreed: it was made of such people only."""
LASTS = timedelta(days=40)
"""A list of people is public for so long where its profile does not say (Person Finder kept repositories for 40 days)."""
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def profile(section: Section) -> TableProfile:
    section.check_keys(TableProfile)
    publish = section.texts("publish")
    return TableProfile(
        name=section.filled("name"),
        path=_path(section),
        slug=_slug(section),
        kind=TableKind(section.choice("kind", TableKind)),
        publish=publish,
        mask=_mask(section, publish),
        consent=Consent("", ()) if section.data.get("consent") == ALL else _rule(section, "consent", "yes", Consent),
        withhold=_rule(section, "withhold", "unless", Withhold),
        reading=section.text("reading").strip() or None,
        group=section.text("group").strip() or None,
        key=section.text("key").strip() or None,
        expires=_span(section) or (LASTS if section.data.get("kind") in _PEOPLE else None),
        pfif=_pfif(section, publish),
    )


def _path(section: Section) -> str:
    value = section.filled("path")
    if "\\" in value:
        raise section.bad("path", "に「\\」（￥）は使えません。", "フォルダーの区切りは / で書いてください。")
    parts = [part for part in value.split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise section.bad(
            "path", "は、投入フォルダーの中のフォルダーにしてください。", '例: path = "避難者名簿"'
        )
    if any(part.startswith(("_", ".")) for part in parts):
        raise section.bad(
            "path",
            "のフォルダーは公開されません（名前が _ か . で始まっています）。",
            "別の名前のフォルダーにしてください。",
        )
    return "/".join(parts)


def _slug(section: Section) -> str:
    value = section.text("slug")
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", value):
        raise section.shape("slug", "半角の英小文字、数字、ハイフンだけ（32文字まで）")
    return value


def _mask(section: Section, publish: tuple[str, ...]) -> Mapping[str, str]:
    value = section.data.get("mask", {})
    if not isinstance(value, dict):
        raise section.shape("mask", '{ "列の名前" = "town" } の形')
    masks: dict[str, str] = {}
    for column, how in value.items():
        if not isinstance(how, str) or how not in MASKS:
            shown = f"「{how}」" if isinstance(how, str) else "その値"
            raise section.bad(
                "mask", f"の「{column}」に{shown}は使えません。", nearest(str(how), MASKS), column
            )
        masks[unicodedata.normalize("NFC", column)] = how
    _refuse_slips(section, masks, publish)
    return masks


def _refuse_slips(section: Section, masks: Mapping[str, str], publish: tuple[str, ...]) -> None:
    """A mask for 住処 where 住所 is published would publish whole addresses."""
    shown = {_bare(column): column for column in publish}
    masked = {_bare(column) for column in masks}
    for column in masks:
        near = difflib.get_close_matches(
            _bare(column), [name for name in shown if name not in masked], 1, 0.5
        )
        if publish and _bare(column) not in shown and near:
            raise section.bad(
                "mask",
                f"の「{column}」は publish にない列です。",
                f"「{shown[near[0]]}」の書き間違いではありませんか。",
                column,
            )


def _bare(column: str) -> str:
    """A column's name as tables are searched for it: without widths, spaces and capitals."""
    return "".join(unicodedata.normalize("NFKC", column).split()).lower()


def _rule(
    section: Section, key: str, list_key: str, make: Callable[[str, tuple[str, ...]], Rule]
) -> Rule | None:
    if key not in section.data:
        return None
    value = section.data[key]
    shape = f'{{ column = "列の名前", {list_key} = ["値"] }} の形'
    if not isinstance(value, dict):
        raise section.shape(key, shape)
    for inner in value:
        if inner not in ("column", list_key):
            raise section.unknown(key, ("column", list_key), inner)
    column, *_ = section.strings(key, [value.get("column")], shape, "column")
    values = section.strings(key, value.get(list_key), shape, list_key)
    if not column.strip() or not values:
        raise section.shape(key, shape)
    return make(column, values)


def _pfif(section: Section, publish: tuple[str, ...]) -> Mapping[str, str] | None:
    value = section.data.get("pfif", False)
    if value is False:
        return None
    if section.data.get("kind") not in _PEOPLE:
        raise section.bad("pfif", "は、人の名簿（evacuees か missing）の表にだけ書けます。", "この行を消してください。")
    if value is True:
        return _lasting(section, {})
    if not isinstance(value, dict) or not all(isinstance(column, str) for column in value.values()):
        raise section.shape("pfif", 'true か { full_name = "氏名" } の形')
    known = {_bare(column) for column in publish}
    for name, column in value.items():
        if name not in PFIF_FIELDS:
            raise section.unknown("pfif", PFIF_FIELDS, name)
        if _bare(column) not in known:
            raise section.bad("pfif", f"の「{column}」は publish にない列です。", "公開する列の名前を書いてください。", column)
    return _lasting(section, {name: unicodedata.normalize("NFC", column) for name, column in value.items()})


def _lasting(section: Section, made: Mapping[str, str]) -> Mapping[str, str]:
    """Copies that others take need an end (PFIF 1.4, 3.3: expiry_date)."""
    if "expires" not in section.data:
        raise section.bad("pfif", "には、期限（expires）も要ります。", '写した先でも消してもらえるように、expires = "40d" のように書いてください。')
    return made


def _span(section: Section) -> timedelta | None:
    value = section.data.get("expires")
    if value is None:
        return None
    found = re.fullmatch(r"([0-9]{1,5})([hdw])", value) if isinstance(value, str) else None
    if found is None or int(found[1]) == 0:
        raise section.shape("expires", '"40d"（日）、"12h"（時間）、"6w"（週）の形')
    return int(found[1]) * _UNITS[found[2]]
