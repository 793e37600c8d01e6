"""Mutual aid: a neighbour's signed site on our own mirrors, fetched from its address or brought in a file; and our own changes for others to carry."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from publisher.errors import MirrorError, SettingsError, SiteError, UsageError
from publisher.ledger import Ledger
from publisher.mirrors import Stored, open_mirror
from publisher.mirrors.public import Fetched, Unreachable, public_site
from publisher.model import Problem
from publisher.pipeline.lock import lock
from publisher.pipeline.publish import register, to_mirror
from publisher.pipeline.report import MirrorLine
from publisher.proof import bundle
from publisher.proof.copy import Carried, Copy, records
from publisher.proof.minisign import Malformed, PublicKey
from publisher.proof.tree import ROOT, Broken, Fetch, Root, parse_root, read_root
from publisher.settings import MirrorSettings, Settings
from publisher.site.write import SiteFolder
from publisher.values import frozen, replace

FOLDER = "tonari"
"""Below which neighbours' sites stand on our mirrors."""

KEPT = "前からあるものは、変わっていません。"

_OLDER_THERE = (
    "新しいものを受け取ってください。古いものをわざと見せようとしているおそれもあります。相手が番号を振り直したと電話などで確かめたときは、"
    "そこの manifest.json を消してから、もう一度実行してください。"
)


@frozen
class CarryReport:
    source: str
    name: str
    site: str
    carried: Carried
    mirrors: tuple[MirrorLine, ...] = ()

    def as_json(self) -> dict[str, object]:
        done = self.carried
        return {
            "source": self.source, "name": self.name, "site": self.site, "serial": done.serial,
            "outputs": {"written": done.written, "deleted": done.deleted, "bytes": done.bytes}, "mirrors": [line.as_json() for line in self.mirrors],
        }  # fmt: skip

    @property
    def exit_code(self) -> int:
        return 4 if any(line.state != "current" for line in self.mirrors) else 0


def public_key(given: str) -> PublicKey:
    """A key as a person gives it: the line itself, or a file with it. Raises ``UsageError``."""
    try:
        file = Path(given)
        return PublicKey.parse(file.read_text(encoding="utf-8") if len(given) < 1000 and file.is_file() else given)
    except (Malformed, OSError, ValueError) as error:
        raise UsageError(
            Problem(
                "bad-key", "公開鍵として読めません。", given[:80], KEPT,
                "相手の minisign.pub を、相手に電話などで目印を確かめたうえで指定してください（--key minisign.pub）。",
            )
        ) from error  # fmt: skip


def carry(
    settings: Settings, source: str, key: PublicKey, name: str, to: Path | None, now: datetime, tell: Callable[[int, int], None] = lambda *_: None
) -> CarryReport:
    """Copy a neighbour's site: into the folder ``to``, or below ``tonari/<name>/`` of every mirror of ours.

    ``source``: an address, a folder, or a bundle. Raises ``UsageError`` when the source does not prove itself: nothing has changed then; ``Busy``
    while another run carries the same.
    """
    if to is None and not name and Path(source.removeprefix("file://")).is_file():
        raise UsageError(_nameless(source))
    name = name or _name(source)
    state = settings.paths.state / "neighbours" / name
    folder = to if to is not None else state / "site"
    file = state / "ledger.db" if to is None else settings.paths.state / "neighbours" / f"to-{sha256(str(folder.resolve()).encode()).hexdigest()[:16]}.db"
    with lock(file.parent, f"{file.stem}.lock"), closing(Ledger(file)) as ledger:
        copy = Copy(folder, ledger, key)
        mirrors = tuple(below(mirror, name) for mirror in settings.mirrors) if to is None else ()
        try:
            if not (folder / ROOT).exists() and copy.unfinished is None:
                _forget(ledger)
            there = {place: found for place in mirrors if (found := _standing(settings, place, key)) is not None}
            done = _take(copy, source, settings, now, tell, lambda root: _refuse_older(root, there))
            root = parse_root((folder / ROOT).read_bytes())
        except Broken as error:
            raise UsageError(_refused(source, error)) from error
        except Unreachable as error:
            raise UsageError(_unreachable(source, str(error))) from error
        except OSError as error:
            raise SiteError(_disk(folder, error)) from error
        if to is not None:
            return CarryReport(source, name, root.site, done)
        for mirror, place in zip(settings.mirrors, mirrors, strict=True):
            _make_room(mirror, place)
        register(ledger, mirrors)
        theirs = replace(settings, site=replace(settings.site, publisher=root.publisher, url=root.site))  # whose the places are
        # What goes is what the neighbour's signed manifest names no more: there is nobody to ask, and no accident of ours.
        lines = tuple(
            _newer_there(place, root) if _is_newer(there.get(place) or _standing(settings, place, key), root)
            else to_mirror(theirs, ledger, SiteFolder(folder), place, now, allow_deletions=True)
            for place in mirrors
        )  # fmt: skip
        return CarryReport(source, name, root.site, done, lines)


def _forget(ledger: Ledger) -> None:
    """The copy is gone: what the ledger knew of it is no longer there."""
    with ledger.transaction():
        ledger.pages.bury([record.path for record in ledger.pages.all()], ledger.serial + 1)
        ledger.remember("serial", str(ledger.serial + 1))


def _standing(settings: Settings, place: MirrorSettings, key: PublicKey) -> Root | None:
    """What stands there under this key, whoever sent it: another machine of ours may have carried further, and one that was restored knows nothing
    of the copies. A mirror that does not answer says nothing; what is wrong with it is told when it is written to.
    """
    with suppress(MirrorError, SettingsError, Broken, OSError):
        mirror = open_mirror(place, settings.secret)
        return read_root(lambda path: _fetched(mirror.get(path)), key)
    return None


def _is_newer(there: Root | None, root: Root) -> bool:
    return there is not None and there.site == root.site and there.serial > root.serial


def _refuse_older(root: Root, there: Mapping[MirrorSettings, Root]) -> None:
    for place, found in there.items():
        if _is_newer(found, root):
            raise Broken("older-there", place.url, f"古い版です（通し番号 {root.serial}。公開先「{place.name}」にある写しは {found.serial}）")


def _newer_there(place: MirrorSettings, root: Root) -> MirrorLine:
    """A mirror that did not answer at first, and shows more than what was taken."""
    what = f"公開先「{place.name}」には、受け取ったもの（通し番号 {root.serial}）より新しい写しがあります。何も送っていません。"
    return MirrorLine(place.name, "failed", behind=1, problem=Problem("carry-older-there", what, place.url, "その新しい写しが見えています。", _OLDER_THERE))


def _fetched(stored: Stored | None) -> Fetched:
    return Fetched(404, b"") if stored is None else Fetched(200, stored.body)


def _take(copy: Copy, source: str, settings: Settings, now: datetime, tell: Callable[[int, int], None], refuse: Callable[[Root], None]) -> Carried:
    path = Path(source.removeprefix("file://"))
    if source.startswith(("http://", "https://")) or path.is_dir():
        proxy = next((mirror.proxy for mirror in settings.mirrors if mirror.proxy), "")
        with public_site(source, proxy) as site:
            return copy.take(site.fetch, now, tell, refuse)
    if not path.is_file():
        raise Unreachable("そのファイルもフォルダーもありません")
    with tempfile.TemporaryDirectory(prefix="publisher-bundle-") as scratch:
        fetch: Fetch = bundle.Bundle(path, Path(scratch) / "plain").fetch
        return copy.take(fetch, now, tell, refuse)


def below(mirror: MirrorSettings, name: str) -> MirrorSettings:
    """The place of a neighbour's site on a mirror of ours."""
    place = f"{FOLDER}/{name}/"
    url = f"{mirror.url.rstrip('/')}/{place}"
    return replace(mirror, url=url, public_url=f"{mirror.public_url.rstrip('/')}/{place}" if mirror.public_url else "")


def _make_room(mirror: MirrorSettings, place: MirrorSettings) -> None:
    """A folder below a mirror that is there: one that is not there (a disk taken out) is not made up for."""
    if mirror.folder is None or place.folder is None or not mirror.folder.is_dir():
        return
    try:
        place.folder.parent.mkdir(exist_ok=True)
    except OSError:
        return  # the mirror says so itself, in words, when it is written to


def _name(source: str) -> str:
    """A short ASCII name for a neighbour: its host, or the name of the folder or file."""
    host = urlsplit(source).hostname if "://" in source else Path(source).stem
    plain = re.sub(r"[^a-z0-9]+", "-", (host or "").lower()).strip("-")
    return plain or sha256(source.encode()).hexdigest()[:8]


def write_bundle(settings: Settings, file: Path, since: int) -> tuple[int, int, int]:
    """(serial, files, bytes) of a bundle with everything of our site that changed after ``since``. Raises ``UsageError``."""
    place = settings.paths.state / "ledger.db"
    if not place.exists():
        raise UsageError(Problem("no-site", "まだサイトがありません。", str(settings.paths.output), "", "先に publisher build を実行してください。"))
    with closing(Ledger(place, readonly=True)) as ledger:
        if ledger.pages.get(f"{ROOT}.minisig") is None:
            raise UsageError(
                Problem("unsigned", "サイトに署名がありません。署名のない内容は、受け取った側で本物かどうか確かめられません。", "", "公開中のページは、そのままです。",
                        "publisher keys で鍵を作り、publisher publish してから、もう一度実行してください。")
            )  # fmt: skip
        serial = int(ledger.fact("site_serial") or 0)
        found = records(ledger, since)
        always = {ROOT, f"{ROOT}.minisig"}
        paths = {record.path for record in found}
        found = [record for path in (ROOT, f"{ROOT}.minisig") if path not in paths and (record := ledger.pages.get(path)) is not None] + found
        members = []
        for record in sorted(found, key=lambda r: (r.path not in always, r.path != ROOT)):
            try:
                body = (settings.paths.output / record.path).read_bytes()
            except OSError as error:
                raise UsageError(_moved(record.path)) from error
            if sha256(body).hexdigest() != record.sha256:
                raise UsageError(_moved(record.path))
            members.append((record.path, body))
    try:
        return serial, len(members), bundle.write(file, members)
    except OSError as error:
        raise SiteError(_disk(file, error)) from error


def _moved(path: str) -> Problem:
    return Problem(
        "site-moved", "書き出しているあいだに、サイトが変わりました。", path, "持ち運び用のファイルは、作っていません。公開中のページは、そのままです。", "もう一度実行してください。"
    )  # fmt: skip


def _refused(source: str, error: Broken) -> Problem:
    todo = {
        "older": "新しいものを受け取ってください。古いものをわざと見せようとしているおそれもあります。",
        "older-there": _OLDER_THERE,
        "expired": "相手に、新しく書き出したものを送ってもらってください。古いものをわざと見せようとしているおそれもあります。",
        "forged": "相手の公開鍵が正しいか、電話などで目印を確かめてください。鍵が正しければ、だれかが書きかえています。",
        "unsigned": "相手に、publisher keys で鍵を作って署名してもらってください。",
        "occupied": "空のフォルダーか、同じ相手の写しのフォルダーを指定してください。",
        "missing": "持ち運び用のファイルのときは、手元の写しより後のものだけが入っています。--since を小さくして、作り直してもらってください。",
    }.get(error.code, "相手に知らせて、作り直してもらってください。")  # fmt: skip
    return Problem(f"carry-{error.code}", f"受け取れません。{error.what}。", f"{source} {error.path}", KEPT, todo)


def _nameless(source: str) -> Problem:
    return Problem(
        "no-name", "持ち運び用のファイルのときは、どの市町村のものかを --name で決めてください。前に受け取ったものより古くないかを、この名前で確かめます。", source, KEPT,
        "例: publisher carry ファイル --key minisign.pub --name tonari-shi（いつも同じ名前にします）",
    )  # fmt: skip


def _unreachable(source: str, why: str) -> Problem:
    return Problem("unreachable", f"読めません。{why}。", source, KEPT, "アドレス（またはファイルの場所）と、回線を確かめてください。")


def _disk(place: Path, error: OSError) -> Problem:
    return Problem("disk", f"書き込めません（{error.strerror or error}）。", str(place), KEPT, "空き容量とフォルダーの権限を確かめて、もう一度実行してください。")
