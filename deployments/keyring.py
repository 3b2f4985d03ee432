"""Keys for what lies on disk: each file has a data key of its own, which a key of the ring wraps.

AES-256-GCM (NIST SP 800-38D) with random nonces of 96 bits. A new primary key is for what is
written from then on; the ring keeps the old ones for what is there, so that nothing is rewritten.
"""

import json
import os
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_LONGEST_NAME = 255
_FORM = '{"primary": name, "keys": {name: 32 bytes in base64}}'


class KeyringError(Exception):
    """A keyring that cannot be read, or that does not open something; no key is in the message."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """``keys`` by their names, of which ``primary`` wraps what is new."""

    primary: str
    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Of its JSON. Raises KeyringError."""
        try:
            document = json.loads(content)
            primary, named = str(document["primary"]), document["keys"].items()
            keys = {str(name): b64decode(key, validate=True) for name, key in named}
        except (ValueError, TypeError, KeyError, AttributeError):
            raise KeyringError(f"a keyring is JSON of this form: {_FORM}") from None
        if primary not in keys:
            raise KeyringError(f"the keyring has no key {primary!r}, its primary one")
        for name, key in keys.items():
            if len(key) != KEY_BYTES or not 0 < len(name.encode()) <= _LONGEST_NAME:
                raise KeyringError(f"key {name!r} of the keyring is not of {KEY_BYTES} bytes")
        return cls(primary, keys)

    @classmethod
    def read(cls, path: Path) -> Self:
        """The keyring in this file. Raises KeyringError."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise KeyringError(f"the keyring {path} cannot be read: {error.strerror}") from None
        return cls.parse(content)

    def new_data_key(self, context: bytes) -> tuple[bytes, bytes]:
        """A fresh key, and the same wrapped, to be kept beside what it encrypts. ``context`` says
        what that is: the key opens nothing else."""
        key = os.urandom(KEY_BYTES)
        name = self.primary.encode()
        wrapped = encrypted(self.keys[self.primary], key, name + b"\0" + context)
        return key, bytes([len(name)]) + name + wrapped

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The data key again. Raises KeyringError."""
        length = wrapped[0] if wrapped else 0
        name = wrapped[1 : 1 + length].decode(errors="replace")
        if name not in self.keys:
            raise KeyringError(f"the keyring has no key {name!r}: add the one that was in use then")
        named = name.encode() + b"\0" + context
        return decrypted(self.keys[name], wrapped[1 + length :], named)

    def encrypt(self, data: bytes, context: bytes) -> bytes:
        """Under a data key of its own, which is kept with it."""
        key, wrapped = self.new_data_key(context)
        return len(wrapped).to_bytes(2, "little") + wrapped + encrypted(key, data, context)

    def decrypt(self, sealed: bytes, context: bytes) -> bytes:
        """What ``encrypt`` was given, with the same context. Raises KeyringError."""
        begin = 2 + int.from_bytes(sealed[:2], "little")
        return decrypted(self.unwrap(sealed[2:begin], context), sealed[begin:], context)


def encrypted(key: bytes, data: bytes, context: bytes) -> bytes:
    """Nonce, ciphertext and tag."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, context)


def decrypted(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """Raises KeyringError where a bit differs, of the context as well."""
    if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
        raise KeyringError("what is encrypted is cut short")
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
    except InvalidTag:
        raise KeyringError("what is encrypted has been altered, or is of another key") from None


def create(path: Path) -> Keyring:
    """Write a keyring of one key, which only its owner may read. Raises KeyringError where there
    is a file."""
    if path.exists():
        raise KeyringError(f"{path} is there already: `windsock keyring rotate` adds a key to it")
    return _written(path, {})


def rotate(path: Path) -> Keyring:
    """Add a key, and make it the primary one. Raises KeyringError."""
    return _written(path, Keyring.read(path).keys)


def _written(path: Path, keys: Mapping[str, bytes]) -> Keyring:
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    names = (f"{today}.{number}" for number in range(1, len(keys) + 2))
    primary = next(name for name in names if name not in keys)
    ring = Keyring(primary, {**keys, primary: os.urandom(KEY_BYTES)})
    shown = {name: b64encode(key).decode() for name, key in ring.keys.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    try:
        with os.fdopen(handle, "w") as file:
            json.dump({"primary": primary, "keys": shown}, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return ring
