"""Records as whoever looks at them wants them: an entry for each request."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from app.audit.record import ANSWERED, Asked, Fault, Record, decode
from app.journal.reading import Record as Written
from deployments.model_id import ModelId


class RowEntry(msgspec.Struct, omit_defaults=True):
    """A row, what the model gave for it or why it has no answer, and the states of its views."""

    row: int
    inputs: str
    subject: str | None = None
    outputs: dict[str, Any] = {}
    features: msgspec.Raw = msgspec.Raw(b"{}")
    error: Fault | None = None


class Entry(msgspec.Struct, omit_defaults=True):
    """What a request was answered, or one part of it, or a row of a stream. ``number`` is that of
    the record, among those of its writer."""

    at: datetime
    request: str
    route: str
    outcome: str
    latency_us: int
    writer: str
    number: int
    principal: str | None = None
    key: str | None = None
    model: ModelId | None = None
    id: str | int | None = None
    rows: list[RowEntry] = []
    failure: Fault | None = None


def entries(written: Written) -> Iterator[Entry]:
    """Those of a record. Raises msgspec.MsgspecError where it is none of ours."""
    record = decode(written.data)
    at = datetime.fromtimestamp(record.at_us / 1e6, UTC)
    place = 0
    for asked in record.asked:
        rows = [_row(record, asked, place, row) for row in range(asked.rows)]
        place += asked.rows
        yield Entry(
            at,
            asked.request,
            asked.route,
            _outcome(record, rows),
            asked.latency_us,
            written.writer,
            written.number,
            asked.principal,
            asked.key,
            record.model,
            asked.id,
            rows,
            record.failure,
        )


def _row(record: Record, asked: Asked, begin: int, row: int) -> RowEntry:
    place = begin + row
    error = record.errors.get(place)
    return RowEntry(
        asked.first + row,
        record.inputs[place],
        record.subjects[place] if record.subjects else None,
        {} if error else {name: values[place] for name, values in record.outputs.items()},
        record.features[place],
        error,
    )


def _outcome(record: Record, rows: list[RowEntry]) -> str:
    if record.failure is not None:
        return record.failure.code
    errors = [row.error for row in rows if row.error]
    return errors[0].code if errors and len(errors) == len(rows) else ANSWERED
