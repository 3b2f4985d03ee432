"""Counts of served rows, by bin: of several replicas they add up."""

import msgspec


class Tally(msgspec.Struct, array_like=True):
    """Counts of ``rows`` rows of a version: by column or output, as its reference names it, those
    of each bin. Outputs have fewer where rows have no answer."""

    model: str
    version: str
    rows: int
    counts: dict[str, list[int]]


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Tally).decode
