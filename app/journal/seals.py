"""Seals: signed statements of how far a chain went, kept elsewhere than the chain itself.

One is a line: JSON, a space, and the Ed25519 signature (RFC 8032) over that JSON in base64. The
bytes that are signed are those that stand there, so that nothing needs a canonical form.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORMAT = "windsock-seal-1"


class Seal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That a writer's chain had ``count`` records, and this head behind the last of them.

    ``retired``: those before are deleted on purpose.
    """

    format: str
    kind: Literal["checkpoint", "retired"]
    writer: str
    count: int
    head: bytes
    segment: int
    time_ns: int
    key: str
    """Which key signed it."""


class BadSeal(Exception):
    """A line that is no seal of a key that is trusted."""


class NoSeal(BadSeal):
    """A line that is none at all, as it was not written to its end."""


def signed(seal: Seal, key: Ed25519PrivateKey) -> bytes:
    """Its line."""
    text = msgspec.json.encode(seal)
    return text + b" " + b64encode(key.sign(text))


def read_seal(line: bytes, trusted: Mapping[str, Ed25519PublicKey]) -> Seal:
    """The seal of a line. ``trusted`` are public keys by their ids. Raises BadSeal."""
    text, _, signature = line.rpartition(b" ")
    try:
        seal = msgspec.json.decode(text, type=Seal)
    except msgspec.MsgspecError:
        raise NoSeal("a line that is no seal") from None
    key = trusted.get(seal.key)
    if key is None or seal.format != FORMAT:
        raise BadSeal(f"a seal of a key that is not trusted, {seal.key}")
    try:
        raw = b64decode(signature, validate=True)
        if b64encode(raw) != signature:  # of several forms that are read alike one is written
            raise ValueError
        key.verify(raw, text)
    except (InvalidSignature, ValueError):
        raise BadSeal(
            f"a seal whose signature is not of the key that it names, {seal.key}"
        ) from None
    return seal
