"""By what an outcome finds its prediction."""

from collections.abc import Iterator
from hashlib import blake2b

from app.observability.predictions.record import Asked, Refused

KEY_BYTES = 16
"""Of BLAKE2b: among 10^12 predictions two have the same key with a probability below 10^-14."""


def key_of(principal: str, request: str, row: int = 0, id: str | int | None = None) -> bytes:
    """Of one row. The principal is part of it: clients name their requests themselves, and no two
    of them share a name."""
    if id is None:
        return _hash(principal, request, f"row {row}")
    return _hash(principal, request, f"{type(id).__name__} {id}")


def whole_key(principal: str, request: str) -> bytes:
    """Of a request that got no prediction as a whole."""
    return _hash(principal, request, "whole")


def refused_key(refused: Refused) -> bytes:
    """Of what got no prediction: the row of a stream, or a whole request."""
    if refused.id is None:
        return whole_key(refused.principal, refused.request)
    return key_of(refused.principal, refused.request, id=refused.id)


def rows_of(asked: Asked) -> Iterator[int]:
    """The places in its request of the rows that a record has of it, as its client counts them."""
    if not asked.skipped:
        yield from range(asked.first, asked.first + asked.rows)
        return
    skipped, number, row = set(asked.skipped), 0, 0
    while number < asked.first + asked.rows:
        if row not in skipped:
            if number >= asked.first:
                yield row
            number += 1
        row += 1


def _hash(principal: str, request: str, what: str) -> bytes:
    text = f"{len(principal)} {principal} {len(request)} {request} {what}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()
