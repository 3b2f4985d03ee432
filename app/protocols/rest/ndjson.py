"""A batch answered line by line: what is ready leaves, whatever the other rows still wait for."""

from collections.abc import AsyncIterator, Sequence

import msgspec

from app.edge.account import Serving
from app.edge.http import HttpCall
from app.edge.observed import METRICS
from app.protocols.rest.messages import ErrorLine, PredictionLine
from app.serving.contract import Row
from app.serving.errors import ErrorDetail, InvalidRequest, RowError
from app.serving.served_version import Answer

NDJSON = b"application/x-ndjson"
"""What a client accepts to get lines (https://github.com/ndjson/ndjson-spec)."""

_encode = msgspec.json.Encoder().encode_lines

Rows = Sequence[Row | InvalidRequest]


async def send_lines(call: HttpCall, rows: Rows, serving: Serving) -> None:
    """Send a line for each row of a batch: those that are wrong at once, the others by the batch.

    Raises Overloaded, TimedOut or Unavailable, before the first line or behind it.
    """
    call.last_words = last_line
    async for part in lines(rows, serving, call):
        if not call.begun:
            headers = [(b"content-type", NDJSON), *call.fields]
            await call.send({"type": "http.response.start", "status": 200, "headers": headers})
        await call.send({"type": "http.response.body", "body": part, "more_body": True})
    await call.send({"type": "http.response.body", "body": b""})


def last_line(detail: ErrorDetail) -> bytes:
    """What ends an answer whose other rows cannot be answered: it belongs to no row."""
    return _encode([ErrorLine(None, detail)])


def lines(rows: Rows, serving: Serving, call: HttpCall) -> AsyncIterator[bytes]:
    """The lines of an answer, as they are ready. Raises Overloaded at once."""
    options, protocol = call.options, call.route.protocol
    wrong = [(place, row) for place, row in enumerate(rows) if isinstance(row, InvalidRequest)]
    good = [(place, row) for place, row in enumerate(rows) if not isinstance(row, InvalidRequest)]
    options.rows = len(good)
    parts = serving.parts([row for _, row in good], options.deadline, values=options.values)

    def line(place: int, answer: Answer | InvalidRequest) -> PredictionLine | ErrorLine:
        if isinstance(answer, InvalidRequest | RowError):
            answer.row = place
            METRICS.row_failed(serving.model, protocol, answer.code.code)
            return ErrorLine(place, answer.detail(options.request_id))
        outputs, features = answer.outputs, answer.features
        return PredictionLine(place, outputs, serving.model, features, options.request_id)

    async def encoded() -> AsyncIterator[bytes]:
        if wrong:
            yield _encode([line(*one) for one in wrong])
        places = iter([place for place, _ in good])
        async for part in parts:
            yield _encode([line(next(places), answer) for answer in part])

    return encoded()
