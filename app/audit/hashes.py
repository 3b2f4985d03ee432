"""Hashes of what was asked: of a row as the contract parsed it, whatever carried it."""

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec
import numpy as np

from app.serving.contract import Row


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


canonical: Callable[[Any], bytes] = msgspec.json.Encoder(enc_hook=_plain).encode
"""The bytes that are hashed, of a row: the JSON list of its cells in the order of the contract's
fields, instants in epoch seconds, without white space."""


def plain(row: Row) -> str:
    """The hash of a row that is about nobody. Who can guess the row can confirm it."""
    return sha256(canonical(row)).hexdigest()


def keyed(key: bytes, value: Any) -> str:
    """HMAC-SHA-256 of a row, or of a cell: nobody without the key confirms a guess."""
    return hmac.digest(key, canonical(value), "sha256").hex()
