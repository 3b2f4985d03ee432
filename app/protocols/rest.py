"""The hot REST routes, as bare ASGI handlers: one decode, one encode, no router."""

from time import perf_counter

import msgspec
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from app.config import Limits
from app.dataplane import Dataplane
from app.errors import (
    ClientGone,
    ErrorBody,
    ErrorCode,
    FeaturesRefused,
    InvalidRequest,
    WindsockError,
)
from app.schemas import BatchResponse, Prediction
from app.timing import Timing

PREDICTIONS = frozenset({"/predict", "/predict/batch"})
"""The routes whose requests queue for the model."""

_encode = msgspec.json.Encoder().encode


class Rest:
    """``POST /predict`` and ``POST /predict/batch``; everything else goes to ``rest``."""

    def __init__(self, dataplane: Dataplane, limits: Limits, rest: ASGIApp) -> None:
        self._dataplane = dataplane
        self._limits = limits
        self._rest = rest
        self._routes = {"/predict": self._predict, "/predict/batch": self._predict_batch}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            handler = self._routes.get(path)
            if handler is not None:
                if scope["method"] != "POST":
                    raise HTTPException(405, f"{path} takes POST", {"Allow": "POST"})
                ask = _Ask(scope)
                body = await _read(receive, ask.length, self._limits.max_body_bytes)
                answer = _encode(await handler(body, ask))
                await _send(send, answer, ask.timing)
                return
        # With an app in scope Starlette raises its 404 and 405, and the error layer answers them.
        scope["app"] = self._rest
        await self._rest(scope, receive, send)

    async def _predict(self, body: bytes, ask: "_Ask") -> Prediction:
        serving = self._dataplane.serving()
        row = serving.contract.decode(body)
        (answer,) = await serving.answer([row], ask.deadline, values=ask.values, timing=ask.timing)
        if isinstance(answer, FeaturesRefused):
            raise answer
        return Prediction(answer.outputs, serving.model, answer.features, ask.request_id)

    async def _predict_batch(self, body: bytes, ask: "_Ask") -> BatchResponse:
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


class _Ask:
    """What a request wants besides its body."""

    __slots__ = ("deadline", "length", "request_id", "timing", "values")

    def __init__(self, scope: Scope) -> None:
        self.request_id: str = scope["state"]["request_id"]
        self.deadline: float = scope["state"]["deadline"]
        self.length = 0
        self.timing: Timing | None = None
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit():
                self.length = int(value)
            elif name == b"server-timing":
                self.timing = Timing(perf_counter())
        query = scope.get("query_string", b"")
        self.values = bool(query) and not {b"values=true", b"values=1"}.isdisjoint(
            query.lower().split(b"&")
        )


async def _read(receive: Receive, length: int, limit: int) -> bytes:
    """The whole body. Raises InvalidRequest as soon as it says (``length``) or shows that it is
    over ``limit`` bytes."""
    if length > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(limit: int) -> InvalidRequest:
    return InvalidRequest(
        ErrorCode.BODY_TOO_LARGE, f"the body is over {limit} bytes: send less at a time"
    )


async def _send(send: Send, body: bytes, timing: Timing | None) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    if timing:
        headers.append((b"server-timing", timing.header()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
