"""Older clients: HTTP/1.0, which knows neither chunks nor connections that stay."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.doors.early import malformed, refusing


def as_spoken(app: ASGIApp, cycle: RequestResponseCycle, door: str) -> ASGIApp:
    """The application as a client of the cycle's version is to see it, at this door."""
    version = cycle.scope["http_version"]
    if version == "1.1":
        return app
    if version != "1.0":
        return refusing(malformed(f"its version is {version}"), door)
    if any(name == b"transfer-encoding" for name, _ in cycle.scope["headers"]):
        return refusing(malformed("one of HTTP/1.0 has no Transfer-Encoding"), door)

    async def unframed(scope: Scope, receive: Receive, send: Send) -> None:
        # HTTP/1.0 knows no chunks: where an answer does not tell its length, it ends with the
        # connection.
        measured = False

        async def plain(message: Message) -> None:
            nonlocal measured
            if message["type"] == "http.response.start":
                names = [name.lower() for name, _ in message.get("headers", ())]
                measured = b"content-length" in names
                if not measured:
                    cycle.chunked_encoding = False
            elif not measured:
                cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        await app(scope, receive, plain)

    return unframed
