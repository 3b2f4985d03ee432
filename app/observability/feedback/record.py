"""The form of records: MessagePack, one for each outcome that is kept."""

from collections.abc import Mapping

import msgspec


class Told(msgspec.Struct, array_like=True, omit_defaults=True):
    """An outcome, as ``app.edge.outcomes`` has it."""

    at_us: int
    """When it was told, microseconds since 1970, UTC."""
    principal: str
    request: str
    row: int
    id: str | int | None
    outcome: float
    when_us: int
    """When it was so."""
    fields: Mapping[str, float] = {}


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Told).decode
