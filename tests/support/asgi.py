"""Drives an ASGI application message by message, for what no HTTP client can be made to do."""

import asyncio
from collections.abc import Iterable
from typing import Any

from starlette.types import ASGIApp, Message, Scope


def http(path: str = "/predict", method: str = "POST", **more: Any) -> Scope:
    """The scope of a request, as a server would give it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        **more,
    }


def chunks(*parts: bytes) -> list[Message]:
    """A body that arrives in these parts."""
    last = len(parts) - 1
    return [
        {"type": "http.request", "body": part, "more_body": place < last}
        for place, part in enumerate(parts)
    ]


async def drive(
    app: ASGIApp, scope: Scope, messages: Iterable[Message] = ()
) -> tuple[list[Message], list[Message]]:
    """Run the app; the messages it sent, and those it did not ask for."""
    sent: list[Message] = []
    waiting = list(messages)

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async with asyncio.timeout(10):
        await app(scope, receive, send)
    return sent, waiting
