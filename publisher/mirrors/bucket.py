"""Where an S3 mirror lies and how to reach it."""

from __future__ import annotations

from publisher.values import field, frozen


@frozen
class Bucket:
    """Where a mirror lies and how to reach it.

    ``endpoint`` "" means AWS; ``region`` "" leaves it to the environment. Without ``key`` the usual places of
    the AWS SDKs are searched (environment, ``~/.aws``, the machine's role). Time-outs are in seconds.
    ``proxy`` "" leaves it to HTTP(S)_PROXY.
    """

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    #: What the settings call the key and the secret, for the message when they are missing.
    key_names: tuple[str, ...] = ()
    proxy: str = ""
    connect_timeout: float = 3.0
    read_timeout: float = 10.0
    connections: int = 16

    @property
    def place(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"
