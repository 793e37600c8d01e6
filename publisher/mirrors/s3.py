"""A mirror in an object store that speaks S3: AWS and all that do as it does."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from publisher.errors import MirrorError
from publisher.mirrors.bucket import Bucket
from publisher.mirrors.contract import Head, Stored, checked, checked_prefix
from publisher.mirrors.headers import Headers
from publisher.mirrors.s3_trouble import foreign, told
from publisher.mirrors.trouble import unavailable

if TYPE_CHECKING:
    from botocore.client import BaseClient

#: Answers of a store to a question about a key that it does not have.
_ABSENT = {"NoSuchKey", "NotFound", "404"}
#: Answers of a store that keeps no versions to a question about them.
_UNVERSIONED = {"NotImplemented", "MethodNotAllowed", "501", "405"}
_DIGEST = "sha256"


class S3Mirror:
    """Files are objects below the prefix, with Content-Type, Cache-Control and ``x-amz-meta-sha256``.

    Every upload carries a Content-MD5 and a SHA-256 that is signed with it: some stores check only the one,
    some the other.
    """

    def __init__(self, name: str, bucket: Bucket) -> None:
        self.name = name
        self.bucket = bucket
        self._prefix = f"{bucket.prefix.strip('/')}/" if bucket.prefix.strip("/") else ""
        self._lock = threading.Lock()
        self._made: BaseClient | None = None

    def put(self, path: str, body: bytes, headers: Headers) -> None:
        key = self._key(path)
        md5 = hashlib.md5(body, usedforsecurity=False).digest()
        with self._words():
            answer = self._client().put_object(
                Bucket=self.bucket.bucket,
                Key=key,
                Body=body,
                ContentType=headers.content_type,
                CacheControl=headers.cache_control,
                ContentMD5=base64.b64encode(md5).decode("ascii"),
                Metadata={_DIGEST: hashlib.sha256(body).hexdigest()},
            )
        # A store names what it stored. A login page or a proxy says 200, too.
        if not answer.get("ETag"):
            raise unavailable(self.name, "stranger", detail="200")

    def delete(self, path: str) -> None:
        # One by one: DeleteObjects is missing on GCS and refused by Swift without a Content-MD5.
        key = self._key(path)
        with self._words():
            self._absent_is_none(lambda: self._client().delete_object(Bucket=self.bucket.bucket, Key=key))

    def get(self, path: str) -> Stored | None:
        key = self._key(path)
        with self._words():
            answer = self._absent_is_none(
                lambda: self._client().get_object(Bucket=self.bucket.bucket, Key=key)
            )
            if answer is None:
                return None
            with answer["Body"] as stream:
                body = stream.read()
        self._whole(answer)
        return Stored(body, _headers(answer), answer.get("Metadata", {}).get(_DIGEST, ""))

    def head(self, path: str) -> Head | None:
        key = self._key(path)
        with self._words():
            answer = self._absent_is_none(
                lambda: self._client().head_object(Bucket=self.bucket.bucket, Key=key)
            )
        if answer is None:
            return None
        self._whole(answer)
        return Head(answer["ContentLength"], _headers(answer), answer.get("Metadata", {}).get(_DIGEST, ""))

    def purge(self, prefix: str, keep: Collection[str]) -> int:
        """Older versions first, then the marks of deletion: a mark that went before its file would bring the file back."""
        where = self._prefix + checked_prefix(self.name, prefix)
        kept = {self._prefix + path for path in keep}
        with self._words():
            files, marks = self._versions(where)
            old = [(key, version) for key, version, latest in files if not latest or key not in kept]
            for key, version in [*old, *marks]:
                wanted = {"Bucket": self.bucket.bucket, "Key": key} | ({"VersionId": version} if version else {})
                self._absent_is_none(lambda wanted=wanted: self._client().delete_object(**wanted))
        return len(old) + len(marks)

    def _versions(self, where: str) -> tuple[list[tuple[str, str, bool]], list[tuple[str, str]]]:
        """(key, version, whether it is the one that stands) of every file below, and the marks of deletion.

        A store that knows no versions is asked for its files.
        """
        from botocore.exceptions import ClientError

        files: list[tuple[str, str, bool]] = []
        marks: list[tuple[str, str]] = []
        try:
            for page in self._client().get_paginator("list_object_versions").paginate(Bucket=self.bucket.bucket, Prefix=where):
                files += [(v["Key"], _version(v), v.get("IsLatest", True)) for v in page.get("Versions", ())]
                marks += [(m["Key"], _version(m)) for m in page.get("DeleteMarkers", ())]
        except ClientError as error:
            if str(error.response.get("Error", {}).get("Code", "")) not in _UNVERSIONED:
                raise
            pages = self._client().get_paginator("list_objects_v2").paginate(Bucket=self.bucket.bucket, Prefix=where)
            files = [(entry["Key"], "", True) for page in pages for entry in page.get("Contents", ())]
        return files, marks

    def walk(self) -> Iterator[str]:
        with self._words():
            pages = self._client().get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket.bucket, Prefix=self._prefix):
                for entry in page.get("Contents", ()):
                    yield entry["Key"].removeprefix(self._prefix)

    def _key(self, path: str) -> str:
        return self._prefix + checked(self.name, path)

    def _whole(self, answer: dict[str, Any]) -> None:
        if not answer.get("ETag"):
            raise unavailable(self.name, "stranger", detail="200")

    def _absent_is_none(self, call: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        """None for a key that is not there. A missing bucket fails, also where the store says only 404."""
        from botocore.exceptions import ClientError

        try:
            return call()
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
            if code not in _ABSENT or foreign(error.operation_name, code, headers):
                raise
            if code != "NoSuchKey":
                self._client().head_bucket(Bucket=self.bucket.bucket)
            return None

    def _client(self) -> BaseClient:
        # Made at the first use: it costs half a second that `status` or `check` need not pay.
        with self._lock:
            if self._made is None:
                self._made = _connect(self.bucket)
            return self._made

    @contextmanager
    def _words(self) -> Iterator[None]:
        try:
            yield
        except MirrorError:
            raise
        except Exception as error:
            # The outermost door of this room: boto3 documents no closed list of what it raises.
            raise told(self.name, self.bucket, error) from error


def _connect(bucket: Bucket) -> BaseClient:
    import boto3
    from botocore.config import Config

    options: dict[str, Any] = {}
    if bucket.key:
        options |= {"aws_access_key_id": bucket.key, "aws_secret_access_key": bucket.secret}
        options |= {"aws_session_token": bucket.token} if bucket.token else {}
    if bucket.endpoint:
        options["endpoint_url"] = bucket.endpoint
    session = boto3.session.Session()
    region = bucket.region or session.region_name or "us-east-1"
    config = Config(
        # Newer botocore adds CRC32 trailers that several stores refuse or even store; ours are Content-MD5
        # and SHA-256.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=bucket.connect_timeout,
        read_timeout=bucket.read_timeout,
        # Waiting and trying again is the business of ``Retrying``, where it can be seen and set.
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=bucket.connections,
        proxies={"http": bucket.proxy, "https": bucket.proxy} if bucket.proxy else None,
        s3={"addressing_style": "path" if bucket.endpoint else "auto", "payload_signing_enabled": True},
    )
    return session.client("s3", region_name=region, config=config, **options)


def _version(entry: dict[str, Any]) -> str:
    """The name of a version; "" for what was stored before a bucket kept any."""
    version = entry.get("VersionId") or ""
    return "" if version == "null" and entry.get("IsLatest", True) else version


def _headers(answer: dict[str, Any]) -> Headers:
    return Headers(answer.get("ContentType", ""), answer.get("CacheControl", ""))
