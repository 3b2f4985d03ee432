"""The messages of a stream: what a client sends for a row, and what comes back."""

from typing import Annotated, Any

import msgspec

from app.edge.unicode import unmarked
from app.serving.answers import RowAnswer
from app.serving.contract import Contract, Row
from app.serving.errors import ErrorDetail, InvalidRequest
from app.serving.info import FeaturesInfo, OutputValues
from app.serving.pieces import UNREADABLE, fault, members
from app.serving.problems import invalid
from deployments.model_id import ModelId

RowId = (
    Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    | Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
)
"""What a client calls a row; its answer has the same."""

_Timeout = Annotated[int, msgspec.Meta(ge=1, le=999_999_999)]
_NO_TIMEOUT = 0
_ALLOWED = {
    "id": "a string of 1 to 128 characters, or a 64-bit integer",
    "instance": "an object with the fields of a row",
    "timeout_ms": "a whole number of milliseconds, 1 or more",
}


class StreamAnswer(msgspec.Struct):
    """The answer for the row of this id: as of ``/predict``."""

    id: RowId
    outputs: OutputValues
    model: ModelId
    features: FeaturesInfo


class StreamError(msgspec.Struct, omit_defaults=True):
    """Why the row of this id has no answer; the id is null where it could not be read.
    ``retry_after_s`` is there where another try may soon succeed."""

    id: RowId | None
    error: ErrorDetail
    retry_after_s: int | msgspec.UnsetType = msgspec.UNSET


class _RawRow(msgspec.Struct, forbid_unknown_fields=True):
    id: RowId
    instance: msgspec.Raw
    timeout_ms: _Timeout = _NO_TIMEOUT


class _Named(msgspec.Struct):
    id: RowId


_decode_raw = msgspec.json.Decoder(_RawRow).decode
_decode_named = msgspec.json.Decoder(_Named).decode
_encode = msgspec.json.Encoder().encode


class Messages:
    """The form that the rows of one contract have on a stream."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.row_type = msgspec.defstruct(
            "StreamRow",
            [("id", RowId), ("instance", contract.row_type), ("timeout_ms", _Timeout, _NO_TIMEOUT)],
            forbid_unknown_fields=True,
        )
        self._decode = msgspec.json.Decoder(self.row_type).decode

    def read(self, message: bytes | str) -> tuple[RowId | None, Row | InvalidRequest, int]:
        """A row's id, its values, and how many milliseconds it may take (0: it does not say). A
        wrong one has its error for values, and no id where that is what is wrong."""
        try:
            row: Any = self._decode(message)
        except UNREADABLE:
            try:
                data = message.encode(errors="replace") if isinstance(message, str) else message
                if (plain := unmarked(data)) is not data:
                    return self.read(plain)
                row = _decode_raw(message)
            except InvalidRequest as error:
                return None, error.with_traceback(None), _NO_TIMEOUT
            except UNREADABLE as error:
                return *self._apart(message, error), _NO_TIMEOUT
        return row.id, self._contract.checked(row.instance), row.timeout_ms

    def _apart(self, message: bytes | str, error: Exception) -> tuple[RowId | None, InvalidRequest]:
        """The id, if it can be read, of a message that cannot be, and what is wrong with that."""
        text = message.encode() if isinstance(message, str) else message
        try:
            named = members(text)
        except ValueError:
            return _id_of(text), invalid(error, _ALLOWED)
        row_id = _id_of(b'{"id":%b}' % named["id"]) if "id" in named else None
        if row_id is not None and fault(named.get("instance", b"null")):
            row = self._contract.checked(named["instance"])
            assert isinstance(row, InvalidRequest)
            return row_id, row
        return row_id, invalid(error, _ALLOWED, text)


def answer_message(row_id: RowId, answer: RowAnswer, model: ModelId) -> str:
    """What a client is sent for a row."""
    return _encode(StreamAnswer(row_id, answer.outputs, model, answer.features)).decode()


def error_message(row_id: RowId | None, detail: ErrorDetail, retry_after_s: int | None) -> str:
    """What a client is sent for a row without an answer."""
    again = msgspec.UNSET if retry_after_s is None else retry_after_s
    return _encode(StreamError(row_id, detail, again)).decode()


def _id_of(message: bytes) -> RowId | None:
    try:
        return _decode_named(message).id
    except UNREADABLE:
        return None
