"""Mirrors: places from which the public reads a copy of the site.

contract     what every mirror promises                  plan       what to send, in which order
folder, s3   mirrors that are there                       sync       sends it
wire, sign   lines to a store, signed requests            aws        boto3's share
memory       one for tests                                headers    under which headers files are served
retrying, dry, guarded   layers around any mirror         trouble    what can go wrong, in words
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from publisher.mirrors.bucket import Bucket
from publisher.mirrors.contract import Head, Mirror, Stored, checked
from publisher.mirrors.dry import Dry
from publisher.mirrors.folder import FolderMirror
from publisher.mirrors.guarded import Guarded
from publisher.mirrors.headers import Headers, cache_control, content_type, headers
from publisher.mirrors.memory import MemoryMirror
from publisher.mirrors.plan import MirrorPlan, Upload, plan
from publisher.mirrors.retrying import Retrying
from publisher.mirrors.s3 import S3Mirror
from publisher.mirrors.s3_trouble import missing_keys
from publisher.mirrors.sync import SyncResult, sync, unsure
from publisher.mirrors.trouble import problem, refused, unavailable
from publisher.site.order import Rank

if TYPE_CHECKING:
    from publisher.settings import MirrorSettings

__all__ = [
    "Bucket",
    "Dry",
    "FolderMirror",
    "Guarded",
    "Head",
    "Headers",
    "MemoryMirror",
    "Mirror",
    "MirrorPlan",
    "Rank",
    "Retrying",
    "S3Mirror",
    "Stored",
    "SyncResult",
    "Upload",
    "bucket_of",
    "cache_control",
    "checked",
    "content_type",
    "headers",
    "open_mirror",
    "plan",
    "problem",
    "refused",
    "sync",
    "unavailable",
    "unsure",
]


def open_mirror(
    settings: MirrorSettings,
    secret: Callable[[str], str],
    *,
    still: Callable[[], bool] = lambda: True,
    within: Callable[[Mirror], Mirror] = lambda mirror: mirror,
) -> Mirror:
    """The mirror that the settings describe, asked again when it does not answer. Nothing is connected yet.

    ``settings.url`` is ``s3://bucket/prefix``, a ``file://`` URL or the absolute path of a folder. ``secret``
    gives the value behind the name of a secret, "" or an error of its own when there is none. ``still`` is asked while a large
    file is under way (``S3Mirror``). ``within``: a layer below the repetitions. Raises
    ``MirrorRefused`` for an address that is neither and for a key without its secret.
    """
    return Retrying(within(_bare(settings, secret, still)))


def _bare(settings: MirrorSettings, secret: Callable[[str], str], still: Callable[[], bool]) -> Mirror:
    parts = urlsplit(settings.url)
    if parts.scheme == "s3" and parts.netloc:
        return S3Mirror(settings.name, bucket_of(settings, secret), still)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        from urllib.request import url2pathname

        return FolderMirror(settings.name, Path(url2pathname(parts.path)))
    # A single letter is a drive of Windows.
    if len(parts.scheme) > 1:
        raise refused(settings.name, "settings", detail=f"url = {settings.url}")
    return FolderMirror(settings.name, Path(settings.url))


def bucket_of(settings: MirrorSettings, secret: Callable[[str], str]) -> Bucket:
    """Where an ``s3://`` mirror lies, with its keys, proxy and time-outs. Raises ``MirrorRefused`` for a key without its secret."""
    parts = urlsplit(settings.url)
    names = tuple(name for name in (settings.key_env, settings.secret_env) if name)
    values = [secret(name) for name in names]
    if len(names) == 1 or not all(values):
        missing = tuple(name for name, value in zip(names, values, strict=True) if not value)
        raise refused(settings.name, "keys-missing", detail=missing_keys(missing or names))
    key, word = values or ("", "")
    return Bucket(
        parts.netloc,
        unquote(parts.path).strip("/"),
        settings.endpoint,
        settings.region,
        key,
        word,
        key_names=names,
        proxy=settings.proxy,
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
    )
