"""Served rows as the table that Feast's ``write_logged_features`` takes of a feature service."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from feast.errors import FeastObjectNotFoundException
from feast.feature_logging import (
    LOG_DATE_FIELD,
    LOG_TIMESTAMP_FIELD,
    REQUEST_ID_FIELD,
    FeatureServiceLoggingSource,
)
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus

from app.observability.served.rows import ServedRows
from deployments.bundle.manifest import Manifest
from deployments.bundle.schema import column_name
from deployments.columns import Column
from deployments.features.store.feast import FeatureStore
from deployments.frames import Status

_AT, _STATUS = "__timestamp", "__status"
_OF_VIEWS = {
    Status.FRESH: FieldStatus.PRESENT,
    Status.STALE: FieldStatus.OUTSIDE_MAX_AGE,
    Status.MISSING: FieldStatus.NOT_FOUND,
    Status.DEFAULTED: FieldStatus.OUTSIDE_MAX_AGE,
}


_NOT_HELD = (pa.ArrowException, TypeError, ValueError, OverflowError)


class NotLoggable(Exception):
    """Feast has no log for what is served; the message says of what."""


def schema_of(store: FeatureStore, service: Any) -> pa.Schema:
    """What Feast's log of a feature service holds. Raises NotLoggable for a type that it has no
    column for, and where the registry has not all of the service any more."""
    try:
        return FeatureServiceLoggingSource(service, store.project).get_schema(store.registry)
    except FeastObjectNotFoundException as error:
        raise NotLoggable(f"the registry has not all of {service.name!r}: {error}") from error
    except KeyError as error:
        raise NotLoggable(
            f"Feast's log of {service.name!r} has no column for the type {error}: leave such "
            "features out of the service, or its logging_config"
        ) from error


class Logged(NamedTuple):
    """What can be logged, and how many rows cannot; ``why`` says it of one of them."""

    table: pa.Table
    failed: int
    why: str | None


def table_of(schema: pa.Schema, manifest: Manifest, parts: Sequence[ServedRows]) -> Logged:
    """The rows of these records in that form: join keys, request fields, and each feature with its
    status and event time; instants are of the clock that features age by. Rows with a value that
    the schema cannot hold are left out."""
    tables, failed, why = [], 0, None
    for part in parts:
        try:
            one = _part(schema, manifest, part)
        except _NOT_HELD as error:
            one = Logged(schema.empty_table(), len(part.requests), f"a record is damaged: {error}")
        tables.append(one.table)
        failed += one.failed
        why = why or one.why
    return Logged(pa.concat_tables(tables), failed, why)


def _part(schema: pa.Schema, manifest: Manifest, part: ServedRows) -> Logged:
    columns = _columns(manifest, part)
    arrays, bad, why = [], set[int](), None
    for field in schema:
        cells = columns.get(field.name, lambda: [None] * len(part.requests))()
        try:
            arrays.append(_array(field.type, cells))
        except _NOT_HELD as error:
            why = why or f"{field.name!r} cannot be logged as {field.type}: {error}"
            held = [_is_held(field.type, cell) for cell in cells]
            bad |= {place for place, one in enumerate(held) if not one}
            kept = [cell if one else None for cell, one in zip(cells, held, strict=True)]
            arrays.append(_array(field.type, kept))
    table = pa.Table.from_arrays(arrays, schema=schema)
    if bad:
        table = table.take([place for place in range(len(part.requests)) if place not in bad])
    return Logged(table, len(bad), why)


def _array(kind: pa.DataType, cells: list[Any]) -> pa.Array:
    return pa.array(_arrow(kind, cells), kind)


def _is_held(kind: pa.DataType, cell: Any) -> bool:
    try:
        _array(kind, [cell])
    except _NOT_HELD:
        return False
    return True


def _columns(manifest: Manifest, part: ServedRows) -> dict[str, Callable[[], list[Any]]]:
    """How each column's cells are had."""
    n, at = len(part.requests), datetime.fromtimestamp(part.at, UTC)
    columns: dict[str, Callable[[], list[Any]]] = {
        LOG_TIMESTAMP_FIELD: lambda: [at] * n,
        LOG_DATE_FIELD: lambda: [at.date()] * n,
        REQUEST_ID_FIELD: lambda: list(part.requests),
    }
    service = manifest.service
    dtypes = {field.name: field.dtype for field in manifest.fields} | service.columns
    for name, packed in part.columns.items():
        if name in dtypes:
            columns[name] = partial(packed.cells, dtypes[name])
    states = dict(zip(part.views, zip(*part.states(), strict=True), strict=True))
    for view, features in (
        *((name, one.features) for name, one in service.views.items()),
        *service.on_demand.items(),
    ):
        for feature in features:
            name = column_name(view, feature)
            if name not in columns:
                continue
            columns[name + _AT] = partial(_event_times, part.at, states.get(view), n)
            columns[name + _STATUS] = partial(_statuses, columns[name], states.get(view))
    return columns


States = tuple[Column, Column] | None
"""Status and age of a stored view, each [N]; None of one that is computed."""


def _event_times(at: float, states: States, rows: int) -> list[Any]:
    if states is None:
        return [int(at)] * rows
    return [None if age_s != age_s else int(round(at - age_s, 3)) for age_s in states[1].tolist()]


def _statuses(cells: Callable[[], list[Any]], states: States) -> list[int]:
    values = cells()
    if states is None:
        return [FieldStatus.NULL_VALUE if one is None else FieldStatus.PRESENT for one in values]
    return [
        _status(Status(status), unread=bool(np.isnan(age_s)), missing=value is None)
        for value, status, age_s in zip(values, *(one.tolist() for one in states), strict=True)
    ]


def _status(status: Status, *, unread: bool, missing: bool) -> int:
    if status is Status.DEFAULTED and unread:
        return FieldStatus.INVALID
    if status is Status.FRESH and missing:
        return FieldStatus.NULL_VALUE
    return _OF_VIEWS[status]


def _arrow(kind: pa.DataType, cells: list[Any]) -> list[Any]:
    """Instants in the whole seconds that Feast has them in."""
    if kind == pa.timestamp("s") or kind == pa.timestamp("s", "UTC"):
        return [None if one is None else int(one) for one in cells]
    if pa.types.is_list(kind) and pa.types.is_timestamp(kind.value_type):
        return [None if one is None else [int(at) for at in one] for one in cells]
    return cells
