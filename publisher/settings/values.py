"""The settings as frozen values; every key is documented where it is declared (see ``guide``)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from publisher.errors import SettingsError
from publisher.model import Problem, TableKind
from publisher.values import field, fields, frozen, is_value

MASKS = ("town", "band", "initial", "none")
RELAYS = ("mastodon", "bluesky", "x", "line", "webhook", "mail")


def _key(says: str, example: str, unset: str = "", name: str = "") -> dict[str, str]:
    """A key of ``publisher.toml``: what it means, how it is written, what holds without it (in Japanese).

    ``unset`` is "" when the key is required; ``name`` is its name in the file where that differs.
    """
    words = {"says": says, "example": example, "unset": unset}
    return words | ({"key": name} if name else {})


@frozen
class Site:
    """``url`` ends with a slash."""

    title: str = field(metadata=_key("サイトの名前。すべてのページの上に出る", '"汐見市 災害情報"'))
    publisher: str = field(metadata=_key("発行者（市町村の名前）", '"汐見市"'))
    url: str = field(
        metadata=_key("正式な公開アドレス。http:// か https:// で始める", '"https://saigai.example.jp/"')
    )
    zone: ZoneInfo = field(
        default_factory=lambda: ZoneInfo("Asia/Tokyo"),
        metadata=_key("時刻の地域", '"Asia/Tokyo"', name="timezone", unset="Asia/Tokyo"),
    )
    code: str = field(
        default="",
        metadata=_key("全国地方公共団体コード。5桁か6桁の数字を引用符で囲む", '"000000"', unset="なし"),
    )
    contact: str = field(
        default="",
        metadata=_key(
            "問い合わせ先の名前と電話番号。すべてのページに出る", '"災害対策本部 0000-00-2111"', unset="なし"
        ),
    )


@frozen
class Paths:
    """All absolute, without symbolic links. ``directory`` holds ``publisher.toml``."""

    directory: Path
    content: Path = field(metadata=_key("職員がファイルを置く、投入フォルダー", '"content"', unset="content"))
    output: Path = field(
        metadata=_key("できあがったサイトを置く、公開用フォルダー", '"public"', unset="public")
    )
    state: Path = field(
        metadata=_key("記録と原本の保管庫。消してはいけない", '".publisher"', unset=".publisher")
    )


@frozen
class Editions:
    light: bool = field(default=True, metadata=_key("軽量版（k/）を作る", "true", unset="true"))
    legacy: bool = field(
        default=True, metadata=_key("従来型の携帯電話版（i/、Shift_JIS）を作る", "true", unset="true")
    )


@frozen
class Consent:
    """Rows are shown only where ``column`` holds one of ``yes``. ``column`` "": everybody on the list has agreed."""

    column: str
    yes: tuple[str, ...]


@frozen
class Withhold:
    """Rows are shown only where ``column`` holds one of ``unless``."""

    column: str
    unless: tuple[str, ...]


@frozen
class TableProfile:
    """What may be shown of the tables below the folder ``path`` of the drop folder."""

    name: str = field(metadata=_key("表の名前。ページの見出しになる", '"避難者名簿"'))
    path: str = field(metadata=_key("投入フォルダーの中の、この表を置くフォルダー", '"避難者名簿"'))
    slug: str = field(metadata=_key("アドレスに使う半角の英小文字、数字、ハイフン（t/◯◯/）", '"hinansha"'))
    kind: TableKind = field(
        metadata=_key(
            "種類。`evacuees`（避難者）、`missing`（安否不明者）、`deceased`（亡くなった方）、`shelters`（避難所）、`open`（そのほか）",
            '"evacuees"',
        )
    )
    publish: tuple[str, ...] = field(
        default=(),
        metadata=_key(
            "公開してよい列。書いていない列は出さない",
            '["氏名", "住所"]',
            unset="名簿は保留になり、`shelters` と `open` では人の情報に見える列を除いたすべて",
        ),
    )
    mask: Mapping[str, str] = field(
        default_factory=dict,
        metadata=_key(
            "列のぼかし方。`town`（町名まで）、`band`（年代）、`initial`（頭文字）、`none`（そのまま）",
            '{ "住所" = "town", "年齢" = "band" }',
            unset="名簿の住所は町名まで、年齢は年代",
        ),
    )
    consent: Consent | None = field(
        default=None,
        metadata=_key(
            "公表の同意の列と、同意を表す値。ほかの値の人は、人数だけに数える。全員の同意がある名簿では `\"all\"`",
            '{ column = "公表同意", yes = ["同意する"] }',
            unset="なし。避難者と亡くなった方の名簿では、人数だけを公開する",
        ),
    )
    withhold: Withhold | None = field(
        default=None,
        metadata=_key(
            "閲覧制限の列と、制限なしを表す値。ほかの値の人は、人数だけに数える",
            '{ column = "閲覧制限", unless = [""] }',
            unset="なし。安否不明者の名簿では、同意の列もなければ人数だけを公開する",
        ),
    )
    reading: str | None = field(
        default=None, metadata=_key("読みがなの列。五十音で引けるようになる", '"フリガナ"', unset="なし")
    )
    group: str | None = field(
        default=None, metadata=_key("まとまりの列（避難所など）", '"避難所"', unset="なし")
    )
    key: str | None = field(
        default=None,
        metadata=_key(
            "行を見分ける列（受付番号など）。前の版から増えた・減った・移った数を数えるためだけに使い、公開はしない",
            '"受付番号"',
            unset="名前や住所が同じ行を、同じ人・同じ場所とみなす",
        ),
    )
    expires: timedelta | None = field(
        default=None,
        metadata=_key(
            "公開をやめるまでの期間。`12h`（時間）、`40d`（日）、`6w`（週）", '"40d"', unset="避難者・安否不明者・亡くなった方の名簿では40日。ほかは期限なし"
        ),
    )
    pfif: Mapping[str, str] | None = field(
        default=None,
        metadata=_key(
            "公開する列を、安否情報の交換の形式（PFIF 1.4）でも出す。見出しから決まらない列は "
            '`{ full_name = "ご芳名" }` のように書く',
            "true",
            unset="出さない",
        ),
    )


@frozen
class MirrorSettings:
    """A place that is kept the same as the site.

    ``url`` is ``s3://bucket/prefix``, ``file:///folder`` or the absolute path of a folder; ``public_url`` is
    "" or ends with a slash. ``identity`` changes when the mirror is another place than before.
    """

    name: str = field(metadata=_key("公開先の名前。状況のページに出る", '"primary"'))
    url: str = field(metadata=_key("送り先。`s3://バケット/場所` か、フォルダー", '"s3://bucket/prefix"'))
    endpoint: str = field(
        default="", metadata=_key("AWS 以外の S3 の入口", '"https://s3.example.jp"', unset="AWS")
    )
    region: str = field(default="", metadata=_key("S3 の地域", '"ap-northeast-1"', unset="AWS の標準の設定"))
    public_url: str = field(
        default="",
        metadata=_key("この公開先を住民が見るアドレス", '"https://saigai.example.jp/"', unset="なし"),
    )
    key_env: str = field(
        default="",
        metadata=_key(
            "アクセスキーを入れた環境変数の名前",
            '"SAIGAI_KEY"',
            unset="AWS の標準の場所（`AWS_ACCESS_KEY_ID` など）",
        ),
    )
    secret_env: str = field(
        default="",
        metadata=_key(
            "シークレットキーを入れた環境変数の名前",
            '"SAIGAI_SECRET"',
            unset="AWS の標準の場所（`AWS_SECRET_ACCESS_KEY` など）",
        ),
    )

    proxy: str = field(
        default="",
        metadata=_key(
            "この公開先へ出るときに通る中継サーバー（プロキシ）。利用者名の要るものは、環境変数 `HTTPS_PROXY` に書く",
            '"http://proxy.example.jp:8080"',
            unset="環境変数 `HTTPS_PROXY`、`HTTP_PROXY`、`NO_PROXY`",
        ),
    )
    connect_timeout: float = field(default=3.0, metadata=_key("つながるまで待つ秒数", "3", unset="3"))
    read_timeout: float = field(default=10.0, metadata=_key("返事を待つ秒数", "10", unset="10"))

    @property
    def kind(self) -> str:
        """``s3`` or ``folder``."""
        return "s3" if self.url.startswith("s3://") else "folder"

    @property
    def folder(self) -> Path | None:
        """Where a mirror of kind ``folder`` lies."""
        return _folder(self.url)

    @property
    def identity(self) -> str:
        return f"{self.url} {self.endpoint}".strip()


@frozen
class BackupSettings:
    """Where the encrypted state is kept. ``every`` in minutes, ``takeover`` in seconds; ``key_file`` is absolute."""

    url: str = field(
        metadata=_key("置き場所。`s3://バケット/場所` か、フォルダー。公開先とは別にする", '"s3://shiomi-backup/saigai"')
    )
    endpoint: str = field(
        default="", metadata=_key("AWS 以外の S3 の入口", '"https://s3.example.jp"', unset="AWS")
    )
    region: str = field(default="", metadata=_key("S3 の地域", '"ap-northeast-1"', unset="AWS の標準の設定"))
    key_env: str = field(
        default="",
        metadata=_key("アクセスキーを入れた環境変数の名前", '"SAIGAI_KEY"', unset="AWS の標準の場所"),
    )
    secret_env: str = field(
        default="",
        metadata=_key("シークレットキーを入れた環境変数の名前", '"SAIGAI_SECRET"', unset="AWS の標準の場所"),
    )
    proxy: str = field(
        default="",
        metadata=_key("置き場所へ出るときに通る中継サーバー（プロキシ）", '"http://proxy.example.jp:8080"', unset="環境変数 `HTTPS_PROXY`、`HTTP_PROXY`、`NO_PROXY`"),
    )
    key_file: Path = field(
        default=Path("backup.key"),
        metadata=_key("暗号の鍵のファイル。`publisher backup --new-key` で作る", '"backup.key"', unset="backup.key"),
    )
    every: int = field(
        default=15,
        metadata=_key("変わったものがなくても、この分ごとに確かめる（watch）", "15", unset="15"),
    )
    keep: int = field(
        default=30,
        metadata=_key("残しておくバックアップの数。ほかに、日ごとの最後のものを14日分残す", "30", unset="30"),
    )
    lease: bool = field(
        default=False,
        metadata=_key("複数の機械で交代する。公開してよいのを、いつも1台だけにする", "true", unset="false"),
    )
    takeover: int = field(
        default=30,
        metadata=_key("公開していた機械が消えてから、待っている機械が公開するまでの秒数の目安", "30", unset="30"),
    )

    @property
    def folder(self) -> Path | None:
        """Where a backup in a folder lies."""
        return _folder(self.url)


@frozen
class RelaySettings:
    name: str = field(metadata=_key("中継先の名前", '"mastodon"'))
    kind: str = field(
        metadata=_key("種類。`mastodon`、`bluesky`、`x`、`line`、`webhook`、`mail`", '"mastodon"')
    )
    url: str = field(
        default="",
        metadata=_key(
            "中継先のアドレス。`mastodon` と `webhook` では必ず書く。`mail` では `smtp://` も使える",
            '"https://mastodon.example.jp"',
            unset="その種類の標準",
        ),
    )
    token_env: str = field(
        default="",
        metadata=_key("合言葉（トークン）を入れた環境変数の名前", '"MASTODON_TOKEN"', unset="なし"),
    )


@frozen
class Settings:
    site: Site
    paths: Paths
    editions: Editions = Editions()
    tables: tuple[TableProfile, ...] = ()
    mirrors: tuple[MirrorSettings, ...] = ()
    relays: tuple[RelaySettings, ...] = ()
    backup: BackupSettings | None = None

    @property
    def fingerprint(self) -> str:
        """Of all that the bytes of a page depend on; not of secrets, nor of where files lie here."""
        parts = [self.site, self.editions, self.tables, tuple((m.name, m.public_url) for m in self.mirrors)]
        return hashlib.sha256(_canonical(parts).encode()).hexdigest()[:16]

    def secret(self, name: str) -> str:
        """The secret in the environment variable ``name``, or in the file that ``name_FILE`` names.

        White space around it is no part of it; a relative file lies beside ``publisher.toml``.
        Raises ``SettingsError``.
        """
        if value := os.environ.get(name, "").strip():
            return value
        file = os.environ.get(f"{name}_FILE", "")
        if not file:
            raise self._no_secret(name, f"環境変数 {name} がありません（または、空です）。")
        try:
            value = (self.paths.directory / file).read_text(encoding="utf-8-sig").strip()
        except (OSError, ValueError) as error:
            raise self._no_secret(name, f"環境変数 {name}_FILE の指すファイルを読めません。") from error
        if not value:
            raise self._no_secret(name, f"環境変数 {name}_FILE の指すファイルが空です。")
        return value

    def secrets(self) -> dict[str, list[str]]:
        """The environment variables that hold secrets, each with the sections that name it."""
        found: dict[str, list[str]] = {}
        backup = [("[backup]", self.backup.key_env, self.backup.secret_env)] if self.backup is not None else []
        mirrors = [(f"[[mirrors]] の「{m.name}」", m.key_env, m.secret_env) for m in self.mirrors]
        relays = [(f"[[relays]] の「{r.name}」", r.token_env) for r in self.relays]
        for section, *names in (*mirrors, *relays, *backup):
            for name in filter(None, names):
                found.setdefault(name, []).append(section)
        return found

    def _no_secret(self, name: str, what: str) -> SettingsError:
        return SettingsError(
            Problem(
                "secret-missing",
                what,
                "、".join(["publisher.toml", *self.secrets().get(name, ())]),
                "この送り先には、最後に届いた内容がそのまま出ています。",
                f"環境変数 {name} に入れるか、それを書いたファイルの場所を {name}_FILE に入れて、"
                "もう一度始めてください。",
            )
        )


def _folder(url: str) -> Path | None:
    """The folder that an address names; None for an object store."""
    if url.startswith("s3://"):
        return None
    if not url.startswith("file://"):
        return Path(url)
    from urllib.request import url2pathname

    return Path(url2pathname(urlsplit(url).path))


def _canonical(value: object) -> str:
    """The same text for the same value on every machine and in every version of Python."""
    if is_value(value):
        return "{" + ",".join(f"{f.name}:{_canonical(getattr(value, f.name))}" for f in fields(value)) + "}"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key!r}:{_canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_canonical, value)) + "]"
    if isinstance(value, Enum):
        return repr(value.value)
    return repr(str(value)) if isinstance(value, ZoneInfo | timedelta) else repr(value)
