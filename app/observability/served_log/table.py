"""Served rows as the table that Feast's ``write_logged_features`` takes of a feature service."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
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


class NotLoggable(Exception):
    """Feast has no log for what is served; the message says of what."""


def schema_of(store: FeatureStore, service: Any) -> pa.Schema:
    """What Feast's log of a feature service holds. Raises NotLoggable for a type that it has no
    column for."""
    try:
        return FeatureServiceLoggingSource(service, store.project).get_schema(store.registry)
    except KeyError as error:
        raise NotLoggable(
            f"Feast's log of {service.name!r} has no column for the type {error}: leave such "
            "features out of the service, or its logging_config"
        ) from error


def table_of(schema: pa.Schema, manifest: Manifest, parts: Sequence[ServedRows]) -> pa.Table:
    """The rows of these records in that form: join keys, request fields, and each feature with its
    status and event time; instants are of the clock that features age by. Raises NotLoggable for a
    value that the schema cannot hold."""
    tables = [_part(schema, manifest, part) for part in parts]
    return pa.concat_tables(tables)


def _part(schema: pa.Schema, manifest: Manifest, part: ServedRows) -> pa.Table:
    columns = _columns(manifest, part)
    arrays = []
    for field in schema:
        cells = columns.get(field.name, lambda: [None] * len(part.requests))()
        try:
            arrays.append(pa.array(_arrow(field.type, cells), field.type))
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise NotLoggable(
                f"{field.name!r} cannot be logged as {field.type}: {error}"
            ) from error
    return pa.Table.from_arrays(arrays, schema=schema)


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
