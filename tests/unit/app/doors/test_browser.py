"""A page in a real browser that asks from another origin, at every door."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from app.asgi import Application
from app.config import CorsSettings, EdgeArgs, FastLaneSettings
from app.edge.cors import cross_origin
from app.serving.dataplane import Dataplane
from tests.support.doors import DOORS, door
from tests.support.fast_lane import serving
from tests.support.manifests import EXAMPLE
from tests.support.serve import free_port

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

_PAGE = """<!doctype html><script>
const asked = %s, found = {};
const answer = async (name, path, options) => {
    try {
        const got = await fetch(asked.service + path, options);
        found[name] = [got.status, got.headers.get('x-request-id'), await got.text()];
    } catch (error) { found[name] = String(error); }
};
const posted = (body, headers) =>
    ({method: 'POST', body, headers: {'content-type': 'application/json', ...headers}});
const socket = () => new Promise((tell) => {
    const one = new WebSocket(asked.service.replace('http', 'ws') + '/predict/stream');
    one.onopen = () => one.send(JSON.stringify({id: 1, instance: asked.row}));
    one.onmessage = (message) => { tell(message.data); one.close(); };
    one.onerror = () => tell('refused');
});
(async () => {
    const row = JSON.stringify(asked.row);
    await answer('health', '/health', {});
    await answer('predict', '/predict', posted(row, {'x-request-id': 'mine'}));
    await answer('again', '/predict', posted(row, {'x-request-timeout-ms': '9000'}));
    await answer('wrong', '/predict', posted('{}', {'x-request-id': 'mine'}));
    await answer('nowhere', '/nowhere', {});
    found.socket = await socket();
    await fetch('/found', {method: 'POST', body: JSON.stringify(found)});
})();
</script>"""


class Page:
    """Serves a page that asks the service at this address, and takes what it has found."""

    def __init__(self, service: str) -> None:
        self._html = (_PAGE % json.dumps({"service": service, "row": EXAMPLE})).encode()
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


async def found_by_page(
    kind: str, dataplane: Dataplane, folder: Path, *, allowed: bool
) -> dict[str, Any]:
    """What a page finds that may ask, or may not since another may."""
    port = free_port()
    origin = f"http://localhost:{port}"
    cors = CorsSettings(origins=[origin if allowed else "https://other.test"])
    app = cross_origin(Application(dataplane, EdgeArgs(cors=cors)), cors)
    async with door(kind, app) as service:
        page = Page(f"http://127.0.0.1:{service}")
        async with (
            serving(page, FastLaneSettings(port=port, linger_s=0)),
            browser(f"{origin}/", folder),
        ):
            async with asyncio.timeout(60):
                return await page.found


@pytest.mark.parametrize("kind", DOORS)
async def test_a_page_that_may_ask_has_answers_and_errors(
    kind: str, dataplane: Dataplane, tmp_path: Path
) -> None:
    found = await found_by_page(kind, dataplane, tmp_path, allowed=True)

    assert {name: one[0] for name, one in found.items() if name != "socket"} == {
        "health": 200,
        "predict": 200,
        "again": 200,
        "wrong": 422,
        "nowhere": 404,
    }
    assert json.loads(found["wrong"][2])["error"]["code"] == "missing_field"
    if kind not in ("ray", "haproxy"):  # whose doors name requests themselves
        assert found["wrong"][1] == "mine"
    assert "outputs" in json.loads(found["socket"])


async def test_one_that_may_not_has_nothing(dataplane: Dataplane, tmp_path: Path) -> None:
    found = await found_by_page("fast-lane", dataplane, tmp_path, allowed=False)

    assert found.pop("socket") == "refused"
    assert set(found.values()) == {"TypeError: Failed to fetch"}
