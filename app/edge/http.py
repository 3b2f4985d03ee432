"""One request over HTTP, without a framework: its options, its body, its answer or its error."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import ClassVar

from starlette.types import Message, Receive, Scope, Send

from app.edge.content_coding import unpacked
from app.edge.errors import ErrorForm, body_too_large
from app.edge.options import options_of
from app.edge.route import Route
from app.edge.trace_context import TRACE_RESPONSE
from app.serving.errors import ClientGone, ErrorDetail, WindsockError

Headers = list[tuple[bytes, bytes]]
FormOf = Callable[[str], ErrorForm]
"""The form that errors have at a path."""

JSON = b"application/json"
TRACE = TRACE_RESPONSE.encode()
WEBSOCKET = "WEBSOCKET"
"""Stands for a method where a socket is to be opened."""

_LAST_WORDS_S = 1.0


class HttpCall:
    """A request and its answer; ``root`` is the path under which the service is mounted, and the
    router sets ``route`` and ``names``.

    An answer that has begun is broken off by an error, unless its handler has put into
    ``last_words`` what makes an end of it from an ErrorDetail.
    """

    __slots__ = (
        *("_form_of", "_send", "begun", "last_words", "method"),
        *("names", "options", "path", "receive", "root", "route", "scope"),
    )
    long_lived: ClassVar[bool] = False
    names: Mapping[str, str]
    route: Route

    def __init__(self, scope: Scope, receive: Receive, send: Send, form_of: FormOf) -> None:
        self.options = options_of(scope)
        self.method: str = scope.get("method", WEBSOCKET)
        self.root: str = scope.get("root_path", "")
        self.path: str = scope["path"].removeprefix(self.root) or "/"
        self.scope = scope
        self.receive = receive
        self.begun = False
        self.last_words: Callable[[ErrorDetail], bytes] | None = None
        self._send = send
        self._form_of = form_of

    def send(self, message: Message) -> Awaitable[None]:
        """Pass a message to the client."""
        self.begun = True
        return self._send(message)

    @property
    def fields(self) -> Headers:
        """What any answer says beside its body: the client's limits and the trace, if any."""
        meter, trace = self.options.meter, self.options.trace
        fields = meter.fields() if meter else []
        return [*fields, (TRACE, trace.header)] if trace else fields

    async def body(self, limit: int) -> bytes:
        """The whole body, without its Content-Encoding. Raises InvalidRequest for a coding that is
        not known, and as soon as the body says or shows that it is over ``limit`` bytes."""
        if self.options.content_length > limit:
            raise body_too_large(limit)
        receive = self.receive
        chunks: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise body_too_large(limit)
            chunks.append(chunk)
            more = message.get("more_body", False)
        whole = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        coding = self.options.content_encoding
        return await unpacked(whole, coding, limit) if coding else whole

    async def answer(
        self,
        body: bytes,
        content_type: bytes = JSON,
        more: Iterable[tuple[bytes, bytes]] = (),
        *,
        status: int = 200,
    ) -> None:
        """Send this body; ``more`` are further headers."""
        headers = [
            (b"content-type", content_type),
            (b"content-length", str(len(body)).encode()),
            *more,
        ]
        if self.options.meter or self.options.trace:
            headers += self.fields
        if self.options.timing:
            headers.append((b"server-timing", self.options.timing.header()))
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def refuse(self, error: WindsockError) -> None:
        """Answer an error, or end with it what has begun."""
        if not self.begun:
            status, headers, body = self.error_answer(error)
            await self.send({"type": "http.response.start", "status": status, "headers": headers})
            await self.send({"type": "http.response.body", "body": body})
        elif self.last_words is None:
            raise error
        else:
            end = self.last_words(error.detail(self.options.request_id))
            async with asyncio.timeout(_LAST_WORDS_S):  # its client may have stopped to read
                await self.send({"type": "http.response.body", "body": end})

    def error_answer(self, error: WindsockError) -> tuple[int, Headers, bytes]:
        """Status, headers and body of an error of this request."""
        form = self._form_of(self.path)
        status, headers, body = error_answer(error, self.options.request_id, form)
        return status, headers + self.fields, body


def error_answer(
    error: WindsockError, request_id: str, form: ErrorForm
) -> tuple[int, Headers, bytes]:
    """Status, headers and body of an error."""
    body = form.encode(error.detail(request_id))
    headers: Headers = [(b"content-type", JSON)]
    if error.retry_after_s is not None:
        headers.append((b"retry-after", str(error.retry_after_s).encode()))
    headers += [(name.encode(), value.encode()) for name, value in error.headers]
    headers.append((b"content-length", str(len(body)).encode()))
    return error.code.status, headers, body
