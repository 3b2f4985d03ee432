"""A bundle's request contract as typed decoders: one decode per request, errors name the field."""

import re
from collections.abc import Mapping, Sequence
from itertools import count
from math import isfinite
from typing import Annotated, Any

import msgspec

from app.serving.errors import ErrorCode, InvalidRequest
from app.serving.fields import allowed, annotation, bounded
from deployments.bundle.manifest import FieldSpec, Manifest
from deployments.frames import Column, key_column, value_column

Row = tuple[Any, ...]
"""One row's values, in the order of the contract's fields; instants in epoch seconds."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for a body that it cannot take."""
_PROBLEM = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_NAMED = re.compile(
    r"Object (?P<kind>missing required|contains unknown) field `(?P<field>.*)`", re.DOTALL
)
_SHOWN = 100
# For the document alone: an empty batch has an error of its own.
_NOT_EMPTY = msgspec.Meta(extra_json_schema={"minItems": 1})


class Contract:
    """What a request for one bundle must hold, and the columns it becomes."""

    def __init__(self, manifest: Manifest) -> None:
        self.fields = [bounded(field, key=True) for field in manifest.entities]
        self.fields += [bounded(field, key=False) for field in manifest.request_features]
        self._allowed = {field.name: allowed(field) for field in self.fields}
        self._keys = {field.name for field in manifest.entities}
        self._instants = [i for i, field in enumerate(self.fields) if field.dtype == "timestamp"]
        self._lists: list[Any] = [
            list[annotation(field)]  # type: ignore[misc]
            for field in self.fields
        ]
        self.row_type = msgspec.defstruct(
            "PredictRequest",
            [(f"f{place}", annotation(field)) for place, field in enumerate(self.fields)],
            rename={f"f{place}": field.name for place, field in enumerate(self.fields)},
            forbid_unknown_fields=True,
        )
        self.batch_type = msgspec.defstruct(
            "BatchRequest",
            [("instances", Annotated[list[self.row_type], _NOT_EMPTY])],  # type: ignore[name-defined]
            forbid_unknown_fields=True,
        )
        self._row = msgspec.json.Decoder(self.row_type)
        self._batch = msgspec.json.Decoder(self.batch_type)
        self._raw_batch = msgspec.json.Decoder(_RawBatch)

    def decode(self, body: bytes) -> Row:
        """One row from a JSON object. Raises InvalidRequest."""
        try:
            return self._values(self._row.decode(body))
        except UNREADABLE as error:
            raise invalid(error, self._allowed) from None

    def decode_batch(self, body: bytes, limit: int) -> list[Row | InvalidRequest]:
        """The rows of ``{"instances": [...]}``, a wrong one as its error.

        Raises InvalidRequest where the batch itself is wrong: its form, empty, over ``limit``.
        """
        try:
            batch: Any = self._batch.decode(body)
            instances: Sequence[Any] = batch.instances
        except UNREADABLE:
            try:
                instances = self._raw_batch.decode(body).instances
            except UNREADABLE as error:
                raise invalid(error, {"instances": "a list of rows"}) from None
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
        rows: list[Row | InvalidRequest] = []
        for place, instance in enumerate(instances):
            row = self.checked(instance)
            if isinstance(row, InvalidRequest):
                row.row = place
            rows.append(row)
        return rows

    def checked(self, instance: Any) -> Row | InvalidRequest:
        """The row of a ``row_type``, or of JSON that may be one; a wrong one as its error."""
        try:
            decoded = isinstance(instance, self.row_type)
            return self._values(instance if decoded else self._row.decode(instance))
        except UNREADABLE as error:
            # Made and not raised: with a traceback it would hold the batch, and the batch it.
            return invalid(error, self._allowed)
        except InvalidRequest as error:
            return error.with_traceback(None)

    def check_names(self, names: Sequence[str]) -> None:
        """Raises InvalidRequest unless these are the fields, in any order, each once."""
        for place, name in enumerate(names):
            if name not in self._allowed:
                raise _unknown(name, self._allowed)
            if name in names[:place]:
                raise InvalidRequest(ErrorCode.INVALID_FIELD, f"{name} is given twice", name)
        for name in self._allowed:
            if name not in names:
                raise _missing(name, self._allowed)

    def rows(self, columns: Mapping[str, Sequence[Any]]) -> list[Row]:
        """The rows of columns, one of the same length for each field. They hold what JSON would (a
        timestamp is text), and each value is judged as ``decode`` does.

        Raises InvalidRequest, which names field and row.
        """
        by_field = (columns[field.name] for field in self.fields)
        return list(zip(*map(self._column, count(), by_field), strict=True))

    def columns(self, rows: Sequence[Row]) -> dict[str, Column]:
        """Rows as the columns of a frame."""
        return {
            field.name: (key_column if field.name in self._keys else value_column)(
                field.dtype, values
            )
            for field, values in zip(self.fields, zip(*rows, strict=True), strict=True)
        }

    def schema(self, field: str) -> dict[str, Any]:
        """The JSON Schema of a field's values."""
        place = [one.name for one in self.fields].index(field)
        items: dict[str, Any] = msgspec.json.schema(self._lists[place])["items"]
        return items

    def example(self) -> dict[str, Any]:
        """A request as a client would write it."""
        return {field.name: field.example for field in self.fields}

    def _values(self, request: msgspec.Struct) -> Row:
        values = msgspec.structs.astuple(request)
        if not self._instants:
            return values
        seconds = list(values)
        for place in self._instants:
            seconds[place] = at = values[place].timestamp()
            if not _within(self.fields[place], at):
                raise self._beyond(self.fields[place])
        return tuple(seconds)

    def _column(self, place: int, values: Sequence[Any]) -> Sequence[Any]:
        field = self.fields[place]
        try:
            column: list[Any] = msgspec.convert(values, self._lists[place])
        except msgspec.ValidationError as error:
            what, path = problem(error)
            raise _wrong(field.name, self._allowed, what, int(path.strip("[]"))) from None
        if field.dtype == "timestamp":
            column = [at.timestamp() for at in column]
            wrong = (row for row, at in enumerate(column) if not _within(field, at))
        elif field.dtype == "float64":  # JSON has no other numbers than finite ones
            wrong = (row for row, number in enumerate(column) if not isfinite(number))
        else:
            return column
        for row in wrong:
            raise self._beyond(field, row)
        return column

    def _beyond(self, field: FieldSpec, row: int | None = None) -> InvalidRequest:
        message = f"{field.name} must be {self._allowed[field.name]}"
        return InvalidRequest(ErrorCode.OUT_OF_RANGE, message, field.name, row)


def _within(field: FieldSpec, at: float) -> bool:
    return (field.minimum is None or at >= field.minimum) and (
        field.maximum is None or at <= field.maximum
    )


class _RawBatch(msgspec.Struct, forbid_unknown_fields=True):
    instances: list[msgspec.Raw]


def invalid(error: Exception, allowed: Mapping[str, str]) -> InvalidRequest:
    """Say in the client's terms what was wrong with an object of these fields: what one of
    UNREADABLE says in msgspec's."""
    if not isinstance(error, msgspec.ValidationError):
        match error:
            case RecursionError():
                why = "it is nested too deeply"
            case UnicodeDecodeError():
                why = "it is not UTF-8"
            case _:
                why = str(error)
        return InvalidRequest(ErrorCode.MALFORMED_JSON, f"the body is not valid JSON: {why}")
    what, path = problem(error)
    named = _NAMED.fullmatch(what)
    if named and named["kind"] == "contains unknown":
        return _unknown(named["field"], allowed)
    if named:
        return _missing(named["field"], allowed)
    if path in allowed:
        return _wrong(path, allowed, what)
    return InvalidRequest(ErrorCode.INVALID_FIELD, f"the body: {what}", path or None)


def problem(error: msgspec.ValidationError) -> tuple[str, str]:
    """What msgspec says is wrong, and where: a path of names and places."""
    parts = _PROBLEM.fullmatch(str(error))
    assert parts is not None
    return parts["what"], (parts["path"] or "").removeprefix(".")


def _unknown(field: str, allowed: Mapping[str, str]) -> InvalidRequest:
    field = field[:_SHOWN]
    message = f"unknown field {field!r}: allowed are {', '.join(allowed)}"
    return InvalidRequest(ErrorCode.UNKNOWN_FIELD, message, field)


def _missing(field: str, allowed: Mapping[str, str]) -> InvalidRequest:
    message = f"{field} is missing: it must be {allowed[field]}"
    return InvalidRequest(ErrorCode.MISSING_FIELD, message, field)


def _wrong(
    field: str, allowed: Mapping[str, str], what: str, row: int | None = None
) -> InvalidRequest:
    beyond = "= " in what or "out of range" in what
    code = ErrorCode.OUT_OF_RANGE if beyond else ErrorCode.INVALID_FIELD
    return InvalidRequest(code, f"{field} must be {allowed[field]}: {what}", field, row)
