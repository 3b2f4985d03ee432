"""A page in a real browser, and what it finds."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.types import Receive, Scope, Send

from app.config import FastLaneSettings
from tests.support.fast_lane import serving

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


class Page:
    """Serves a page, and takes what it has found."""

    def __init__(self, html: str) -> None:
        self._html = html.encode()
        self.found: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if scope["path"] == "/found" and not self.found.done():
            self.found.set_result(json.loads(body))
        html = self._html if scope["path"] == "/" else b""
        headers = [(b"content-type", b"text/html"), (b"content-length", str(len(html)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": html})


@asynccontextmanager
async def browser(url: str, folder: Path) -> AsyncIterator[None]:
    """Chromium with this page open."""
    assert CHROMIUM is not None
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-proxy-server"]
    process = await asyncio.create_subprocess_exec(
        *(CHROMIUM, *options, f"--user-data-dir={folder}", url),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def found_by(html: str, port: int, folder: Path) -> dict[str, Any]:
    """What the page posts to its own ``/found``, served at this port as ``localhost``."""
    page = Page(html)
    async with (
        serving(page, FastLaneSettings(port=port, linger_s=0)),
        browser(f"http://localhost:{port}/", folder),
        asyncio.timeout(60),
    ):
        return await page.found
