"""The form of records: MessagePack, one for each batch of the model, and each request that got no
prediction."""

from typing import Any

import msgspec

from deployments.model_id import ModelId


class Asked(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """A request, a part of a large one, or a row of a stream."""

    request: str
    principal: str = ""
    rows: int = 1
    first: int = 0
    """Which row of the whole request its first one is."""
    id: str | int | None = None
    """What the client calls a row of a stream."""
    skipped: list[int] = []
    """Rows of the request before its last one here that no version could take: they are not
    among ``rows``, and have no prediction."""


class Predicted(msgspec.Struct, array_like=True, tag="p"):
    """Rows that went through the model together. What is by row stands in the order of
    ``asked``."""

    at_us: int
    """Microseconds since 1970, UTC."""
    model: ModelId
    threshold: float
    asked: list[Asked]
    scores: bytes
    """Little-endian float64 [N], NaN where a row has none."""
    segments: dict[str, list[Any]] = {}
    """Values by field of the request, as text; None where it is missing."""
    failed: list[int] = []
    """The rows that got an error in place of an answer."""


class Refused(msgspec.Struct, array_like=True, tag="r"):
    """A request, or a row of a stream, that got no prediction as a whole."""

    at_us: int
    request: str
    principal: str = ""
    id: str | int | None = None


Record = Predicted | Refused

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Record).decode
