"""Finds the route of a request, or says why there is none."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from urllib.parse import quote

from app.edge.http import WEBSOCKET, HttpCall, RouteRefused
from app.protocols.route import Route
from app.serving.errors import ErrorCode

Methods = dict[str, Callable[..., Awaitable[None]]]
"""The handlers of a path by method."""

_NO_NAMES: Mapping[str, str] = {}


class Router:
    """Looks whole paths up first, then tries those with names in them, in the order of the routes.
    HEAD is answered as GET is, and the path of a page with a slash behind it by a redirect."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._whole: dict[str, Methods] = {}
        self._named: dict[re.Pattern[str], Methods] = {}
        self._sockets: list[str] = []
        for route in routes:
            if route.method == WEBSOCKET:
                self._sockets.append(route.path)
            if "{" in route.path:
                pattern = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", route.path))
                methods = self._named.setdefault(pattern, {})
            else:
                methods = self._whole.setdefault(route.path, {})
            methods[route.method] = route.handler
            if route.method == "GET":
                methods["HEAD"] = route.handler

    async def __call__(self, call: HttpCall) -> None:
        """Answer a call. Raises RouteRefused, or what its handler does."""
        path, names = call.path, _NO_NAMES
        methods = self._whole.get(path)
        if methods is None:
            methods, names = self._match(path)
        handler = methods.get(call.method)
        if handler is not None:
            await (handler(call, **names) if names else handler(call))
        elif call.method == WEBSOCKET:
            there = ", ".join(self._sockets)
            raise RouteRefused(ErrorCode.NOT_FOUND, f"no socket here: streams are at {there}")
        elif methods:
            raise _other_method(call, methods)
        elif path[-1] == "/" and "GET" in (self._whole.get(path[:-1]) or self._match(path[:-1])[0]):
            await _redirect(call, path[:-1])
        else:
            raise RouteRefused(ErrorCode.NOT_FOUND, "Not Found")

    def _match(self, path: str) -> tuple[Methods, Mapping[str, str]]:
        for pattern, methods in self._named.items():
            if found := pattern.fullmatch(path):
                return methods, found.groupdict()
        return {}, _NO_NAMES


def _other_method(call: HttpCall, methods: Methods) -> RouteRefused:
    if WEBSOCKET not in methods:
        allowed = ", ".join(methods)
    elif call.method != "GET":
        allowed = "GET"  # of which its handshake is one
    else:
        upgrade = (b"upgrade", b"websocket")
        return RouteRefused(ErrorCode.UPGRADE_REQUIRED, f"{call.path} is a WebSocket", upgrade)
    allow = (b"allow", allowed.encode())
    message = f"{call.path} takes POST" if allowed == "POST" else "Method Not Allowed"
    return RouteRefused(ErrorCode.METHOD_NOT_ALLOWED, message, allow)


async def _redirect(call: HttpCall, path: str) -> None:
    query = call.options.query
    location = quote(call.root + path).encode() + (b"?" + query if query else b"")
    await call.answer(b"", b"text/plain", [(b"location", location)], status=307)
