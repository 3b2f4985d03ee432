"""A bundle's request contract as typed decoders: one decode per request, errors name the field."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from app.errors import ErrorCode, InvalidRequest
from app.fields import allowed, annotation, bounded
from deployments.bundle.manifest import Manifest
from deployments.frames import Column, key_column, value_column

Row = tuple[Any, ...]
"""One row's values, in the order of the contract's fields; instants in epoch seconds."""

# What msgspec raises for a body that it cannot take.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_PROBLEM = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_NAMED = re.compile(
    r"Object (?P<kind>missing required|contains unknown) field `(?P<field>.*)`", re.DOTALL
)
_SHOWN = 100


class Contract:
    """What a request for one bundle must hold, and the columns it becomes."""

    def __init__(self, manifest: Manifest) -> None:
        self.fields = [bounded(field, key=True) for field in manifest.entities]
        self.fields += [bounded(field, key=False) for field in manifest.request_features]
        self._allowed = {field.name: allowed(field) for field in self.fields}
        self._keys = {field.name for field in manifest.entities}
        self._instants = [i for i, field in enumerate(self.fields) if field.dtype == "timestamp"]
        self.row_type = msgspec.defstruct(
            "PredictRequest",
            [(f"f{place}", annotation(field)) for place, field in enumerate(self.fields)],
            rename={f"f{place}": field.name for place, field in enumerate(self.fields)},
            forbid_unknown_fields=True,
        )
        self.batch_type = msgspec.defstruct(
            "BatchRequest",
            [("instances", list[self.row_type])],  # type: ignore[name-defined]
            forbid_unknown_fields=True,
        )
        self._row = msgspec.json.Decoder(self.row_type)
        self._batch = msgspec.json.Decoder(self.batch_type)
        self._raw_batch = msgspec.json.Decoder(_RawBatch)

    def decode(self, body: bytes) -> Row:
        """One row from a JSON object. Raises InvalidRequest."""
        try:
            return self._values(self._row.decode(body))
        except _UNREADABLE as error:
            raise _invalid(error, self._allowed) from None

    def decode_batch(self, body: bytes, limit: int) -> list[Row | InvalidRequest]:
        """The rows of ``{"instances": [...]}``, a wrong one as its error.

        Raises InvalidRequest where the batch itself is wrong: its form, empty, over ``limit``.
        """
        try:
            batch: Any = self._batch.decode(body)
            instances: Sequence[Any] = batch.instances
        except _UNREADABLE:
            try:
                instances = self._raw_batch.decode(body).instances
            except _UNREADABLE as error:
                raise _invalid(error, {"instances": "a list of rows"}) from None
        if not instances:
            raise InvalidRequest(
                ErrorCode.EMPTY_BATCH, "instances must hold at least one row", "instances"
            )
        if len(instances) > limit:
            raise InvalidRequest(
                ErrorCode.BATCH_TOO_LARGE,
                f"instances holds {len(instances)} rows, at most {limit} are allowed: split them",
                "instances",
            )
        return [self._checked(instance, row) for row, instance in enumerate(instances)]

    def columns(self, rows: Sequence[Row]) -> dict[str, Column]:
        """Rows as the columns of a frame."""
        return {
            field.name: (key_column if field.name in self._keys else value_column)(
                field.dtype, values
            )
            for field, values in zip(self.fields, zip(*rows, strict=True), strict=True)
        }

    def example(self) -> dict[str, Any]:
        """A request as a client would write it."""
        return {field.name: field.example for field in self.fields}

    def _checked(self, instance: Any, row: int) -> Row | InvalidRequest:
        try:
            decoded = isinstance(instance, self.row_type)
            return self._values(instance if decoded else self._row.decode(instance))
        except _UNREADABLE as error:
            # Made and not raised: with a traceback it would hold the batch, and the batch it.
            problem = _invalid(error, self._allowed)
        except InvalidRequest as error:
            problem = error.with_traceback(None)
        problem.row = row
        return problem

    def _values(self, request: msgspec.Struct) -> Row:
        values = msgspec.structs.astuple(request)
        if not self._instants:
            return values
        seconds = list(values)
        for place in self._instants:
            field = self.fields[place]
            seconds[place] = at = values[place].timestamp()
            if (field.minimum is not None and at < field.minimum) or (
                field.maximum is not None and at > field.maximum
            ):
                raise InvalidRequest(
                    ErrorCode.OUT_OF_RANGE,
                    f"{field.name} must be {self._allowed[field.name]}",
                    field.name,
                )
        return tuple(seconds)


class _RawBatch(msgspec.Struct, forbid_unknown_fields=True):
    instances: list[msgspec.Raw]


def _invalid(error: Exception, allowed: Mapping[str, str]) -> InvalidRequest:
    """Say in the client's terms what was wrong with an object of these fields."""
    if not isinstance(error, msgspec.ValidationError):
        match error:
            case RecursionError():
                problem = "it is nested too deeply"
            case UnicodeDecodeError():
                problem = "it is not UTF-8"
            case _:
                problem = str(error)
        return InvalidRequest(ErrorCode.MALFORMED_JSON, f"the body is not valid JSON: {problem}")
    parts = _PROBLEM.fullmatch(str(error))
    assert parts is not None
    what, path = parts["what"], (parts["path"] or "").removeprefix(".")
    named = _NAMED.fullmatch(what)
    if named and named["kind"] == "contains unknown":
        code, field = ErrorCode.UNKNOWN_FIELD, named["field"][:_SHOWN]
        message = f"unknown field {field!r}: allowed are {', '.join(allowed)}"
    elif named:
        code, field = ErrorCode.MISSING_FIELD, named["field"]
        message = f"{field} is missing: it must be {allowed[field]}"
    elif path in allowed:
        beyond = "= " in what or "out of range" in what
        code = ErrorCode.OUT_OF_RANGE if beyond else ErrorCode.INVALID_FIELD
        field, message = path, f"{path} must be {allowed[path]}: {what}"
    else:
        code, field, message = ErrorCode.INVALID_FIELD, path or None, f"the body: {what}"
    return InvalidRequest(code, message, field)
