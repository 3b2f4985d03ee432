"""A bundle's request contract as typed decoders: one decode per request, errors name the field."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any

import msgspec
import numpy.typing as npt

from app.serving.cells import Unfit, finish_of
from app.serving.column_decoder import ColumnDecoder
from app.serving.domain import Domain
from app.serving.errors import ErrorCode, InvalidRequest
from app.serving.fields import annotation, struct_type
from app.serving.pieces import UNREADABLE, elements, members
from app.serving.problems import invalid, invalid_row, missing, unfit, unknown
from app.serving.words import allowed
from deployments.bundle.manifest import Manifest
from deployments.columns import Column, maker_of

Row = tuple[Any, ...]
"""One row's cells, in the order of the contract's fields; instants in epoch seconds."""

Values = Sequence[Any] | npt.NDArray[Any]

# For the document alone: an empty batch has an error of its own.
_NOT_EMPTY = msgspec.Meta(extra_json_schema={"minItems": 1})


class Contract:
    """What a request for one bundle must hold, and the columns it becomes."""

    def __init__(self, manifest: Manifest) -> None:
        self.fields = manifest.fields
        self.optional = {field.name for field in self.fields if field.optional}
        self._allowed = {field.name: allowed(field) for field in self.fields}
        keys = len(manifest.entities)
        self._makers = [
            (field.name, maker_of(field.dtype, key=place < keys))
            for place, field in enumerate(self.fields)
        ]
        finishes = [finish_of(Domain.of(field)) for field in self.fields]
        self._finishes = [(place, finish) for place, finish in enumerate(finishes) if finish]
        annotations = {field.name: annotation(field) for field in self.fields}
        self._columns = {
            field.name: ColumnDecoder(field, annotations[field.name], self._allowed)
            for field in self.fields
        }
        self.row_type = struct_type("PredictRequest", annotations, self.optional)
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
            return self._cells(self._row.decode(body))
        except UNREADABLE as error:
            raise invalid_row(error, self._allowed, body) from None

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
            return self._cells(instance if decoded else self._row.decode(instance))
        except UNREADABLE as error:
            # Made and not raised: with a traceback it would hold the batch, and the batch it.
            return invalid_row(error, self._allowed, bytes(instance))
        except InvalidRequest as error:
            return error.with_traceback(None)

    def check_names(self, names: Sequence[str]) -> None:
        """Raises InvalidRequest unless these are the fields, in any order, each once; optional
        ones may be left out."""
        for place, name in enumerate(names):
            if name not in self._allowed:
                raise unknown(name, self._allowed)
            if name in names[:place]:
                raise InvalidRequest(ErrorCode.INVALID_FIELD, f"{name} is given twice", name)
        for name in self._allowed:
            if name not in names and name not in self.optional:
                raise missing(name, self._allowed)

    def rows(self, columns: Mapping[str, Values]) -> list[Row]:
        """The rows of columns of the same length, one for each field; optional ones may be left
        out. They hold what JSON would (instants are text), bytes as they are, and fixed-length
        arrays may be one [N, k]; each value is judged as ``decode`` does.

        Raises InvalidRequest, which names field and row.
        """
        absent = [None] * len(next(iter(columns.values())))
        by_field = (
            self.column(field.name, columns.get(field.name, absent)) for field in self.fields
        )
        return list(zip(*by_field, strict=True))

    def from_json(self, field: str, texts: Sequence[bytes | str | None]) -> list[Any]:
        """Values of one field, for ``rows``, from the JSON of each: numbers as exact as in
        ``decode``. None is missing. Raises InvalidRequest, which names field and row."""
        return self._columns[field].from_json(texts)

    def column(self, field: str, values: Values) -> Sequence[Any]:
        """The cells of one field, in the same way."""
        return self._columns[field].decode(values)

    def columns(self, rows: Sequence[Row]) -> dict[str, Column]:
        """Rows as the columns of a frame."""
        return {
            name: make(values)
            for (name, make), values in zip(self._makers, zip(*rows, strict=True), strict=True)
        }

    def schema(self, field: str) -> dict[str, Any]:
        """The JSON Schema of a field's values."""
        return self._columns[field].schema()

    def example(self) -> dict[str, Any]:
        """A request as a client would write it."""
        return {field.name: field.example for field in self.fields}

    def _cells(self, request: msgspec.Struct) -> Row:
        values = msgspec.structs.astuple(request)
        if not self._finishes:
            return values
        cells = list(values)
        place = 0
        try:
            for place, finish in self._finishes:
                if (value := values[place]) is not None:
                    cells[place] = finish(value)
        except Unfit as error:
            refused = unfit(self.fields[place].name, self._allowed, error)
        else:
            return tuple(cells)
        raise refused  # here, since it would hold on to the other


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
