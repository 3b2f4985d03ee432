"""A bundle's request contract as typed decoders: one decode per request, errors name the field."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from math import isfinite
from typing import Annotated, Any

import msgspec

from app.serving.errors import ErrorCode, InvalidRequest
from app.serving.fields import allowed, annotation, bounded
from app.serving.pieces import UNREADABLE, elements, members
from app.serving.problems import invalid, missing, problem, unknown, wrong
from deployments.bundle.manifest import FieldSpec, Manifest
from deployments.columns import Column, column_of, key_column

Row = tuple[Any, ...]
"""One row's values, in the order of the contract's fields; instants in epoch seconds."""

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
            raise invalid(error, self._allowed, body) from None

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
                instances = _apart(body, error)
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
            return invalid(error, self._allowed, bytes(instance))
        except InvalidRequest as error:
            return error.with_traceback(None)

    def check_names(self, names: Sequence[str]) -> None:
        """Raises InvalidRequest unless these are the fields, in any order, each once."""
        for place, name in enumerate(names):
            if name not in self._allowed:
                raise unknown(name, self._allowed)
            if name in names[:place]:
                raise InvalidRequest(ErrorCode.INVALID_FIELD, f"{name} is given twice", name)
        for name in self._allowed:
            if name not in names:
                raise missing(name, self._allowed)

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
            field.name: (key_column if field.name in self._keys else column_of)(field.dtype, values)
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
            raise wrong(field.name, self._allowed, what, int(path.strip("[]"))) from None
        if field.dtype == "timestamp":
            column = [at.timestamp() for at in column]
            beyond = (row for row, at in enumerate(column) if not _within(field, at))
        elif field.dtype == "float64":  # JSON has no other numbers than finite ones
            beyond = (row for row, number in enumerate(column) if not isfinite(number))
        else:
            return column
        for row in beyond:
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


def _apart(body: bytes, error: Exception) -> list[bytes]:
    """The instances of a batch that is not JSON, because of some of them. Raises InvalidRequest
    where that is not why."""
    if not isinstance(error, msgspec.ValidationError):
        with suppress(ValueError):
            batch = members(body)
            if batch.keys() == {"instances"}:
                return elements(batch["instances"])
    raise invalid(error, {"instances": "a list of rows"})
