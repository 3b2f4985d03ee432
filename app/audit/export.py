"""Entries as Parquet, with a line for each row, for DuckDB, pandas or Spark."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from app.audit.entries import Entry, RowEntry

_AT_ONCE = 20_000

_VIEW = pa.struct([("view", pa.string()), ("status", pa.string()), ("age_s", pa.float64())])
SCHEMA = pa.schema(
    [
        ("at", pa.timestamp("us", tz="UTC")),
        ("request", pa.string()),
        ("principal", pa.string()),
        ("key", pa.string()),
        ("route", pa.string()),
        ("model", pa.string()),
        ("version", pa.string()),
        ("outcome", pa.string()),
        ("latency_us", pa.int64()),
        ("id", pa.string()),
        ("row", pa.int32()),
        ("inputs", pa.string()),
        ("subject", pa.string()),
        ("outputs", pa.string()),  # JSON, since each model has its own
        ("features", pa.list_(_VIEW)),
        ("error", pa.string()),
        ("message", pa.string()),
        ("writer", pa.string()),
        ("number", pa.int64()),
    ]
)
"""A request that failed as a whole has one line, without a row."""


def export(entries: Iterable[Entry], path: Path) -> int:
    """Write them to a new file, however many they are; how many lines it has. Raises OSError."""
    lines = chain.from_iterable(map(_lines, entries))
    written = 0
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as file:
        while some := list(islice(lines, _AT_ONCE)):
            file.write_table(pa.Table.from_pylist(some, SCHEMA))
            written += len(some)
    return written


def _lines(entry: Entry) -> Iterator[dict[str, Any]]:
    model, failure = entry.model, entry.failure
    common = {
        "at": entry.at,
        "request": entry.request,
        "principal": entry.principal,
        "key": entry.key,
        "route": entry.route,
        "model": model and model.name,
        "version": model and model.version,
        "outcome": entry.outcome,
        "latency_us": entry.latency_us,
        "id": None if entry.id is None else str(entry.id),
        "error": failure and failure.code,
        "message": failure and failure.message,
        "writer": entry.writer,
        "number": entry.number,
    }
    if not entry.rows:
        yield common
    for row in entry.rows:
        yield common | _of_row(row)


def _of_row(row: RowEntry) -> dict[str, Any]:
    views = msgspec.json.decode(row.features).items()
    told = {
        "row": row.row,
        "inputs": row.inputs,
        "subject": row.subject,
        "outputs": msgspec.json.encode(row.outputs).decode() if row.outputs else None,
        "features": [{"view": view, **state} for view, state in views],
    }
    if row.error is not None:
        told |= {"error": row.error.code, "message": row.error.message}
    return told
