"""The settings as frozen values. Every key is documented where it is declared; ``docs/settings.md`` is made from this."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from zoneinfo import ZoneInfo

from publisher.errors import SettingsError
from publisher.model import Problem, TableKind


@dataclass(frozen=True, slots=True)
class Site:
    title: str = field(metadata={"says": "サイトの名前。すべてのページの上に出る"})
    publisher: str = field(metadata={"says": "発行者（市町村の名前）"})
    url: str = field(metadata={"says": "正式な公開アドレス。http:// か https:// で始める"})
    zone: ZoneInfo = field(default=ZoneInfo("Asia/Tokyo"), metadata={"key": "timezone", "says": "時刻の地域。日本なら Asia/Tokyo"})
    code: str = field(default="", metadata={"says": "全国地方公共団体コード（数字6桁）"})
    contact: str = field(default="", metadata={"says": "問い合わせ先の名前と電話番号。すべてのページに出る"})


@dataclass(frozen=True, slots=True)
class Paths:
    """``directory`` holds ``publisher.toml``; the others are absolute."""

    directory: Path
    content: Path = field(metadata={"says": "職員がファイルを置くフォルダー", "default": "content"})
    output: Path = field(metadata={"says": "できあがったサイトを置くフォルダー", "default": "public"})
    state: Path = field(metadata={"says": "記録と保管庫を置くフォルダー（消さない）", "default": ".publisher"})


@dataclass(frozen=True, slots=True)
class Editions:
    light: bool = field(default=True, metadata={"says": "軽量版（k/）を作る"})
    legacy: bool = field(default=True, metadata={"says": "従来型の携帯電話版（i/、Shift_JIS）を作る"})


@dataclass(frozen=True, slots=True)
class Consent:
    """Rows are shown only where ``column`` holds one of ``yes``."""

    column: str
    yes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withhold:
    """Rows are shown only where ``column`` holds one of ``unless``."""

    column: str
    unless: tuple[str, ...]


MASKS = ("town", "band", "initial", "none")


@dataclass(frozen=True, slots=True)
class TableProfile:
    name: str = field(metadata={"says": "表の名前。ページの見出しになる"})
    path: str = field(metadata={"says": "投入フォルダーの中の、この表を置くフォルダー"})
    slug: str = field(metadata={"says": "アドレスに使う英小文字の名前（t/◯◯/）"})
    kind: TableKind = field(metadata={"says": "種類。evacuees（避難者）、missing（安否不明者）、shelters（避難所）、open（そのほか）"})
    publish: tuple[str, ...] = field(default=(), metadata={"says": "公開してよい列。書いていない列は出さない"})
    mask: Mapping[str, str] = field(
        default_factory=dict, metadata={"says": "列のぼかし方。town（町名まで）、band（年代）、initial（頭文字）、none（そのまま）"}
    )
    consent: Consent | None = field(default=None, metadata={"says": "公表の同意の列と、同意を表す値"})
    withhold: Withhold | None = field(default=None, metadata={"says": "閲覧制限の列と、制限なしを表す値"})
    reading: str | None = field(default=None, metadata={"says": "読みがなの列。五十音で引けるようになる"})
    group: str | None = field(default=None, metadata={"says": "まとまりの列（避難所など）"})
    expires: timedelta | None = field(default=None, metadata={"says": "公開をやめるまでの期間。40d（日）、12h（時間）、6w（週）"})


@dataclass(frozen=True, slots=True)
class MirrorSettings:
    """``identity`` changes when the mirror is another place than before, not when only its public address changes."""

    name: str = field(metadata={"says": "公開先の名前。状況の画面に出る"})
    url: str = field(metadata={"says": "送り先。s3://バケット/場所 か、フォルダー"})
    endpoint: str = field(default="", metadata={"says": "AWS 以外の S3 の入口"})
    region: str = field(default="", metadata={"says": "S3 の地域"})
    public_url: str = field(default="", metadata={"says": "住民が見るアドレス"})
    key_env: str = field(default="", metadata={"says": "アクセスキーを入れた環境変数の名前（なければ AWS の標準の場所）"})
    secret_env: str = field(default="", metadata={"says": "シークレットキーを入れた環境変数の名前"})

    @property
    def kind(self) -> str:
        return "s3" if self.url.startswith("s3://") else "folder"

    @property
    def identity(self) -> str:
        return f"{self.url} {self.endpoint}".strip()


RELAYS = ("mastodon", "bluesky", "x", "line", "webhook", "mail")


@dataclass(frozen=True, slots=True)
class RelaySettings:
    name: str = field(metadata={"says": "中継先の名前"})
    kind: str = field(metadata={"says": "種類。mastodon、bluesky、x、line、webhook、mail"})
    url: str = field(default="", metadata={"says": "中継先のアドレス"})
    token_env: str = field(default="", metadata={"says": "合言葉（トークン）を入れた環境変数の名前"})


@dataclass(frozen=True, slots=True)
class Settings:
    site: Site
    paths: Paths
    editions: Editions = Editions()
    tables: tuple[TableProfile, ...] = ()
    mirrors: tuple[MirrorSettings, ...] = ()
    relays: tuple[RelaySettings, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Of everything that the bytes of a page depend on: not of secrets, not of where files lie on this machine."""
        parts = [self.site, self.editions, self.tables, tuple((m.name, m.public_url) for m in self.mirrors)]
        return hashlib.sha256(_canonical(parts).encode()).hexdigest()[:16]

    def secret(self, name: str) -> str:
        """A secret from the environment variable ``name``, or from the file that ``name_FILE`` names. Raises ``SettingsError``."""
        if value := os.environ.get(name):
            return value
        if file := os.environ.get(f"{name}_FILE"):
            try:
                return Path(file).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise SettingsError(_secret_problem(f"{name}_FILE の指すファイルを読めません。", name)) from error
        raise SettingsError(_secret_problem(f"環境変数 {name} がありません。", name))


def _secret_problem(what: str, name: str) -> Problem:
    return Problem(
        "secret-missing", what, "publisher.toml", "この送り先には、最後に届いた内容がそのまま出ています。",
        f"環境変数 {name}（または、それを書いたファイルの場所を {name}_FILE）に入れてから、もう一度始めてください。",
    )  # fmt: skip


def _canonical(value: object) -> str:
    if is_dataclass(value) and not isinstance(value, type):
        return "{" + ",".join(f"{f.name}:{_canonical(getattr(value, f.name))}" for f in fields(value)) + "}"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key!r}:{_canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_canonical, value)) + "]"
    if isinstance(value, Enum):
        return repr(value.value)
    return repr(str(value)) if isinstance(value, (ZoneInfo, timedelta)) else repr(value)
