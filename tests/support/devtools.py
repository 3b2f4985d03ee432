"""Chromium by its DevTools protocol: what a page says, draws and does when keys are pressed."""

import asyncio
import base64
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.support.browser import CHROMIUM

_TOLD = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")


class Tab:
    """A page that is open. ``complaints`` are its errors and warnings, of the console, of the
    network and of what its policy forbids."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.complaints: list[str] = []

    async def listen(self) -> None:
        async for message in self._socket:
            told = json.loads(message)
            if (number := told.get("id")) in self._waiting:
                self._waiting.pop(number).set_result(told)
            elif told.get("method") in _TOLD:
                self._heard(told["params"])

    def _heard(self, params: dict[str, Any]) -> None:
        entry = params.get("entry", params)
        level = entry.get("level") or entry.get("type") or "error"
        if level in ("error", "warning", "assert"):
            self.complaints.append(json.dumps(entry)[:600])

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._waiting[number] = answer = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        told = await answer
        assert "error" not in told, told
        result: dict[str, Any] = told["result"]
        return result

    async def evaluate(self, script: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        told = await self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def until(self, script: str, timeout_s: float = 30.0) -> None:
        """Until an expression is true in the page. Raises TimeoutError."""
        try:
            async with asyncio.timeout(timeout_s):
                while not await self.evaluate(f"Boolean({script})"):
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            raise TimeoutError(f"not within {timeout_s:g} s: {script}") from error

    async def goto(self, url: str) -> None:
        await self.call("Page.navigate", url=url)

    async def press(self, key: str) -> None:
        """A key, by the name that events have for it."""
        code = {"Enter": 13, "Tab": 9, " ": 32, "ArrowDown": 40}[key]
        text = {"Enter": "\r", " ": " "}.get(key, "")
        for kind in ("keyDown", "keyUp"):
            await self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                windowsVirtualKeyCode=code,
                **({"text": text} if text and kind == "keyDown" else {}),
            )

    async def size(self, width: int, height: int) -> None:
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    async def screenshot(self) -> bytes:
        """As PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])


@asynccontextmanager
async def tab(folder: Path, width: int = 1400, height: int = 1000) -> AsyncIterator[Tab]:
    """One in a Chromium whose profile is in ``folder``."""
    assert CHROMIUM is not None
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-proxy-server"]
    process = await asyncio.create_subprocess_exec(
        *(CHROMIUM, *options, f"--user-data-dir={folder}", "--remote-debugging-port=0"),
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        address = await _address(folder)
        async with connect(address, max_size=2**26, proxy=None) as socket:
            opened = Tab(socket)
            listening = asyncio.create_task(opened.listen())
            try:
                for domain in ("Page", "Runtime", "Log"):
                    await opened.call(f"{domain}.enable")
                await opened.size(width, height)
                yield opened
            finally:
                listening.cancel()
                with suppress(asyncio.CancelledError):
                    await listening
    finally:
        process.terminate()
        await process.wait()


async def _address(folder: Path) -> str:
    """Of its first page, once Chromium has said where it listens."""
    async with asyncio.timeout(60), httpx.AsyncClient(trust_env=False) as client:
        told = folder / "DevToolsActivePort"
        while True:
            with suppress(OSError, httpx.HTTPError, StopIteration):
                port = told.read_text().splitlines()[0]
                pages = (await client.get(f"http://127.0.0.1:{port}/json")).json()
                page = [one for one in pages if one["type"] == "page"]
                if page:
                    return str(page[0]["webSocketDebuggerUrl"])
            await asyncio.sleep(0.05)
