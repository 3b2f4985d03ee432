"""Predictions: one decode, one encode, no framework."""

import msgspec

from app.config import Limits
from app.edge.account import Serving
from app.edge.http import HttpCall
from app.edge.observed import METRICS
from app.edge.unicode import unmarked
from app.protocols.rest.messages import BatchResponse, ErrorBody, Prediction
from app.protocols.rest.ndjson import NDJSON, send_lines
from app.serving.errors import InvalidRequest, RowError, WindsockError

_encode = msgspec.json.Encoder().encode


class Predictions:
    """The handlers of ``POST /predict`` and ``POST /predict/batch``."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def predict(self, call: HttpCall, serving: Serving) -> None:
        options = call.options
        values = options.values
        body = await call.body(self._limits.max_body_bytes)
        row = serving.contract.decode(unmarked(body))
        options.rows = 1
        (answer,) = await serving.answer(
            [row], options.deadline, values=values, timing=options.timing
        )
        if isinstance(answer, RowError):
            raise answer
        await call.answer(
            _encode(Prediction(answer.outputs, serving.model, answer.features, options.request_id))
        )

    async def predict_batch(self, call: HttpCall, serving: Serving) -> None:
        options = call.options
        values = options.values
        body = await call.body(self._limits.max_body_bytes)
        rows = serving.contract.decode_batch(unmarked(body), self._limits.max_instances)
        options.skipped = [n for n, row in enumerate(rows) if isinstance(row, InvalidRequest)]
        if NDJSON in options.accept.lower():
            await send_lines(call, rows, serving)
            return
        good = [row for row in rows if not isinstance(row, InvalidRequest)]
        options.rows = len(good)
        answered = serving.answer(good, options.deadline, values=values, timing=options.timing)
        answers = iter(await answered)
        predictions: list[Prediction | ErrorBody] = []
        for place, row in enumerate(rows):
            answer = row if isinstance(row, InvalidRequest) else next(answers)
            if isinstance(answer, WindsockError):
                answer.row = place
                METRICS.row_failed(serving.model, call.route.protocol, answer.code.code)
                predictions.append(ErrorBody(answer.detail(options.request_id)))
            else:
                predictions.append(
                    Prediction(answer.outputs, serving.model, answer.features, options.request_id)
                )
        await call.answer(_encode(BatchResponse(predictions, options.request_id)))
