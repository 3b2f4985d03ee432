"""The form of outcomes in JSON: one, or many as ``{"outcomes": [...]}``."""

import re
from collections.abc import Sequence
from datetime import datetime
from time import time
from typing import Annotated, Any

import msgspec

from app.edge.guards import Feedback
from app.edge.options import SOUND_REQUEST_ID
from app.edge.outcomes import Outcome
from app.protocols.stream.messages import RowId
from app.serving.errors import ErrorCode, InvalidRequest
from app.serving.pieces import UNREADABLE
from app.serving.problems import invalid, invalid_row

MANY = "outcomes"
_LARGEST = 1e15  # so that no sum of them is infinite
_AHEAD_S = 5.0  # by which the clock of a client may go before ours
_UNSET = msgspec.UNSET

_Number = Annotated[float, msgspec.Meta(ge=-_LARGEST, le=_LARGEST)]
_Binary = Annotated[bool | float, msgspec.Meta(extra_json_schema={"enum": [True, False, 0, 1]})]
_RequestId = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern="^[!-~]+$")]
_Row = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
_At = Annotated[datetime, msgspec.Meta(tz=True)]

_is_sound = re.compile(SOUND_REQUEST_ID).fullmatch


class _Shape(msgspec.Struct):
    outcomes: msgspec.Raw | msgspec.UnsetType = _UNSET


class _Many(msgspec.Struct, forbid_unknown_fields=True):
    outcomes: list[msgspec.Raw]


class OutcomeForm:
    """What this service takes."""

    def __init__(self, feedback: Feedback) -> None:
        self._most = feedback.max_outcomes
        self._binary = feedback.binary
        number = f"a number from {-_LARGEST:g} to {_LARGEST:g}"
        self._allowed = {
            "request_id": "the request id of a prediction: 1 to 128 printable ASCII characters",
            "outcome": "true, false, 1 or 0" if self._binary else number,
            "row": "the place of the row in its request, a whole number from 0 on",
            "id": "the id of a row of a stream: a string of 1 to 128 characters, or an integer",
            "at": "an RFC 3339 instant with a UTC offset, and not in the future",
            "fields": f"an object of numbers: {', '.join(feedback.sums) or 'none'}",
            "early": "true or false",
        }
        given = [(name, _Number | msgspec.UnsetType, _UNSET) for name in feedback.sums]
        fields = msgspec.defstruct("OutcomeFields", given, forbid_unknown_fields=True)
        self._type = msgspec.defstruct(
            "Outcome",
            [
                ("request_id", _RequestId),
                ("outcome", _Binary if self._binary else _Number),
                ("row", _Row | msgspec.UnsetType, _UNSET),
                ("id", RowId | msgspec.UnsetType, _UNSET),
                ("at", _At | msgspec.UnsetType, _UNSET),
                ("fields", fields | msgspec.UnsetType, _UNSET),
                ("early", bool, False),
            ],
            forbid_unknown_fields=True,
            kw_only=True,
        )
        self._decode = msgspec.json.Decoder(self._type).decode
        self._decode_shape = msgspec.json.Decoder(_Shape).decode
        self._decode_many = msgspec.json.Decoder(_Many).decode

    def read(self, body: bytes) -> Outcome | list[Outcome | InvalidRequest]:
        """One, or many, of which a wrong one is its error. Raises InvalidRequest."""
        try:
            many = self._decode_shape(body).outcomes is not _UNSET
        except UNREADABLE as error:
            raise invalid(error, self._allowed | {MANY: "a list of outcomes"}, body) from None
        if many:
            return self._read_many(body)
        outcome = self._one(body)
        if isinstance(outcome, InvalidRequest):
            raise outcome
        return outcome

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of all of it."""
        one = _inlined(msgspec.json.schema(self._type))
        one["not"] = {"required": ["row", "id"]}
        many = {"type": "array", "items": one, "minItems": 1, "maxItems": self._most}
        return {
            "title": "FeedbackRequest",
            "anyOf": [
                one,
                {
                    "title": "Outcomes",
                    "type": "object",
                    "properties": {MANY: many},
                    "required": [MANY],
                    "additionalProperties": False,
                },
            ],
        }

    def _read_many(self, body: bytes) -> list[Outcome | InvalidRequest]:
        try:
            given: Sequence[msgspec.Raw] = self._decode_many(body).outcomes
        except UNREADABLE as error:
            raise invalid(error, {MANY: "a list of outcomes"}, body) from None
        if not given:
            why = f"{MANY} must hold at least one outcome"
            raise InvalidRequest(ErrorCode.EMPTY_BATCH, why, MANY)
        if len(given) > self._most:
            raise InvalidRequest(
                ErrorCode.BATCH_TOO_LARGE,
                f"{MANY} holds {len(given)}, at most {self._most} are allowed: split them",
                MANY,
            )
        return [self._one(bytes(one), place) for place, one in enumerate(given)]

    def _one(self, text: bytes, place: int | None = None) -> Outcome | InvalidRequest:
        """``place`` is its own among many."""
        try:
            read = self._checked(self._decode(text))
        except UNREADABLE as error:
            read = invalid_row(error, self._allowed, text)
        if isinstance(read, InvalidRequest):
            read.row = place
        return read

    def _checked(self, given: Any) -> Outcome | InvalidRequest:
        """What msgspec cannot check."""
        if not _is_sound(given.request_id):
            return self._wrong("request_id")
        if self._binary and given.outcome not in (0, 1):
            return self._wrong("outcome")
        if given.row is not _UNSET and given.id is not _UNSET:
            why = "row and id: a row of a stream has an id, and one of a request a place"
            return InvalidRequest(ErrorCode.INVALID_FIELD, why, "id")
        at_us = None
        if given.at is not _UNSET:
            at_s = given.at.timestamp()
            if at_s > time() + _AHEAD_S:
                return self._wrong("at", ErrorCode.OUT_OF_RANGE)
            at_us = round(at_s * 1e6)
        fields = {} if given.fields is _UNSET else msgspec.structs.asdict(given.fields)
        return Outcome(
            given.request_id,
            float(given.outcome),
            row=0 if given.row is _UNSET else given.row,
            id=None if given.id is _UNSET else given.id,
            at_us=at_us,
            fields={name: value for name, value in fields.items() if value is not _UNSET},
            early=given.early,
        )

    def _wrong(self, field: str, code: ErrorCode = ErrorCode.INVALID_FIELD) -> InvalidRequest:
        return InvalidRequest(code, f"{field} must be {self._allowed[field]}", field)


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that refers to nothing."""
    parts = schema["$defs"]

    def whole(value: Any) -> Any:
        if isinstance(value, list):
            return [whole(one) for one in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            return whole(parts[value["$ref"].rpartition("/")[2]])
        return {name: whole(one) for name, one in value.items()}

    inlined: dict[str, Any] = whole({"$ref": schema["$ref"]})
    return inlined
