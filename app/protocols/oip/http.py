"""The protocol over HTTP: inference, and what is asked rarely."""

import msgspec

from app.config import Limits
from app.edge.account import Serving
from app.edge.content_coding import packed
from app.edge.http import JSON, HttpCall
from app.protocols.oip import binary
from app.protocols.oip.http_messages import decode, encode, tensors_of, wanted_of
from app.protocols.oip.infer import infer
from app.protocols.oip.models import (
    ModelReady,
    ServerLive,
    ServerReady,
    model_metadata,
    server_metadata,
)
from app.serving.dataplane import Dataplane
from app.serving.served_version import ServedVersion

_LENGTH = binary.HEADER.encode()


class Inference:
    """The handler of ``POST /v2/models/{model}[/versions/{version}]/infer``."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def infer(self, call: HttpCall, serving: Serving) -> None:
        options = call.options
        body = await call.body(self._limits.max_body_bytes)
        head, tail = binary.split(body, options.json_length)
        request = decode(head)
        wanted = wanted_of(request)
        inferred = await infer(
            serving,
            tensors_of(request, tail),
            wanted.names,
            request.parameters or {},
            options=options,
            limit=self._limits.max_instances,
        )
        answer, json_length = encode(serving.model, request.id, inferred, wanted)
        kind, more = JSON, []
        if json_length is not None:
            kind, more = b"application/octet-stream", [(_LENGTH, str(json_length).encode())]
        answer, coding = await packed(answer, options.accept_encoding)
        if coding is not None:
            more.append((b"content-encoding", coding))
        await call.answer(answer, kind, more)


class Metadata:
    """The handlers of health and metadata, of the server, the model and its versions."""

    def __init__(self, dataplane: Dataplane) -> None:
        self._dataplane = dataplane

    async def server(self, call: HttpCall) -> None:
        await _answer(call, server_metadata())

    async def live(self, call: HttpCall) -> None:
        await _answer(call, ServerLive(True))

    async def ready(self, call: HttpCall) -> None:
        ready = self._dataplane.condition().ready
        await _answer(call, ServerReady(True, ready), ready)

    async def model(self, call: HttpCall, serving: ServedVersion) -> None:
        await _answer(call, model_metadata(serving, self._dataplane.bundles))

    async def model_ready(self, call: HttpCall, model: str, version: str = "") -> None:
        ready = self._dataplane.ready(model, version)
        await _answer(call, ModelReady(model, ready), ready)


async def _answer(call: HttpCall, value: msgspec.Struct, ready: bool = True) -> None:
    await call.answer(msgspec.json.encode(value), status=200 if ready else 503)
