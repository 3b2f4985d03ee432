"""The page that draws the dashboards, as an ASGI application: its own files, the dashboards' JSON,
and the questions that it may put to Prometheus."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observability.dashboards.all import DASHBOARDS
from app.observability.dashboards.grafana import document

PAGE = Path(__file__).with_name("page")
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
_LABEL = re.compile(r"[a-zA-Z_]\w*")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_TIMEOUT_S = 30.0


def page_app(prometheus: str, *, loopback: bool = True) -> ASGIApp:
    """``prometheus`` is where that answers. With ``loopback`` the page is asked for by this
    machine's own names alone: another site's name that leads here is refused."""
    asked = _Prometheus(prometheus)
    app = Starlette(
        routes=[
            Route("/api/v1/query", asked.query),
            Route("/api/v1/query_range", asked.query_range),
            Route("/api/v1/label/{label}/values", asked.values),
            Route("/dashboards.json", _all),
            Route("/dashboards/{uid}.json", _one),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ],
        lifespan=asked.open,
    )
    return _Guarded(app, loopback=loopback)


async def _all(_: Request) -> Response:
    return JSONResponse([{"uid": one.uid, "title": one.title} for one in DASHBOARDS])


async def _one(request: Request) -> Response:
    uid = request.path_params["uid"]
    found = next((one for one in DASHBOARDS if one.uid == uid), None)
    if found is None:
        return _error(404, f"there is no dashboard {uid}")
    return JSONResponse(document(found))


class _Prometheus:
    """Its API, of which nothing but questions is let through."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._client: httpx.AsyncClient | None = None

    @asynccontextmanager
    async def open(self, _: Starlette) -> AsyncIterator[None]:
        """One client for all questions: making one reads the system's authorities."""
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as self._client:
            yield

    async def query(self, request: Request) -> Response:
        return await self._ask("query", request)

    async def query_range(self, request: Request) -> Response:
        return await self._ask("query_range", request)

    async def values(self, request: Request) -> Response:
        label = request.path_params["label"]
        if not _LABEL.fullmatch(label):
            return _error(400, f"{label!r} is no name of a label")
        return await self._ask(f"label/{label}/values", request)

    async def _ask(self, path: str, request: Request) -> Response:
        assert self._client is not None
        try:
            answer = await self._client.get(
                f"{self._url}/api/v1/{path}", params=httpx.QueryParams(request.url.query)
            )
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            return _error(502, f"Prometheus does not answer at {self._url}: {why}")
        kind = answer.headers.get("content-type", "")
        if not kind.startswith("application/json"):
            return _error(502, f"{self._url} answers {answer.status_code}, and not as Prometheus")
        return Response(answer.content, answer.status_code, media_type="application/json")


def _error(status: int, message: str) -> Response:
    """In the form of Prometheus' own errors."""
    return JSONResponse({"status": "error", "error": message}, status)


class _Guarded:
    """Adds what a browser is to be held to, and refuses names that are not this machine's."""

    def __init__(self, app: ASGIApp, *, loopback: bool) -> None:
        self._app = app
        self._loopback = loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        host = Request(scope).headers.get("host", "")
        app = self._app if not self._loopback or _named(host) in _LOOPBACK else _elsewhere
        await app(scope, receive, with_headers)


_elsewhere = PlainTextResponse("this page is for this machine alone: see --host\n", 421)


def _named(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
