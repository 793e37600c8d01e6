"""boto3's share: it finds credentials, regions and endpoints, and makes the rarer calls."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from publisher.mirrors.bucket import Bucket
from publisher.mirrors.sign import Keys, encoded
from publisher.values import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.client import BaseClient


@frozen
class Aim:
    """Where the objects of a bucket are asked for: ``place`` (scheme and host), ``path`` in front of a key, ``region``.

    ``keys`` gives those of the moment: a machine's role gets new ones every few hours.
    """

    place: SplitResult
    path: str
    region: str
    keys: Callable[[], Keys]


def client(bucket: Bucket, region: str = "") -> BaseClient:
    """An S3 client of boto3 for a bucket; it takes half a second to make. ``region`` outranks that of the bucket."""
    return _session(bucket)[0] if not region else _session(bucket, region)[0]


def aim(bucket: Bucket, region: str = "") -> Aim:
    """Where to send requests. boto3 is asked only for what the settings leave open."""
    region = region or bucket.region or (bucket.endpoint and _plain_region())
    if bucket.key and bucket.secret and bucket.endpoint and region:
        keys = Keys(bucket.key, bucket.secret, bucket.token)
        place = urlsplit(bucket.endpoint)
        if place.scheme not in ("http", "https") or not place.hostname:
            raise ValueError(f"Invalid endpoint: {bucket.endpoint}")
        return Aim(place, f"{place.path.rstrip('/')}/{encoded(bucket.bucket)}/", region, lambda: keys)
    made, session = _session(bucket, region)
    address = urlsplit(made.generate_presigned_url("put_object", {"Bucket": bucket.bucket, "Key": "x"}, 60))

    def role() -> Keys:
        found = session.get_credentials().get_frozen_credentials()
        return Keys(found.access_key, found.secret_key, found.token or "")

    own = Keys(bucket.key, bucket.secret, bucket.token)
    return Aim(address, address.path.removesuffix("x"), made.meta.region_name, (lambda: own) if bucket.key else role)


def _plain_region() -> str:
    """The region where nothing but the environment can name one; "" where boto3 has files to read."""
    if "AWS_PROFILE" in os.environ or Path(os.environ.get("AWS_CONFIG_FILE", "~/.aws/config")).expanduser().exists():
        return ""
    return os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def _session(bucket: Bucket, region: str = "") -> tuple[BaseClient, Any]:
    import boto3
    from botocore.config import Config

    options: dict[str, Any] = {}
    if bucket.key:
        options |= {"aws_access_key_id": bucket.key, "aws_secret_access_key": bucket.secret}
        options |= {"aws_session_token": bucket.token} if bucket.token else {}
    if bucket.endpoint:
        options["endpoint_url"] = bucket.endpoint
    session = boto3.session.Session()
    region = region or bucket.region or session.region_name or "us-east-1"
    # A name with dots fits no certificate of AWS as a host.
    style = "path" if bucket.endpoint or "." in bucket.bucket else "virtual"
    config = Config(
        # Newer botocore adds CRC32 trailers that several stores refuse or even store; ours are Content-MD5
        # and SHA-256.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        signature_version="s3v4",
        connect_timeout=bucket.connect_timeout,
        read_timeout=bucket.read_timeout,
        # Waiting and trying again is the business of ``Retrying``, where it can be seen and set.
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=bucket.connections,
        proxies={"http": bucket.proxy, "https": bucket.proxy} if bucket.proxy else None,
        s3={"addressing_style": style, "payload_signing_enabled": True},
    )
    return session.client("s3", region_name=region, config=config, **options), session
