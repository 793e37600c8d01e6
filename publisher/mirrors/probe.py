"""What a mirror really does, found out by trying: stores that call themselves compatible differ."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from publisher.errors import MirrorError, MirrorUnavailable
from publisher.mirrors.contract import Mirror
from publisher.mirrors.headers import Headers
from publisher.mirrors.retrying import Retrying
from publisher.mirrors.s3 import S3Mirror
from publisher.model import Problem
from publisher.values import frozen

#: Below the mirror's prefix, with a random name behind it; nothing of it stays.
PLACE = "publisher-probe"

_FIRST, _SECOND = "試し書き 1".encode("shift_jis"), "試し書き 2".encode("shift_jis")
_SERVED = Headers("text/html; charset=Shift_JIS", "no-store")
_WORDS = {
    ("stores", "yes"): "書いたものが、そのまま読めます。",
    ("stores", "no"): "書いたものが、そのまま読めません。この公開先は使えません。",
    ("replaces", "yes"): "書きかえると、すぐに新しい内容になります。",
    ("replaces", "no"): "書きかえても、古い内容が返ります。",
    ("digest", "yes"): "保存先が、持っている内容の指紋（MD5）を答えます。読み返しは軽く済みます。",
    ("digest", "no"): "保存先が内容の指紋を答えないので、読み返すときは中身ごと受け取ります。",
    ("content-type", "yes"): "文字コードの入った種類（Content-Type）を保ちます。",
    ("content-type", "no"): "文字コードの入った種類（Content-Type）が変わってしまいます。従来型携帯電話のページは文字化けします。",
    ("content-type", "none"): "種類（Content-Type）は持ちません。ウェブサーバーの設定で付けてください。",
    ("cache-control", "yes"): "写しを持ってよい時間（Cache-Control）を保ちます。",
    ("cache-control", "no"): "写しを持ってよい時間（Cache-Control）が変わってしまいます。名前のあるページの写しが、どこかに残るおそれがあります。",
    ("cache-control", "none"): "写しを持ってよい時間（Cache-Control）は持ちません。ウェブサーバーの設定で付けてください。",
    ("if-none-match", "yes"): "「なければ書く」（If-None-Match）を守ります。",
    ("if-none-match", "ignored"): "「なければ書く」（If-None-Match）と頼んでも、あるものを書きかえてしまいます。",
    ("if-none-match", "no"): "「なければ書く」（If-None-Match）はできません。",
    ("if-match", "yes"): "「同じ版なら書く」（If-Match）を守ります。2台の交代（lease）に使えます。",
    ("if-match", "ignored"): "「同じ版なら書く」（If-Match）と頼んでも、ちがう版を書きかえてしまいます。2台の交代（lease）には使えません。",
    ("if-match", "no"): "「同じ版なら書く」（If-Match）はできません。2台の交代（lease）には使えません。",
    ("deletes", "yes"): "消したものは、すぐに見えなくなります。",
    ("deletes", "no"): "消したものが、まだ読めます。取り消しが効きません。",
    ("versions", "yes"): "古い版を残す設定です。取り下げのときは、古い版も消しにいきます。",
    ("versions", "none"): "古い版は残りません。",
    ("versions", "unknown"): "古い版を残すかどうかは、わかりませんでした（鍵に、その権限がないか、保存先が答えません）。",
    ("clock", "yes"): "このコンピューターの時計は、保存先と合っています。",
    ("clock", "no"): "このコンピューターの時計が、保存先とずれています。送信は続けられますが、時計を合わせてください（NTP）。",
}  # fmt: skip
#: What makes a mirror unfit to read from.
_UNFIT = {("stores", "no"), ("replaces", "no"), ("deletes", "no")}


@frozen
class Finding:
    """``answer``: yes, no, none (it has no such thing), ignored (it says yes and does otherwise), unknown."""

    what: str
    answer: str

    @property
    def words(self) -> str:
        return _WORDS[self.what, self.answer]


@frozen
class Probe:
    """``problem``: the failure that ended it. ``seconds``: what a file took to be stored, in the middle of several."""

    mirror: str
    findings: tuple[Finding, ...]
    seconds: float = 0.0
    problem: Problem | None = None

    @property
    def fit(self) -> bool:
        return self.problem is None and not {(f.what, f.answer) for f in self.findings} & _UNFIT

    def answer(self, what: str) -> str:
        return next((finding.answer for finding in self.findings if finding.what == what), "unknown")

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.mirror, "fit": self.fit, "findings": {f.what: f.answer for f in self.findings},
            "seconds": round(self.seconds, 4), "problem": str(self.problem) if self.problem else "",
        }  # fmt: skip


def probe(mirror: Mirror) -> Probe:
    """Try everything on a few small files of our own, and take them away again. Raises nothing of the mirror's."""
    inner = mirror.mirror if isinstance(mirror, Retrying) else mirror
    folder = f"{PLACE}/{secrets.token_hex(6)}"
    findings: list[Finding] = []
    times: list[float] = []
    problem = None
    try:
        with _cleared(mirror, folder):
            for found in _tries(mirror, inner, folder, times):
                findings.append(found)
    except MirrorError as error:
        problem = error.problem
    return Probe(mirror.name, tuple(findings), sorted(times)[len(times) // 2] if times else 0.0, problem)


@contextmanager
def _cleared(mirror: Mirror, folder: str) -> Iterator[None]:
    try:
        yield
    except MirrorError:
        _clear(mirror, folder, quietly=True)
        raise
    _clear(mirror, folder, quietly=False)


def _clear(mirror: Mirror, folder: str, quietly: bool) -> None:
    try:
        mirror.delete(f"{folder}/a.html")
        mirror.purge(f"{folder}/", ())
    except MirrorError:
        if not quietly:
            raise


def _tries(mirror: Mirror, inner: Mirror, folder: str, times: list[float]) -> Iterator[Finding]:
    path = f"{folder}/a.html"

    def put(body: bytes) -> None:
        begun = time.perf_counter()
        mirror.put(path, body, _SERVED)
        times.append(time.perf_counter() - begun)

    put(_FIRST)
    stored, head = mirror.get(path), mirror.head(path)
    whole = stored is not None and stored.body == _FIRST and head is not None and head.size == len(_FIRST)
    yield Finding("stores", "yes" if whole else "no")
    if stored is None or head is None:
        return
    yield from _kept(stored.headers)
    yield Finding("digest", "yes" if head.md5 else "no")
    put(_SECOND)
    stored = mirror.get(path)
    yield Finding("replaces", "yes" if stored is not None and stored.body == _SECOND else "no")
    put(_FIRST)
    if isinstance(inner, S3Mirror):
        yield Finding("if-none-match", _condition(inner, path, {"if-none-match": "*"}))
        yield Finding("if-match", _condition(inner, path, {"if-match": f'"{"0" * 32}"'}))
        yield Finding("versions", _versions(inner))
        yield Finding("clock", "yes" if abs(inner.ahead) < timedelta(minutes=1) else "no")
    mirror.delete(path)
    yield Finding("deletes", "yes" if mirror.get(path) is None else "no")


def _kept(headers: Headers | None) -> Iterator[Finding]:
    if headers is None:
        yield Finding("content-type", "none")
        yield Finding("cache-control", "none")
        return
    kind = headers.content_type.replace(" ", "").lower()
    yield Finding("content-type", "yes" if kind == _SERVED.content_type.replace(" ", "").lower() else "no")
    yield Finding("cache-control", "yes" if headers.cache_control == _SERVED.cache_control else "no")


def _condition(store: S3Mirror, path: str, condition: dict[str, str]) -> str:
    """Ask for a write that must not happen, and look whether it did (RFC 9110 13.1)."""
    status = store.put_if(path, _SECOND, _SERVED, condition)
    stands = store.get(path)
    if stands is None or stands.body != _FIRST:
        store.put(path, _FIRST, _SERVED)
        return "ignored"
    return "yes" if status in (409, 412) else "no"


def _versions(store: S3Mirror) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = store.client().get_bucket_versioning(Bucket=store.bucket.bucket)
    except MirrorUnavailable:
        return "unknown"
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        return "none" if code in ("NotImplemented", "MethodNotAllowed", "501", "405") else "unknown"
    except BotoCoreError:
        return "unknown"
    return "yes" if answer.get("Status") in ("Enabled", "Suspended") else "none"
