"""The protocol over HTTP: inference as a bare ASGI handler, what is asked rarely as routes."""

import asyncio
import re
from collections.abc import Callable
from urllib.parse import quote

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.config import Limits
from app.protocols.http import Ask, read_body, send_answer
from app.protocols.oip import PREFIX, binary, compression
from app.protocols.oip.http_messages import decode, encode, tensors_of, wanted_of
from app.protocols.oip.infer import infer
from app.protocols.oip.models import ModelReady, Models, ServerLive, ServerReady, server_metadata
from app.serving.dataplane import Dataplane
from app.serving.served_version import ServedVersion

_MODEL = f"/{PREFIX}/models/{{model}}"
_INFER = re.compile(rf"/{PREFIX}/models/([^/]+)(?:/versions/([^/]+))?/infer")
_LENGTH = binary.HEADER.encode()
_INLINE_BYTES = 2**15  # compressing more would hold up the event loop


def infer_path(model: str) -> str:
    """Where inferences by this model are asked for."""
    return f"/{PREFIX}/models/{quote(model)}/infer"


class InferenceRoute:
    """``POST /v2/models/{model}[/versions/{version}]/infer``; everything else goes to ``rest``."""

    def __init__(self, dataplane: Dataplane, limits: Limits, rest: ASGIApp) -> None:
        self._models = Models(dataplane)
        self._limits = limits
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"].removeprefix(scope.get("root_path", ""))
            named = _INFER.fullmatch(path)
            if named is not None:
                if scope["method"] != "POST":
                    raise HTTPException(405, f"{path} takes POST", {"Allow": "POST"})
                serving = self._models.serving(named[1], named[2] or "")
                await self._infer(serving, scope, receive, send)
                return
        await self._rest(scope, receive, send)

    async def _infer(
        self, serving: ServedVersion, scope: Scope, receive: Receive, send: Send
    ) -> None:
        ask, coding = Ask(scope), _Coding(scope)
        limit = self._limits.max_body_bytes
        body = await read_body(receive, ask.length, limit)
        if coding.content not in compression.PLAIN:
            body = await _aside(compression.inflated, body, coding.content, limit)
        head, tail = binary.split(body, coding.json_length)
        request = decode(head)
        wanted = wanted_of(request)
        inferred = await infer(
            serving,
            tensors_of(request, tail),
            wanted.names,
            request.parameters or {},
            limit=self._limits.max_instances,
            deadline=ask.deadline,
            timing=ask.timing,
        )
        answer, json_length = encode(serving.model, request.id, inferred, wanted)
        kind, more = b"application/json", []
        if json_length is not None:
            kind, more = b"application/octet-stream", [(_LENGTH, str(json_length).encode())]
        if coding.accept is not None:
            answer = await _aside(compression.deflated, answer, coding.accept)
            more.append((b"content-encoding", coding.accept))
        await send_answer(send, answer, ask.timing, kind, more)


class _Coding:
    """How the body of a request is written, and how its answer may be."""

    __slots__ = ("accept", "content", "json_length")

    def __init__(self, scope: Scope) -> None:
        self.content = b""
        self.json_length: bytes | None = None
        self.accept: bytes | None = None
        for name, value in scope["headers"]:
            if name == b"content-encoding":
                self.content = value.strip().lower()
            elif name == _LENGTH:
                self.json_length = value
            elif name == b"accept-encoding":
                self.accept = compression.accepted(value)


async def _aside(change: Callable[..., bytes], body: bytes, *how: object) -> bytes:
    if len(body) <= _INLINE_BYTES:
        return change(body, *how)
    return await asyncio.to_thread(change, body, *how)


def oip_routes(dataplane: Dataplane) -> list[Route]:
    """Health and metadata, of the server, the model and its versions."""
    models = Models(dataplane)

    async def server(_: Request) -> Response:
        return _json(server_metadata())

    async def live(_: Request) -> Response:
        return _json(ServerLive(True))

    async def ready(_: Request) -> Response:
        return _json(ServerReady(True, models.ready), 200 if models.ready else 503)

    async def model(request: Request) -> Response:
        return _json(models.metadata(**request.path_params))

    async def model_ready(request: Request) -> Response:
        is_ready = models.is_ready(**request.path_params)
        answer = ModelReady(request.path_params["model"], is_ready)
        return _json(answer, 200 if is_ready else 503)

    version = f"{_MODEL}/versions/{{version}}"
    return [
        Route(f"/{PREFIX}", server),
        Route(f"/{PREFIX}/", server),
        Route(f"/{PREFIX}/health/live", live),
        Route(f"/{PREFIX}/health/ready", ready),
        Route(_MODEL, model),
        Route(f"{_MODEL}/ready", model_ready),
        Route(version, model),
        Route(f"{version}/ready", model_ready),
    ]


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
