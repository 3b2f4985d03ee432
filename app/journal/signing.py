"""The key that signs seals, and the public ones by which they are verified."""

import os
import tempfile
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from app.journal.errors import JournalUnusable
from app.journal.settings import SealSettings
from app.secrets import NoSecret

_HOW = "`openssl genpkey -algorithm ed25519` makes one"


def signing_key(settings: SealSettings) -> Ed25519PrivateKey:
    """The one that the settings name, made where they name a file that is not there. Raises
    JournalUnusable."""
    if (path := settings.key.file) and not path.exists():
        try:
            _make(path)
        except OSError as error:
            raise JournalUnusable(
                f"the key of the journal's seals cannot be made, {path}: {error.strerror}"
            ) from None
    try:
        key = load_pem_private_key(settings.key.read(), None)
    except NoSecret as error:
        raise JournalUnusable(f"the key of the journal's seals: {error}; {_HOW}") from None
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise JournalUnusable(f"the key of the journal's seals is not Ed25519 in PEM; {_HOW}")
    return key


def public_key(pem: bytes) -> Ed25519PublicKey:
    """Of PEM. Raises JournalUnusable."""
    try:
        key = load_pem_public_key(pem)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise JournalUnusable("a key to verify seals by is not an Ed25519 public key in PEM")
    return key


def trusted_keys(settings: SealSettings) -> list[Ed25519PublicKey]:
    """The public key beside the settings' own, or else derived from that. Raises
    JournalUnusable where there is neither."""
    if settings.key.file:
        beside = public_path(settings.key.file)
        if beside.exists():
            return [public_key(beside.read_bytes())]
        if not settings.key.file.exists():
            raise JournalUnusable(
                f"there is no key to verify seals by: neither {beside}, nor another"
            )
    return [signing_key(settings).public_key()]


def public_path(private: Path) -> Path:
    """Where the public key of this file lies."""
    return private.with_name(private.name + ".pub")


def key_id(key: Ed25519PublicKey) -> str:
    """Its fingerprint: 16 hexadecimal digits of SHA-256 over its raw form."""
    return sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def ids(keys: Iterable[Ed25519PublicKey]) -> dict[str, Ed25519PublicKey]:
    """Public keys by their fingerprints."""
    return {key_id(key): key for key in keys}


def _make(path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if _placed(path, private):
        _placed(public_path(path), public)


def _placed(path: Path, content: bytes) -> bool:
    """Write a file of this content, whole or not at all, unless another start was first."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary)
    return True
