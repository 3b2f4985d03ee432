"""A bundle's request contract as typed decoders: one decode per request, errors name the field."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn

import msgspec

from app.errors import ErrorCode, InvalidRequest
from deployments.bundle.manifest import FieldSpec, Manifest
from deployments.frames import Column, key_column, value_column

Row = tuple[Any, ...]
"""One row's values, in the order of the contract's fields; instants in epoch seconds."""

MAX_STRING = 256
"""Longest string field, in characters: keys are short, and a frame has a size limit."""

_INT64 = 2**63 - 1
_PROBLEM = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_NAMED = re.compile(r"Object (?P<kind>missing required|contains unknown) field `(?P<field>.*)`")


class Contract:
    """What a request for one bundle must hold, and the columns it becomes."""

    def __init__(self, manifest: Manifest) -> None:
        self.fields = manifest.fields
        self._specs = {field.name: field for field in self.fields}
        self._keys = {field.name for field in manifest.entities}
        self._instants = [i for i, field in enumerate(self.fields) if field.dtype == "timestamp"]
        self.row_type = msgspec.defstruct(
            "PredictRequest",
            [(f"f{place}", _annotation(field)) for place, field in enumerate(self.fields)],
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
        except msgspec.DecodeError as error:
            self._refuse(error, self._specs)

    def decode_batch(self, body: bytes, limit: int) -> list[Row | InvalidRequest]:
        """The rows of ``{"instances": [...]}``, a wrong one as its error.

        Raises InvalidRequest where the batch itself is wrong: its form, empty, over ``limit``.
        """
        try:
            instances: Sequence[Any] = self._batch.decode(body).instances
        except msgspec.DecodeError:
            try:
                instances = self._raw_batch.decode(body).instances
            except msgspec.DecodeError as error:
                self._refuse(error, {"instances": None})
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
            if isinstance(instance, msgspec.Raw):
                return self.decode(bytes(instance))
            return self._values(instance)
        except InvalidRequest as error:
            error.row = row
            return error

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
                    ErrorCode.OUT_OF_RANGE, f"{field.name} must be {allowed(field)}", field.name
                )
        return tuple(seconds)

    def _refuse(
        self, error: msgspec.DecodeError, fields: Mapping[str, FieldSpec | None]
    ) -> NoReturn:
        """Say in the client's terms what msgspec found wrong with an object of ``fields``."""
        if not isinstance(error, msgspec.ValidationError):
            raise InvalidRequest(
                ErrorCode.MALFORMED_JSON, f"the body is not valid JSON: {error}"
            ) from None
        problem = _PROBLEM.fullmatch(str(error))
        assert problem is not None
        what, path = problem["what"], (problem["path"] or "").removeprefix(".")
        named = _NAMED.fullmatch(what)
        if named and named["kind"] == "contains unknown":
            code, field = ErrorCode.UNKNOWN_FIELD, named["field"]
            message = f"unknown field {field!r}: allowed are {', '.join(fields)}"
        elif named:
            code, field = ErrorCode.MISSING_FIELD, named["field"]
            message = f"{field} is missing: it must be {allowed(fields[field])}"
        elif path in fields:
            code = ErrorCode.OUT_OF_RANGE if "= " in what else ErrorCode.INVALID_FIELD
            field, message = path, f"{path} must be {allowed(fields[path])}: {what}"
        else:
            code, field, message = ErrorCode.INVALID_FIELD, path or None, f"the body: {what}"
        raise InvalidRequest(code, message, field) from None


class _RawBatch(msgspec.Struct, forbid_unknown_fields=True):
    instances: list[msgspec.Raw]


def allowed(field: FieldSpec | None) -> str:
    """What a field may hold, in words; None stands for the rows of a batch."""
    if field is None:
        return "a list of rows"
    if field.dtype == "string":
        return f"a string of 1 to {MAX_STRING} characters"
    kind = {
        "int64": "an integer",
        "float64": "a number",
        "bool": "true or false",
        "timestamp": "an RFC 3339 instant with a UTC offset",
    }[field.dtype]
    minimum, maximum = _bound(field, field.minimum), _bound(field, field.maximum)
    match minimum, maximum:
        case str(), str():
            return f"{kind} from {minimum} to {maximum}"
        case str(), None:
            return f"{kind}, at least {minimum}"
        case None, str():
            return f"{kind}, at most {maximum}"
        case _:
            return kind


def _bound(field: FieldSpec, bound: float | None) -> str | None:
    if bound is None:
        return None
    if field.dtype == "timestamp":
        return datetime.fromtimestamp(bound, UTC).isoformat().replace("+00:00", "Z")
    return f"{bound:.15g}"


def _annotation(field: FieldSpec) -> Any:
    note: dict[str, Any] = {
        "description": f"{field.description} Must be {allowed(field)}.".strip(),
        "examples": [field.example],
    }
    if field.dtype == "string":
        return Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_STRING, **note)]
    if field.dtype == "bool":
        return Annotated[bool, msgspec.Meta(**note)]
    if field.dtype == "timestamp":
        return Annotated[datetime, msgspec.Meta(tz=True, **note)]
    if field.dtype == "int64":
        low = -_INT64 - 1 if field.minimum is None else int(field.minimum)
        high = _INT64 if field.maximum is None else int(field.maximum)
        return Annotated[int, msgspec.Meta(ge=low, le=high, **note)]
    bounds = {"ge": field.minimum, "le": field.maximum}
    limits = {key: value for key, value in bounds.items() if value is not None}
    return Annotated[float, msgspec.Meta(**limits, **note)]
