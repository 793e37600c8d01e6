"""``publisher verify``: reads every mirror as the public does, and compares it with what was signed. What cannot be read is no success."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from publisher.mirrors.headers import content_type
from publisher.mirrors.public import Fetched, PublicSite, Unreachable, public_site
from publisher.model import Problem
from publisher.proof.minisign import PublicKey
from publisher.proof.tree import ROOT, Broken, File, Root, check_file, files, read_root
from publisher.settings import MirrorSettings, Settings
from publisher.values import field, frozen

SAMPLE = 200
"""Files that are read where nobody asks for all."""

TOLD = 10
"""Damaged files that are named."""

READERS = 8

_HEADERS = "wrong-headers"

STALE = timedelta(minutes=15)
"""A mirror whose ``alive.json`` is older than this stands still (the publisher renews it every minute)."""


@frozen
class Verdict:
    """``state``: ok, stale, damaged, forged, unsigned, unreachable. ``checked`` files of ``of``; ``serial`` and ``time`` are the mirror's.

    ``damaged``: the files that have to be sent again; with the root of the list among them, all.
    """

    name: str
    state: str
    checked: int = 0
    of: int = 0
    serial: int = 0
    time: str = ""
    problems: tuple[Problem, ...] = field(default=())
    damaged: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name, "state": self.state, "checked": self.checked, "of": self.of, "serial": self.serial, "time": self.time,
            "problems": [str(problem) for problem in self.problems],
        }  # fmt: skip


def verify(
    settings: Settings, key: PublicKey | None, serial: int, now: datetime, names: Sequence[str], sample: int | None, tell: Callable[[str, int, int], None]
) -> tuple[Verdict, ...]:
    """All mirrors (or those named). ``serial``: that of the site as it stands here; ``sample`` None: every file."""
    wanted = [mirror for mirror in settings.mirrors if not names or mirror.name in names]
    return tuple(_one(mirror, key, serial, now, sample, tell) for mirror in wanted)


def address(mirror: MirrorSettings) -> str:
    """Where the public reads it; "" where nobody said."""
    return mirror.public_url or (str(mirror.folder) if mirror.kind == "folder" else "")


def _one(mirror: MirrorSettings, key: PublicKey | None, serial: int, now: datetime, sample: int | None, tell: Callable[[str, int, int], None]) -> Verdict:
    where = address(mirror)
    if not where:
        return Verdict(mirror.name, "unreachable", problems=(_no_address(mirror.name),))
    try:
        with public_site(where, mirror.proxy, mirror.connect_timeout, mirror.read_timeout) as site:
            return _compare(mirror, site, key, serial, now, sample, tell)
    except Unreachable as error:
        return Verdict(mirror.name, "unreachable", problems=(_unreachable(mirror.name, where, str(error)),))


def _compare(
    mirror: MirrorSettings, site: PublicSite, key: PublicKey | None, serial: int, now: datetime, sample: int | None, tell: Callable[[str, int, int], None]
) -> Verdict:
    name = mirror.name
    try:
        root = _root(site, key)
        found = _chosen(list(files(site.fetch, root)), sample)
    except Broken as error:
        state = error.code if error.code in ("forged", "unsigned") else "damaged"
        return Verdict(name, state, problems=(_broken(name, error),), damaged=(ROOT if error.code == "forged" else error.path,))
    problems = [*_stale(name, site, root, serial, now)]
    stale = bool(problems)
    checked, broken, damaged = 0, list[Problem](), list[str]()
    with ThreadPoolExecutor(READERS, thread_name_prefix="verify") as pool:
        for file, problem in zip(found, pool.map(lambda file: _file(name, site, file, folder=not mirror.public_url), found), strict=True):
            checked += 1
            if checked % 100 == 0 or checked == len(found):
                tell(name, checked, len(found))
            if problem is not None:
                broken.append(problem)
                damaged += [file.path] if problem.code != _HEADERS else []
    broken.sort(key=lambda problem: problem.code == _HEADERS)  # a web server's setting may hide what somebody has changed
    problems += broken[:TOLD]
    if len(broken) > TOLD:
        problems.append(_more(name, len(broken) - TOLD))
    state = "damaged" if broken else "stale" if stale else "ok"
    return Verdict(name, state, checked, root.files, root.serial, root.time, tuple(problems), tuple(damaged))


def _root(site: PublicSite, key: PublicKey | None) -> Root:
    """Twice, if need be: between the two requests the publisher may have replaced both."""
    try:
        return read_root(site.fetch, key)
    except Broken as error:
        if error.code != "forged":
            raise
        return read_root(site.fetch, key)


def _chosen(found: list[File], sample: int | None) -> list[File]:
    """A sample that nobody can foresee: who holds a mirror must not know which files will be looked at."""
    if sample is None or len(found) <= sample:
        return found
    return sorted(random.SystemRandom().sample(found, sample), key=lambda file: file.path)


def _file(name: str, site: PublicSite, file: File, folder: bool) -> Problem | None:
    try:
        fetched = site.fetch(file.path)
        check_file(file, fetched)
    except Unreachable as error:
        return _broken(name, Broken("missing", file.path, f"ファイルを読めません（{error}）"))
    except Broken as error:
        return _broken(name, error)
    return None if folder else _headers(name, file, fetched)


def _headers(name: str, file: File, fetched: Fetched) -> Problem | None:
    said, wanted = fetched.headers.get("content-type", ""), content_type(file.path)
    if _plain(said) == _plain(wanted):
        return None
    return Problem(
        _HEADERS, f"種類の表示（Content-Type）が「{said or 'なし'}」です。正しくは「{wanted}」です。", f"公開先「{name}」 {file.path}",
        "文字化けして見えることがあります。", "公開先の設定で、Content-Type を書きかえないようにしてください。",
    )  # fmt: skip


def _plain(value: str) -> str:
    return value.replace(" ", "").replace('"', "").lower()


def _stale(name: str, site: PublicSite, root: Root, serial: int, now: datetime) -> list[Problem]:
    problems = []
    if root.serial < serial:
        what = f"古い版です（通し番号 {root.serial}、いまの版は {serial}）。"
        problems.append(Problem("stale", what, f"公開先「{name}」", f"{root.time} のときの内容が見えています。", "publisher publish で送り直してください。"))
    page = site.fetch("alive.json")
    try:
        import json

        when = datetime.fromisoformat(str(json.loads(page.body)["time"])) if page.status == 200 else None
    except (ValueError, KeyError, TypeError):
        when = None
    if when is None or when.tzinfo is None or now - when > STALE:
        since = "更新の時刻が分かりません" if when is None else f"最後の更新は {when.isoformat()} です"
        problems.append(
            Problem(
                "still", f"更新が止まっています（{since}）。", f"公開先「{name}」", "最後に送った内容が、そのまま見えています。",
                "publisher watch が動いているか、publisher status で確かめてください。",
            )
        )  # fmt: skip
    return problems


def _no_address(name: str) -> Problem:
    return Problem(
        "no-public-url", "公開アドレス（public_url）が書かれていないので、住民と同じように読んで確かめることができません。", f"publisher.toml [[mirrors]]「{name}」", "",
        "public_url に、住民が開くアドレスを書いてください。",
    )  # fmt: skip


def _unreachable(name: str, where: str, why: str) -> Problem:
    return Problem(
        "unreachable", f"公開先を読めません。{why}。", f"公開先「{name}」 {where}", "この公開先は、いま住民からも見えないおそれがあります。",
        "回線と、公開先の管理画面を確かめてください。ほかの公開先は、それぞれの結果を見てください。",
    )  # fmt: skip


def _broken(name: str, error: Broken) -> Problem:
    shown = {
        "forged": "発行者のものでない内容が、見えているおそれがあります。", "unsigned": "内容は見えていますが、本物かどうかを確かめられません。",
    }.get(error.code, "このアドレスで、正しい内容が見えていません。")  # fmt: skip
    todo = {
        "forged": "だれかが書きかえたおそれがあります。公開先の鍵を替え、publisher publish で送り直してください。",
        "unsigned": "publisher publish で送り直してください。",
    }.get(error.code, "publisher publish で送り直してください（publisher watch が動いていれば、1分ほどで自動で送り直します）。それでも直らないときは、公開先の記録（だれが書いたか）を調べてください。")  # fmt: skip
    return Problem(f"verify-{error.code}", f"{error.what}。", f"公開先「{name}」 {error.path}", shown, todo)


def _more(name: str, count: int) -> Problem:
    return Problem("verify-more", f"ほかに {count} 件、正しくないファイルがあります。", f"公開先「{name}」")
