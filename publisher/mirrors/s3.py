"""A mirror in an object store that speaks S3: AWS and all that do as it does.

Files are put, read and deleted over our own lines (``wire``), signed by ourselves: ten times less work a file than boto3's calls.
boto3 finds credentials, regions and endpoints where the settings leave them open, and lists.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from publisher.errors import MirrorError
from publisher.mirrors import aws
from publisher.mirrors.bucket import Bucket
from publisher.mirrors.contract import Head, Stored, checked, checked_prefix, unasked
from publisher.mirrors.headers import Headers
from publisher.mirrors.s3_trouble import (
    answered,
    foreign,
    home_region,
    lost,
    offset,
    told,
    told_response,
    unknown_request,
)
from publisher.mirrors.sign import Signer, encoded
from publisher.mirrors.trouble import refused, unavailable
from publisher.mirrors.wire import Answer, Broken, MadeWay, Wire, proxy_for
from publisher.patterns import pattern

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError

_DIGEST = "x-amz-meta-sha256"
_EMPTY = hashlib.sha256(b"").hexdigest()
_MD5 = pattern(r'"?([0-9a-fA-F]{32})"?')
#: The shape that botocore accepts; AWS itself is stricter.
_BUCKET = pattern(r"[A-Za-z0-9._-]{3,255}")
#: Codes after which a request signed for the store's own clock may succeed.
_CLOCK = {"RequestTimeTooSkewed", "RequestExpired"}
#: Answers of a store to a question about a key that it does not have.
_ABSENT = {"NoSuchKey", "NotFound", "404"}
#: Times that everything old below a path is looked for and deleted before the store is not believed.
ROUNDS = 3
#: Times that a write under a condition is begun anew because another one was under way.
CONFLICTS = 3
#: Refusals after which a store is asked to let no more versions go.
PATIENCE = 20
#: Answers of a store that keeps no versions to a question about them.
_UNVERSIONED = {"NotImplemented", "MethodNotAllowed", "501", "405"}


class S3Mirror:
    """Files are objects below the prefix, with Content-Type, Cache-Control and ``x-amz-meta-sha256``.

    Every upload carries a Content-MD5 and a SHA-256 that is signed with it: some stores check only the one,
    some the other. ``still`` is asked while a large file is under way: ``MadeWay`` where it says no.
    """

    def __init__(self, name: str, bucket: Bucket, still: Callable[[], bool] = lambda: True) -> None:
        self.name, self._still = name, still
        self.bucket = bucket
        self._prefix = f"{bucket.prefix.strip('/')}/" if bucket.prefix.strip("/") else ""
        self._lock = threading.Lock()
        self._made: BaseClient | None = None
        self._aim: aws.Aim | None = None
        self._wire: Wire | None = None
        self._signer = Signer("")
        #: What the store's clock is ahead of ours, where it has refused our time.
        self.ahead = timedelta()

    def put(self, path: str, body: bytes, headers: Headers) -> None:
        self.store(path, body, headers)

    def put_if(self, path: str, body: bytes, headers: Headers, condition: Mapping[str, str]) -> int:
        """As ``put``, under If-None-Match or If-Match (lower-case names): the status with which the store answers.

        2xx: stored; 409 and 412: it was not, because of the condition; 501 and others of 4xx: it knows no conditions.
        """
        with self._words():
            answer = self._put(path, body, headers, condition)
            if answer.status not in (400, 409, 412, 501):
                self._success("PutObject", answer)
            return answer.status

    def store(self, path: str, body: bytes, headers: Headers) -> str:
        """As ``put``; the tag (ETag) of what was stored."""
        with self._words():
            answer = self._put(path, body, headers, {})
            self._success("PutObject", answer)
            # A store names what it stored. A login page or a proxy says 200, too.
            return self._etag(answer)

    def store_if(self, path: str, body: bytes, headers: Headers, condition: Mapping[str, str]) -> str | None:
        """As ``put_if``; the tag of what was stored, or None where the condition does not hold.

        Two that write at the same moment may both be told to try again (409): nothing has been decided then.
        """
        with self._words():
            answer = self._put(path, body, headers, condition)
            for _ in range(CONFLICTS):
                if answer.status != 409:
                    break
                answer = self._put(path, body, headers, condition)
            code = answered(answer)["Error"]["Code"]
            if answer.status == 412 and not foreign("PutObject", code, dict(answer.headers)):
                return None
            if "if-match" in condition and self._absent("PutObject", answer):
                return None
            if unknown_request(answer):
                raise refused(self.name, "conditions", detail=code)
            self._success("PutObject", answer)
            return self._etag(answer)

    def tagged(self, path: str) -> tuple[bytes, str] | None:
        """The bytes of a file and their tag (ETag), or None when there is none."""
        answer = self._got("GET", "GetObject", path)
        return None if answer is None else (answer.body, answer.headers["etag"])

    def _put(self, path: str, body: bytes, headers: Headers, condition: Mapping[str, str]) -> Answer:
        sha256 = hashlib.sha256(body).hexdigest()
        md5 = hashlib.md5(body, usedforsecurity=False).digest()
        sent = {
            "content-type": headers.content_type,
            "cache-control": headers.cache_control,
            "content-md5": base64.b64encode(md5).decode("ascii"),
            _DIGEST: sha256,
            **condition,
        }
        return self._ask("PUT", self._key(path), sent, body, sha256)

    def delete(self, path: str) -> None:
        # One by one: DeleteObjects is missing on GCS and refused by Swift without a Content-MD5.
        key = self._key(path)
        with self._words():
            answer = self._ask("DELETE", key)
            if not self._absent("DeleteObject", answer):
                self._success("DeleteObject", answer)

    def get(self, path: str) -> Stored | None:
        answer = self._got("GET", "GetObject", path)
        return None if answer is None else Stored(answer.body, _headers(answer), answer.headers.get(_DIGEST, ""))

    def head(self, path: str) -> Head | None:
        answer = self._got("HEAD", "HeadObject", path)
        if answer is None:
            return None
        md5 = _MD5.fullmatch(answer.headers["etag"])
        size = int(answer.headers.get("content-length") or 0)
        return Head(size, _headers(answer), answer.headers.get(_DIGEST, ""), md5[1].lower() if md5 else "")

    def _got(self, method: str, operation: str, path: str) -> Answer | None:
        """The answer about a file that is there, with an ETag."""
        key = self._key(path)
        with self._words():
            answer = self._ask(method, key)
            if self._absent(operation, answer):
                return None
            self._success(operation, answer)
            self._etag(answer)
        return answer

    def purge(self, prefix: str, keep: Collection[str], ask: Callable[[], None] = unasked) -> int:
        """Older versions first, then the marks of deletion: a mark that went before its file would bring the file back.

        What stands there and is not kept goes also where the store shows no versions or lets none go; ``MirrorRefused`` says so afterwards.
        """
        where = self._prefix + checked_prefix(self.name, prefix)
        kept = {self._prefix + path for path in keep}
        went = 0
        with self._words():
            for _ in range(ROUNDS):
                ask()
                files, marks, hidden = self._versions(where)
                old = [(key, version) for key, version, latest in files if not latest or key not in kept]
                if not old and not marks:
                    if hidden:
                        raise refused(self.name, "versions-hidden", place=self.bucket.place, detail=hidden)
                    return went
                refusal = self._forget(old, ask)
                if refusal:
                    self._forget([(key, "") for key, version, latest in files if version and latest and key not in kept], ask)
                else:
                    refusal = self._forget(marks, ask)
                if refusal:
                    raise refused(self.name, "versions-kept", place=self.bucket.place, detail=refusal)
                went += len(old) + len(marks)
        raise unavailable(self.name, "undead", path=prefix)

    def _forget(self, versions: Sequence[tuple[str, str]], ask: Callable[[], None]) -> str:
        """Several at a time: a roll has forty thousand files, and each answer takes as long as the line is.

        The store's word where it did not let versions go, else "". After a few refusals no more are asked for: a key without the right meets
        the same answer forty thousand times.
        """
        from concurrent.futures import ThreadPoolExecutor

        client = self.client()
        refusals: list[str] = []

        def one(version: tuple[str, str]) -> None:
            if len(refusals) >= PATIENCE:
                return
            ask()
            if word := self._forget_one(client, *version):
                refusals.append(word)

        with ThreadPoolExecutor(self.bucket.connections, thread_name_prefix=f"purge-{self.name}") as pool:
            for _ in pool.map(one, versions):
                pass
        return refusals[0] if refusals else ""

    def _forget_one(self, client: Any, key: str, version: str) -> str:
        """The store's word where it refused to let a version go; what stands (no ``version``) has to go."""
        from botocore.exceptions import ClientError

        try:
            client.delete_object(**{"Bucket": self.bucket.bucket, "Key": key} | ({"VersionId": version} if version else {}))
        except ClientError as error:
            if str(error.response.get("Error", {}).get("Code", "")) in _ABSENT:
                return ""
            if not version:
                raise
            return self._forbids(error)
        return ""

    def _forbids(self, error: ClientError) -> str:
        """The store's word where it understood and does not allow it; anything else is raised."""
        meant = told(self.name, self.bucket, error)
        if meant.problem.code not in ("mirror-forbidden", "mirror-unknown"):
            raise error
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
        return " ".join(dict.fromkeys(word for word in (status, code) if word))

    def _versions(self, where: str) -> tuple[list[tuple[str, str, bool]], list[tuple[str, str]], str]:
        """(key, version, whether it is the one that stands) of every file below, the marks of deletion, and the store's word where it does
        not show its versions.

        A store that knows or shows no versions is asked for its files.
        """
        from botocore.exceptions import ClientError

        files: list[tuple[str, str, bool]] = []
        marks: list[tuple[str, str]] = []
        hidden = ""
        try:
            for page in self.client().get_paginator("list_object_versions").paginate(Bucket=self.bucket.bucket, Prefix=where):
                files += [(v["Key"], _version(v), v.get("IsLatest", True)) for v in page.get("Versions", ())]
                marks += [(m["Key"], _version(m)) for m in page.get("DeleteMarkers", ())]
        except ClientError as error:
            if str(error.response.get("Error", {}).get("Code", "")) not in _UNVERSIONED:
                hidden = self._forbids(error)
            pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=self.bucket.bucket, Prefix=where)
            files, marks = [(entry["Key"], "", True) for page in pages for entry in page.get("Contents", ())], []
        return files, marks, hidden

    def walk(self) -> Iterator[str]:
        with self._words():
            pages = self.client().get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket.bucket, Prefix=self._prefix):
                for entry in page.get("Contents", ()):
                    yield entry["Key"].removeprefix(self._prefix)

    def client(self) -> BaseClient:
        """boto3's client for the rarer calls; what it raises is for ``s3_trouble.told``."""
        # Made at the first use: it costs half a second that `status` or `check` need not pay.
        with self._lock:
            if self._made is None:
                self._made = aws.client(self.bucket)
            return self._made

    def close(self) -> None:
        """Give the lines back; the next call opens new ones."""
        if self._wire is not None:
            self._wire.close()

    # --- one request ---

    def _key(self, path: str) -> str:
        return self._prefix + checked(self.name, path)

    def _ask(
        self, method: str, key: str, headers: Mapping[str, str] | None = None, body: bytes = b"", sha256: str = _EMPTY
    ) -> Answer:
        """The store's answer, asked once more where it has told us its region or its time."""
        answer = self._once(method, key, headers or {}, body, sha256)
        if 200 <= answer.status < 300 or answer.status == 404:
            return answer
        if self._learn(answer):
            return self._once(method, key, headers or {}, body, sha256)
        return answer

    def _once(self, method: str, key: str, headers: Mapping[str, str], body: bytes, sha256: str) -> Answer:
        aim, wire = self._ready()
        path = aim.path + encoded(key) if key else aim.path.rstrip("/") or "/"
        moment = datetime.now(UTC) + self.ahead
        signed = self._signer.sign(aim.keys(), method, path, "", {"host": wire.netloc, **headers}, sha256, moment)
        return wire.ask(method, path, signed, body)

    def _ready(self) -> tuple[aws.Aim, Wire]:
        with self._lock:
            if self._aim is None or self._wire is None:
                self._turn_to("")
            return self._aim, self._wire  # type: ignore[return-value]

    def _turn_to(self, region: str) -> None:
        if not _BUCKET.fullmatch(self.bucket.bucket):
            raise refused(self.name, "bucket", place=self.bucket.place)
        aim = aws.aim(self.bucket, region)
        proxy = self.bucket.proxy or proxy_for(aim.place.scheme, aim.place.netloc)
        self._wire = Wire(aim.place, proxy, self.bucket.connect_timeout, self.bucket.read_timeout, self._still)
        self._signer = Signer(aim.region)
        self._aim = aim

    def _learn(self, answer: Answer) -> bool:
        """Whether the refusal told something that makes another try worth while."""
        code, region = answered(answer)["Error"]["Code"], home_region(answer)
        with self._lock:
            if region and self._aim is not None and region != self._aim.region:
                # At an address of its own a store knows its regions by name only; at AWS each has an address.
                if self.bucket.endpoint and answer.status // 100 == 3:
                    return False
                self._turn_to(region)
                return True
            ahead = offset(answer.headers.get("date", ""), datetime.now(UTC)) if code in _CLOCK else None
            if ahead is not None and abs(ahead - self.ahead) > timedelta(minutes=1):
                self.ahead = ahead
                return True
        return False

    # --- what an answer means ---

    def _success(self, operation: str, answer: Answer) -> None:
        if not 200 <= answer.status < 300:
            raise told_response(self.name, self.bucket, operation, answered(answer))

    def _absent(self, operation: str, answer: Answer) -> bool:
        """There is no such key. A missing bucket fails, also where the store says only 404."""
        if answer.status != 404:
            return False
        code = answered(answer)["Error"]["Code"]
        if code not in _ABSENT or foreign(operation, code, dict(answer.headers)):
            return False
        if code != "NoSuchKey":
            self._success("HeadBucket", self._ask("HEAD", ""))
        return True

    def _etag(self, answer: Answer) -> str:
        etag = answer.headers.get("etag", "")
        if not etag:
            raise unavailable(self.name, "stranger", detail="200")
        return etag

    @contextmanager
    def _words(self) -> Iterator[None]:
        try:
            yield
        except (MirrorError, MadeWay):
            raise
        except Broken as error:
            host = self._wire.host if self._wire else ""
            raise lost(self.name, error, host) from error
        except Exception as error:
            # The outermost door of this room: boto3 documents no closed list of what it raises.
            raise told(self.name, self.bucket, error) from error


def _version(entry: dict[str, Any]) -> str:
    """The name of a version; "" for what was stored before a bucket kept any."""
    version = entry.get("VersionId") or ""
    return "" if version == "null" and entry.get("IsLatest", True) else version


def _headers(answer: Answer) -> Headers:
    return Headers(answer.headers.get("content-type", ""), answer.headers.get("cache-control", ""))
