"""The hot REST routes, as bare ASGI handlers: one decode, one encode, no router."""

import msgspec
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from app.config import Limits
from app.protocols.http import Ask, read_body, send_answer
from app.protocols.rest.messages import BatchResponse, Prediction
from app.protocols.rest.ndjson import NDJSON, last_line, send_lines
from app.serving.dataplane import Dataplane
from app.serving.errors import ErrorBody, FeaturesRefused, InvalidRequest, WindsockError

_ROW, _BATCH = "/predict", "/predict/batch"
PREDICTIONS = frozenset({_ROW, _BATCH})
"""The routes whose requests queue for the model."""

_encode = msgspec.json.Encoder().encode


class Rest:
    """``POST /predict`` and ``POST /predict/batch``; everything else goes to ``rest``."""

    def __init__(self, dataplane: Dataplane, limits: Limits, rest: ASGIApp) -> None:
        self._dataplane = dataplane
        self._limits = limits
        self._rest = rest
        self._routes = {_ROW: self._predict, _BATCH: self._predict_batch}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            handler = self._routes.get(path)
            if handler is not None:
                if scope["method"] != "POST":
                    raise HTTPException(405, f"{path} takes POST", {"Allow": "POST"})
                ask = Ask(scope)
                body = await read_body(receive, ask.length, self._limits.max_body_bytes)
                if NDJSON in ask.accepts and path == _BATCH:
                    scope["state"]["last_words"] = last_line
                    await self._predict_lines(body, ask, send)
                else:
                    await send_answer(send, _encode(await handler(body, ask)), ask.timing)
                return
        # With an app in scope Starlette raises its 404 and 405, and the error layer answers them.
        scope["app"] = self._rest
        await self._rest(scope, receive, send)

    async def _predict(self, body: bytes, ask: Ask) -> Prediction:
        serving = self._dataplane.serving()
        row = serving.contract.decode(body)
        (answer,) = await serving.answer([row], ask.deadline, values=ask.values, timing=ask.timing)
        if isinstance(answer, FeaturesRefused):
            raise answer
        return Prediction(answer.outputs, serving.model, answer.features, ask.request_id)

    async def _predict_lines(self, body: bytes, ask: Ask, send: Send) -> None:
        serving = self._dataplane.serving()
        rows = serving.contract.decode_batch(body, self._limits.max_instances)
        await send_lines(send, rows, serving, ask)

    async def _predict_batch(self, body: bytes, ask: Ask) -> BatchResponse:
        serving = self._dataplane.serving()
        rows = serving.contract.decode_batch(body, self._limits.max_instances)
        good = [row for row in rows if not isinstance(row, InvalidRequest)]
        answered = serving.answer(good, ask.deadline, values=ask.values, timing=ask.timing)
        answers = iter(await answered)
        predictions: list[Prediction | ErrorBody] = []
        for place, row in enumerate(rows):
            answer = row if isinstance(row, InvalidRequest) else next(answers)
            if isinstance(answer, WindsockError):
                answer.row = place
                predictions.append(ErrorBody(answer.detail(ask.request_id)))
            else:
                predictions.append(
                    Prediction(answer.outputs, serving.model, answer.features, ask.request_id)
                )
        return BatchResponse(predictions, ask.request_id)
