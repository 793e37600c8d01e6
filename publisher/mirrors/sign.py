"""AWS Signature Version 4 for requests to S3, with what stays the same for a day worked out once."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from publisher.values import field, frozen, record

_METHOD = "AWS4-HMAC-SHA256"
_UNRESERVED = "-._~"  # RFC 3986 2.3; S3 wants all others encoded, and encoded once


@frozen
class Keys:
    """Access key, secret and, for keys that end soon, the session's token."""

    key: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


def encoded(key: str) -> str:
    """The path of a request for an object's key, as it is sent and as it is signed."""
    return quote(key, safe=f"/{_UNRESERVED}")


@record
class Signer:
    """Signs for one region. Safe to call from several threads."""

    region: str
    _day: tuple[str, str, bytes] = ("", "", b"")

    def sign(
        self, keys: Keys, method: str, path: str, query: str, headers: Mapping[str, str], sha256: str, moment: datetime
    ) -> dict[str, str]:
        """``headers`` (lower-case names, ``host`` among them) and those that sign them (SigV4, "Create a signed request").

        ``path`` and ``query`` are encoded already, the query sorted; ``sha256`` is that of the body; ``moment`` is UTC.
        """
        stamp = moment.strftime("%Y%m%dT%H%M%SZ")
        signed = {**headers, "x-amz-content-sha256": sha256, "x-amz-date": stamp}
        if keys.token:
            signed["x-amz-security-token"] = keys.token
        names = sorted(signed)
        lines = "".join(f"{name}:{' '.join(signed[name].split())}\n" for name in names)
        listed = ";".join(names)
        request = f"{method}\n{path}\n{query}\n{lines}\n{listed}\n{sha256}"
        scope = f"{stamp[:8]}/{self.region}/s3/aws4_request"
        text = f"{_METHOD}\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._key(keys.secret, stamp[:8]), text.encode(), "sha256").hex()
        signed["authorization"] = f"{_METHOD} Credential={keys.key}/{scope}, SignedHeaders={listed}, Signature={signature}"
        return signed

    def _key(self, secret: str, day: str) -> bytes:
        known = self._day
        if known[:2] == (secret, day):
            return known[2]
        key = f"AWS4{secret}".encode()
        for part in (day, self.region, "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._day = (secret, day, key)
        return key
