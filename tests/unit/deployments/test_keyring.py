"""Keyrings: what is wrapped opens by the key that wrapped it, in its place, and unaltered."""

import json
import stat
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from deployments.keyring import Keyring, KeyringError, create, rotate


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    return create(tmp_path / "keyring")


def test_what_is_encrypted_is_decrypted(ring: Keyring) -> None:
    for data in (b"", b"x", b"long" * 10_000):
        sealed = ring.encrypt(data, b"file")

        assert sealed != ring.encrypt(data, b"file")
        assert ring.decrypt(sealed, b"file") == data
        assert len(data) < 10 or data not in sealed


def test_every_bit_counts_and_so_does_the_place(ring: Keyring) -> None:
    sealed = ring.encrypt(b"data", b"file")
    for place in range(len(sealed)):
        broken = bytearray(sealed)
        broken[place] ^= 1 << (place % 8)
        with pytest.raises(KeyringError):
            ring.decrypt(bytes(broken), b"file")
    for length in range(len(sealed)):
        with pytest.raises(KeyringError):
            ring.decrypt(sealed[:length], b"file")
    with pytest.raises(KeyringError, match="altered, or is of another key"):
        ring.decrypt(sealed, b"another file")


def test_a_data_key_opens_what_it_was_made_for(ring: Keyring) -> None:
    key, wrapped = ring.new_data_key(b"segment 1")

    assert key not in wrapped
    assert ring.unwrap(wrapped, b"segment 1") == key
    with pytest.raises(KeyringError):
        ring.unwrap(wrapped, b"segment 2")


def test_a_rotated_keyring_opens_what_is_old(tmp_path: Path, ring: Keyring) -> None:
    old = ring.encrypt(b"old", b"file")

    rotated = rotate(tmp_path / "keyring")

    assert rotated == Keyring.read(tmp_path / "keyring")
    assert len(rotated.keys) == 2
    assert rotated.primary != ring.primary
    assert rotated.decrypt(old, b"file") == b"old"
    with pytest.raises(KeyringError, match="add the one that was in use then"):
        ring.decrypt(rotated.encrypt(b"new", b"file"), b"file")


def test_keys_are_for_their_owner_and_shown_nowhere(tmp_path: Path, ring: Keyring) -> None:
    path = tmp_path / "keyring"

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rotate(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["keyring"]
    (key,) = ring.keys.values()
    assert repr(key) not in repr(ring)
    with pytest.raises(KeyringError, match="there already"):
        create(path)


KEY = b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ([], "of this form"),
        ({}, "of this form"),
        ({"primary": "a", "keys": []}, "of this form"),
        ({"primary": "a", "keys": {"a": "not base64"}}, "of this form"),
        ({"primary": ["a"], "keys": {"a": KEY}}, "its primary one"),
        ({"primary": "b", "keys": {"a": KEY}}, "no key 'b', its primary one"),
        ({"primary": "a", "keys": {"a": KEY[:24]}}, "'a' of the keyring is not of 32 bytes"),
        ({"primary": "", "keys": {"": KEY}}, "not of 32 bytes"),
    ],
)
def test_a_keyring_that_is_none_is_refused(document: Any, why: str) -> None:
    with pytest.raises(KeyringError, match=why) as raised:
        Keyring.parse(json.dumps(document).encode())
    assert KEY[:20] not in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match=r"nowhere cannot be read: No such file"):
        Keyring.read(tmp_path / "nowhere")
