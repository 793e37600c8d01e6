"""What a store answers and what boto3 raises, as a failure that a person can read."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from http.client import BadStatusLine, HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from publisher.errors import MirrorError
from publisher.mirrors.trouble import refused, unavailable
from publisher.patterns import pattern

if TYPE_CHECKING:
    from publisher.mirrors.bucket import Bucket
    from publisher.mirrors.wire import Answer, Broken

#: Error codes of S3 (Amazon S3 API Reference, Error responses) and of stores that follow it → our words.
_REFUSED = {
    "InvalidAccessKeyId": "keys-wrong",
    "SignatureDoesNotMatch": "keys-wrong",
    "InvalidToken": "keys-wrong",
    "AuthFailure": "keys-wrong",
    "ExpiredToken": "keys-expired",
    "TokenRefreshRequired": "keys-expired",
    "AccessDenied": "forbidden",
    "AllAccessDisabled": "forbidden",
    "AccountProblem": "forbidden",
    "NotSignedUp": "forbidden",
    "401": "forbidden",
    "403": "forbidden",
    "NoSuchBucket": "bucket",
    "InvalidBucketName": "bucket",
    "404": "bucket",
    "RequestTimeTooSkewed": "clock",
    "RequestExpired": "clock",
    "PermanentRedirect": "region",
    "TemporaryRedirect": "region",
    "Redirect": "region",
    "IllegalLocationConstraintException": "region",
    "AuthorizationHeaderMalformed": "region",
    "301": "region",
    "302": "region",
    "307": "region",
    "308": "region",
    "QuotaExceeded": "full",
    "InsufficientStorage": "full",
    "XMinioStorageFull": "full",
    "XMinioAdminBucketQuotaExceeded": "full",
    "EntityTooLarge": "full",
    "507": "full",
}
_UNAVAILABLE = {
    "BadDigest": "damaged",
    "InvalidDigest": "damaged",
    "XAmzContentSHA256Mismatch": "damaged",
    "IncompleteBody": "cut",
    "RequestTimeout": "slow",
    "OperationAborted": "busy",
    "ConditionalRequestConflict": "busy",
    "TooManyRequests": "busy",
    "Throttling": "busy",
    "ThrottlingException": "busy",
    "RequestLimitExceeded": "busy",
    "SlowDown": "busy",
    "408": "slow",
    "409": "busy",
    "425": "busy",
    "429": "busy",
}


def told(mirror: str, bucket: Bucket, error: Exception) -> MirrorError:
    """The failure of ours that an exception of boto3 or botocore means."""
    from botocore import exceptions as boto

    if isinstance(error, boto.ClientError):
        return told_response(mirror, bucket, error.operation_name, error.response)
    if isinstance(
        error,
        boto.NoCredentialsError
        | boto.PartialCredentialsError
        | boto.CredentialRetrievalError
        | boto.ProfileNotFound,
    ):
        return refused(mirror, "keys-missing", detail=missing_keys(bucket.key_names))
    if isinstance(error, boto.ParamValidationError | boto.InvalidDNSNameError):
        return refused(mirror, "bucket", place=bucket.place)
    if isinstance(error, boto.HTTPClientError | boto.ConnectionError | boto.IncompleteReadError | OSError):
        return _line(mirror, bucket, error)
    if type(error).__name__ == "ResponseParserError":
        return unavailable(mirror, "stranger", detail="読めない返事")
    if isinstance(error, boto.BotoCoreError | ValueError):
        return refused(mirror, "settings", detail=_short(error))
    return unavailable(mirror, "busy", detail=type(error).__name__)


def foreign(operation: str, code: str, headers: dict[str, str]) -> bool:
    """The answer is a page for people, not one of S3's. (HEAD has no body, whatever its type.)"""
    page = "text/html" in headers.get("content-type", "").lower()
    return page and (code.isdigit() or not code) and not operation.startswith("Head")


def missing_keys(names: tuple[str, ...]) -> str:
    """The sentence for credentials that are nowhere; ``names`` are the variables that the settings name."""
    where = "、".join(names or ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    return f"鍵（アクセスキー）がありません（環境変数 {where}）。"


def told_response(mirror: str, bucket: Bucket, operation: str, response: dict[str, Any]) -> MirrorError:
    """Somebody answered with a status that is no success."""
    about = response.get("ResponseMetadata", {})
    headers = {name.lower(): value for name, value in about.get("HTTPHeaders", {}).items()}
    status = int(about.get("HTTPStatusCode") or 0)
    code = str(response.get("Error", {}).get("Code", "") or status)
    detail = code if code == str(status) or not status else f"{status} {code}"
    if status == 407:
        return unavailable(mirror, "proxy-keys")
    if foreign(operation, code, headers):
        return unavailable(mirror, "stranger", detail=str(status))
    if code in _UNAVAILABLE:
        return unavailable(mirror, _UNAVAILABLE[code], detail=detail)
    for known in (code, str(status)):
        if known in _REFUSED:
            return _refused(mirror, bucket, _REFUSED[known], detail, headers, response)
    if status >= 500 or status < 400:
        return unavailable(mirror, "busy", detail=detail)
    return refused(mirror, "unknown", detail=detail)


def _refused(
    mirror: str, bucket: Bucket, words: str, detail: str, headers: dict[str, str], response: dict[str, Any]
) -> MirrorError:
    facts = {"detail": detail, "place": bucket.place}
    if words == "region":
        error = response.get("Error", {})
        home = headers.get("x-amz-bucket-region") or error.get("Region") or error.get("Endpoint") or ""
        facts["detail"] = f"（{home}）" if home else ""
    if words == "clock":
        facts["skew"] = skew(headers.get("date", ""), datetime.now(UTC))
    return refused(mirror, words, **facts)


_ELEMENT = pattern(rb"<(Code|Region|Endpoint)>([^<]{0,200})</")


def answered(answer: Answer) -> dict[str, Any]:
    """An answer in the shape in which botocore hands over those that are no success."""
    found = {name.decode(): value.decode("utf-8", "replace") for name, value in _ELEMENT.findall(answer.body[:8192])}
    error = {"Code": str(answer.status), **found}
    return {"Error": error, "ResponseMetadata": {"HTTPStatusCode": answer.status, "HTTPHeaders": dict(answer.headers)}}


def unknown_request(answer: Answer) -> bool:
    """The store does not know what it was asked for. (What some stores answer with 400 alone, others say with a code that means something else.)"""
    code = answered(answer)["Error"]["Code"]
    known = code in _REFUSED or code in _UNAVAILABLE
    return answer.status in (400, 405, 501) and not known and not foreign("PutObject", code, dict(answer.headers))


def home_region(answer: Answer) -> str:
    """The region in which the store says that the bucket lies, or ""."""
    if answer.status not in (301, 307, 400):
        return ""
    return answer.headers.get("x-amz-bucket-region", "") or answered(answer)["Error"].get("Region", "")


#: What ``http.client`` raises where a proxy answers CONNECT with another status than 200.
_TUNNEL = pattern(r"Tunnel connection failed: (\d{3})")


def lost(mirror: str, error: Broken, host: str) -> MirrorError:
    """The failure that a broken line means."""
    cause = error.cause
    if error.proxied and error.connecting and not isinstance(cause, ssl.SSLError):
        tunnel = _TUNNEL.match(str(cause))
        if tunnel is None:
            return unavailable(mirror, "proxy")
        return unavailable(mirror, "proxy-keys" if tunnel[1] == "407" else "proxy-refused", host=host, detail=tunnel[1])
    if isinstance(cause, socket.gaierror):
        return unavailable(mirror, "name", host=host)
    if isinstance(cause, ssl.SSLError | ssl.CertificateError):
        return unavailable(mirror, "certificate", host=host)
    if isinstance(cause, TimeoutError):
        return unavailable(mirror, "slow")
    if error.connecting:
        return unavailable(mirror, "refused-line" if isinstance(cause, ConnectionRefusedError) else "no-line", host=host)
    if isinstance(cause, BadStatusLine | ValueError) and not isinstance(cause, ConnectionError):
        return unavailable(mirror, "stranger", detail="読めない返事")
    if isinstance(cause, HTTPException | OSError):
        return unavailable(mirror, "cut")
    raise cause


def offset(date: str, now: datetime) -> timedelta | None:
    """What the Date header of an answer (RFC 9110 6.6.1) is ahead of ``now``, or None when it cannot be read."""
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(date) - now
    except (TypeError, ValueError):
        return None


def skew(date: str, now: datetime) -> str:
    """How far ``now`` is from the Date header of an answer: "約15分", or ""."""
    ahead = offset(date, now)
    seconds = abs(ahead.total_seconds()) if ahead is not None else 0
    if seconds < 60:
        return ""
    minutes = round(seconds / 60)
    return f"約{minutes}分" if minutes < 120 else f"約{round(minutes / 60)}時間"


def _line(mirror: str, bucket: Bucket, error: Exception) -> MirrorError:
    """Nobody answered, or the answer broke off."""
    from botocore import exceptions as boto

    host = urlsplit(bucket.endpoint).hostname or "Amazon S3"
    if isinstance(error, boto.ProxyConnectionError):
        return unavailable(mirror, "proxy")
    if isinstance(error, boto.SSLError):
        return unavailable(mirror, "certificate", host=host)
    if isinstance(error, boto.ConnectTimeoutError | boto.ReadTimeoutError | TimeoutError):
        return unavailable(mirror, "slow")
    if isinstance(error, boto.EndpointConnectionError):
        reason = " ".join(type(cause).__name__ + str(cause) for cause in _causes(error))
        if "NameResolution" in reason or "getaddrinfo" in reason:
            return unavailable(mirror, "name", host=host)
        return unavailable(mirror, "refused-line" if "refused" in reason else "no-line", host=host)
    return unavailable(mirror, "cut")


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        inner = getattr(error, "kwargs", {}).get("error") if hasattr(error, "kwargs") else None
        error = inner or error.__cause__ or error.__context__
    return found


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
