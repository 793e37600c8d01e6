"""Signatures that minisign itself accepts, and nothing that it would not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.proof.minisign import Forged, Malformed, PublicKey, SecretKey, verify

KEY = SecretKey.make(bytes(range(40)))


@pytest.fixture(scope="session")
def minisign() -> str:
    found = shutil.which("minisign")
    if found is None:
        pytest.skip("minisign is not here")
    return found


@given(st.binary(max_size=300), st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=60))
def test_what_was_signed_verifies(data: bytes, comment: str) -> None:
    comment = comment.replace("\x85", "")
    assert verify(KEY.public, data, KEY.sign(data, comment)) == comment


@given(st.binary(min_size=1, max_size=200), st.integers(0), st.integers(1, 255))
def test_a_changed_byte_does_not(data: bytes, place: int, change: int) -> None:
    changed = bytearray(data)
    changed[place % len(data)] ^= change
    with pytest.raises(Forged):
        verify(KEY.public, bytes(changed), KEY.sign(data, "serial:1"))


def test_nor_does_a_changed_comment_or_another_key() -> None:
    signed = KEY.sign(b"site", "serial:7")
    with pytest.raises(Forged):
        verify(KEY.public, b"site", signed.replace("serial:7", "serial:8"))
    with pytest.raises(Forged):
        verify(SecretKey.make(bytes(range(1, 41))).public, b"site", signed)
    same_number = PublicKey(KEY.number, SecretKey.make(bytes(range(2, 42))).public.key)
    with pytest.raises(Forged):
        verify(same_number, b"site", signed)


@given(st.text(max_size=300))
def test_any_other_text_is_malformed(text: str) -> None:
    for read in (PublicKey.parse, SecretKey.parse, lambda t: verify(KEY.public, b"x", t)):
        with pytest.raises(Malformed):
            read(text)


def test_keys_read_back() -> None:
    assert SecretKey.parse(KEY.text) == KEY
    assert PublicKey.parse(KEY.public.text) == KEY.public
    assert PublicKey.parse(KEY.public.text.splitlines()[1]) == KEY.public
    assert len(KEY.public.fingerprint) == 24
    damaged = KEY.text.splitlines()[1]
    damaged = damaged[:120] + ("A" if damaged[120] != "A" else "B") + damaged[121:]
    with pytest.raises(Malformed):
        SecretKey.parse(damaged)


def test_minisign_accepts_our_signatures(tmp_path: Path, minisign: str) -> None:
    (tmp_path / "manifest.json").write_bytes(b'{"serial": 3}\n')
    (tmp_path / "minisign.pub").write_text(KEY.public.text)
    (tmp_path / "manifest.json.minisig").write_text(KEY.sign(b'{"serial": 3}\n', "serial:3"))
    command = [minisign, "-V", "-p", "minisign.pub", "-m", "manifest.json"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "serial:3" in said
    (tmp_path / "manifest.json").write_bytes(b'{"serial": 4}\n')
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0


def test_we_accept_what_minisign_makes(tmp_path: Path, minisign: str) -> None:
    (tmp_path / "file").write_bytes(b"bytes\n")
    subprocess.run([minisign, "-G", "-W", "-p", "key.pub", "-s", "key"], cwd=tmp_path, capture_output=True, check=True)
    subprocess.run([minisign, "-S", "-s", "key", "-m", "file", "-t", "a comment"], cwd=tmp_path, capture_output=True, check=True)
    public = PublicKey.parse((tmp_path / "key.pub").read_text())
    assert verify(public, b"bytes\n", (tmp_path / "file.minisig").read_text()) == "a comment"
    assert SecretKey.parse((tmp_path / "key").read_text()).public == public
