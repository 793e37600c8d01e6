"""Keys and signatures in the format of minisign: Ed25519 over the BLAKE2b-512 of the file (https://jedisct1.github.io/minisign/). Pure.

Anybody can check a copy of a site with ``minisign -V -p minisign.pub -m manifest.json``: no program of ours is needed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from publisher.values import field, frozen

ALGORITHM, PREHASHED, CHECKSUM, PLAIN = b"Ed", b"ED", b"B2", b"\0\0"
UNTRUSTED, TRUSTED = "untrusted comment: ", "trusted comment: "


class Malformed(ValueError):
    """The text is no key or signature of this format."""


class Forged(ValueError):
    """The signature is not this key's, or not for these bytes."""


@frozen
class PublicKey:
    """``number``: eight bytes that tell keys apart; ``key``: 32 bytes of Ed25519."""

    number: bytes
    key: bytes

    @property
    def text(self) -> str:
        """The file ``minisign.pub``."""
        name = self.number[::-1].hex().upper()
        return f"{UNTRUSTED}minisign public key {name}\n{_encode(ALGORITHM + self.number + self.key)}\n"

    @property
    def fingerprint(self) -> str:
        """Twenty hexadecimal digits of the key's SHA-256 in groups of four, to be read out and printed."""
        digits = hashlib.sha256(self.key).hexdigest()[:20].upper()
        return " ".join(digits[i : i + 4] for i in range(0, 20, 4))

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """A file of minisign, or its second line alone. Raises ``Malformed``."""
        lines = [line.strip() for line in text.strip().splitlines()]
        data = _decode(lines[-1] if lines else "", 42)
        if data[:2] != ALGORITHM:
            raise Malformed("not an Ed25519 key of minisign")
        return cls(data[2:10], data[10:])


@frozen
class SecretKey:
    """``seed``: the 32 bytes that everything follows from."""

    number: bytes
    seed: bytes = field(repr=False)

    @classmethod
    def make(cls, random: bytes) -> SecretKey:
        """From 40 random bytes."""
        if len(random) != 40:
            raise ValueError("40 random bytes are needed")
        return cls(random[:8], random[8:])

    @property
    def public(self) -> PublicKey:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return PublicKey(self.number, self._private().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @property
    def text(self) -> str:
        """The file of an unencrypted secret key, as ``minisign -G -W`` writes it."""
        pair = self.seed + self.public.key
        data = ALGORITHM + PLAIN + CHECKSUM + bytes(48) + self.number + pair + bytes(32)
        return f"{UNTRUSTED}minisign secret key (not encrypted: keep it to yourself)\n{_encode(data)}\n"

    @classmethod
    def parse(cls, text: str) -> SecretKey:
        """Raises ``Malformed``, also for a key that is encrypted with a password."""
        lines = [line.strip() for line in text.strip().splitlines()]
        data = _decode(lines[-1] if lines else "", 158)
        if data[:2] != ALGORITHM or data[4:6] != CHECKSUM:
            raise Malformed("not a secret key of minisign")
        if data[2:4] != PLAIN:
            raise Malformed("the key is encrypted with a password")
        number, pair, check = data[54:62], data[62:126], data[126:158]
        found = cls(number, pair[:32])
        right = hashlib.blake2b(ALGORITHM + number + pair, digest_size=32).digest()
        if check not in (right, bytes(32)) or found.public.key != pair[32:]:  # minisign leaves the check of a plain key empty
            raise Malformed("the key is damaged")
        return found

    def _private(self):
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def sign(self, data: bytes, comment: str) -> str:
        """The file ``….minisig``. ``comment`` (one line) is signed as well; the same bytes give the same signature (RFC 8032)."""
        if "\n" in comment or "\r" in comment:
            raise ValueError("a comment is one line")
        private = self._private()
        signature = private.sign(hashlib.blake2b(data, digest_size=64).digest())
        whole = private.sign(signature + comment.encode())
        first = _encode(PREHASHED + self.number + signature)
        return f"{UNTRUSTED}signature of a site's manifest\n{first}\n{TRUSTED}{comment}\n{_encode(whole)}\n"


def verify(key: PublicKey, data: bytes, text: str) -> str:
    """The trusted comment of a signature that is this key's for these bytes. Raises ``Malformed`` or ``Forged``."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    lines = text.splitlines()
    if len(lines) < 4 or not lines[0].startswith(UNTRUSTED) or not lines[2].startswith(TRUSTED):
        raise Malformed("not a signature of minisign")
    first, whole = _decode(lines[1], 74), _decode(lines[3], 64)
    comment = lines[2][len(TRUSTED) :]
    if first[:2] == PREHASHED:
        signed = hashlib.blake2b(data, digest_size=64).digest()
    elif first[:2] == ALGORITHM:
        signed = data
    else:
        raise Malformed("an unknown kind of signature")
    if first[2:10] != key.number:
        raise Forged("the signature is of another key")
    try:
        public = Ed25519PublicKey.from_public_bytes(key.key)
        public.verify(first[10:], signed)
        public.verify(whole, first[10:] + comment.encode())
    except (InvalidSignature, ValueError) as error:
        raise Forged("the signature is not for these bytes") from error
    return comment


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str, length: int) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("not base64") from error
    if len(data) != length:
        raise Malformed(f"{len(data)} bytes instead of {length}")
    return data
