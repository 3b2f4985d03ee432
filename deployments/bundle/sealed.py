"""Bundles at rest: each file encrypted by itself, and decrypted in memory alone.

The checksums of a manifest, which is encrypted, too, are those of what is within: a file from
another bundle is refused as a damaged one is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deployments.keyring import Keyring, KeyringError

MAGIC = b"windsock-sealed-1\n"
_MOST = 2**31 - 2**16
"""Bytes that AES-GCM of ``cryptography`` takes at once, with room for what is put around them."""


@dataclass(frozen=True, slots=True)
class Sealing:
    """Seals with the primary key of the keyring that ``content`` gives, and opens with any of its
    keys. The keys themselves are in no field: it may be pickled, and shown."""

    content: Callable[[], bytes]

    def seal(self, file: str, content: bytes) -> bytes:
        """What is to lie on disk for the file of this name. Raises KeyringError."""
        if len(content) > _MOST:
            raise KeyringError(f"{file} is too large to be encrypted: {_MOST} bytes at most")
        return MAGIC + self._keyring().encrypt(content, _context(file))

    def open(self, file: str, sealed: bytes) -> bytes:
        """What was sealed. Raises KeyringError, too where it was not."""
        if not sealed.startswith(MAGIC):
            raise KeyringError("it is not encrypted, and with a keyring every file has to be")
        return self._keyring().decrypt(sealed.removeprefix(MAGIC), _context(file))

    def _keyring(self) -> Keyring:
        return Keyring.parse(self.content())


def sealing_of(keyring: Path) -> Sealing:
    """With the keyring in this file. Raises KeyringError where there is none such."""
    Keyring.read(keyring)
    return Sealing(keyring.read_bytes)


def _context(file: str) -> bytes:
    return b"bundle " + file.encode()
