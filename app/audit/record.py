"""The form of records: JSON, one for each batch of the model, and each request that fails as a
whole."""

from typing import Any

import msgspec

from deployments.model_id import ModelId

ANSWERED = "answered"
"""The outcome of a request a row of which has an answer; where none has, it is the error's code."""


class Fault(msgspec.Struct, omit_defaults=True):
    """An error that a client got. The message, which may quote what was asked, is left out where
    rows are about somebody."""

    code: str
    message: str | None = None
    field: str | None = None
    row: int | None = None


class Asked(msgspec.Struct, omit_defaults=True, gc=False):
    """A request, a part of a large one, or a row of a stream."""

    request: str
    """The request id that the client gave, or was given."""
    route: str
    latency_us: int
    """From the first look at it until it was recorded, just before the answer left."""
    principal: str | None = None
    """None where the service asks nobody who they are."""
    key: str | None = None
    """The id of the API key that was shown, where it was one."""
    rows: int = 0
    """How many of the record's are its own."""
    first: int = 0
    """Which row of the whole request its first one is, of those that the contract takes."""
    id: str | int | None = None
    """What the client calls a row of a stream."""


class Record(msgspec.Struct, omit_defaults=True):
    """What was answered to whom, and from what. The rows of all that ``asked`` stand in the same
    order in each of the lists."""

    at_us: int
    """Microseconds since 1970, UTC."""
    asked: list[Asked]
    model: ModelId | None = None
    inputs: list[str] = []
    """The hash of each row as it was parsed: ``app.audit.hashes``."""
    subjects: list[str] = []
    """Whom each row is about, as a keyed hash, where the config says so."""
    outputs: dict[str, list[Any]] = {}
    """What the model gave, by output; null where the row has none, or JSON cannot say it."""
    features: list[msgspec.Raw] = []
    """The state of each row's feature views, as ``features.views`` of an answer has them."""
    errors: dict[int, Fault] = {}
    """What rows were told in place of an answer, by their place here."""
    failure: Fault | None = None
    """Why the request has no answer as a whole, which none of its other records changes."""


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Record).decode
