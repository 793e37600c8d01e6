"""``[[mirrors]]`` and ``[[relays]]``: where the site is sent, and who is told of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from publisher.settings.section import Section, keys
from publisher.settings.site import overlap
from publisher.settings.values import RELAYS, MirrorSettings, Paths, RelaySettings

_STORE_KEYS = ("endpoint", "region", "key_env", "secret_env", "proxy")
_NEEDS_ADDRESS = ("mastodon", "webhook")


def mirror(section: Section, directory: Path) -> MirrorSettings:
    section.check_keys(MirrorSettings)
    url = target(section, directory)
    public = section.address("public_url")
    made = MirrorSettings(
        name=section.filled("name"),
        url=url,
        endpoint=section.address("endpoint"),
        region=section.text("region").strip(),
        public_url=public.rstrip("/") + "/" if public else "",
        key_env=section.secret_name("key_env"),
        secret_env=section.secret_name("secret_env"),
        proxy=section.address("proxy", ("http",)),
        connect_timeout=section.seconds("connect_timeout", 3.0),
        read_timeout=section.seconds("read_timeout", 10.0),
    )
    if made.kind == "folder":
        for key in _STORE_KEYS:
            if section.text(key).strip():
                raise section.bad(
                    "url",
                    f"はフォルダーですが、S3 のための「{key}」も書かれています。",
                    "S3 に送るときは、url を s3://バケット/場所 の形に直してください。",
                )
    for key, other in (("key_env", "secret_env"), ("secret_env", "key_env")):
        if getattr(made, key) and not getattr(made, other):
            raise section.bad(
                key, f"があるのに「{other}」がありません。", "両方を書くか、両方を消してください。"
            )
    return made


def target(section: Section, directory: Path) -> str:
    """The ``url`` of a section: ``s3://…``, ``file://…`` or an absolute folder."""
    value = section.filled("url")
    scheme = value.partition("://")[0].lower() if "://" in value else ""
    if scheme == "s3":
        # The shape of names is the one that botocore accepts; AWS itself is stricter.
        if not re.fullmatch(r"s3://[A-Za-z0-9._-]{3,255}(?:/[!-~]*)?", value) or set(value) & set("?#\\"):
            raise section.shape("url", "s3://バケット名/場所 の形（半角）")
        return value
    if scheme == "file":
        parts = urlsplit(value)
        if (
            parts.netloc not in ("", "localhost")
            or not parts.path.strip("/")
            or parts.query
            or parts.fragment
        ):
            raise section.shape("url", "file:///フォルダー の形")
        return value
    if scheme:
        todo = "s3://バケット/場所 か、フォルダーを書いてください。"
        if scheme in ("http", "https"):
            todo += "S3 の入口のアドレスは endpoint に、住民が見るアドレスは public_url に書きます。"
        raise section.bad("url", f"に {scheme}:// は使えません。", todo)
    return str(section.folder("url", value, directory))


def refuse_overlaps(sections: Sequence[Section], mirrors: Sequence[MirrorSettings], paths: Paths) -> None:
    """A mirror is no folder of ours: it would be taken in as documents, or publish the records."""
    for section, made in zip(sections, mirrors, strict=True):
        if made.folder is None:
            continue
        folder = section.folder("url", str(made.folder), paths.directory)
        inside = paths.directory == folder or folder in paths.directory.parents
        if inside or any(overlap(folder, other) for other in (paths.content, paths.output, paths.state)):
            what = f"[[mirrors]] の「{made.name}」は、[paths] のフォルダーか設定ファイルと重なっています。"
            raise section.fail("bad-value", "url", what, "別のフォルダーにしてください。")


def relay(section: Section) -> RelaySettings:
    section.check_keys(RelaySettings)
    kind = section.choice("kind", RELAYS)
    schemes = ("smtp", "smtps", "http", "https") if kind == "mail" else ("http", "https")
    url = section.address("url", schemes)
    if kind in _NEEDS_ADDRESS and not url:
        raise section.missing("url", keys(RelaySettings)["url"])
    return RelaySettings(section.filled("name"), kind, url, section.secret_name("token_env"))
