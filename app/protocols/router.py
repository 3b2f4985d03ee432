"""Finds the route of a request, or says why there is none."""

import re
from collections.abc import Iterable, Mapping
from functools import partial
from urllib.parse import quote

from app.edge.http import WEBSOCKET, HttpCall
from app.edge.route import Access, Route
from app.protocols.error_forms import form_of
from app.serving.errors import ErrorCode, InvalidRequest

Methods = dict[str, Route]
"""The routes of a path by method."""

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
            methods[route.method] = route
            if route.method == "GET":
                methods["HEAD"] = route

    def match(self, call: HttpCall) -> None:
        """Set a call's route and names; where no route takes it, to one whose handler says why."""
        path, names = call.path, _NO_NAMES
        methods = self._whole.get(path)
        if methods is None:
            methods, names = self._match(path)
        route = methods.get(call.method)
        if route is None:
            route, names = self._none(call, methods), _NO_NAMES
        call.route, call.names = route, names

    def _match(self, path: str) -> tuple[Methods, Mapping[str, str]]:
        for pattern, methods in self._named.items():
            if found := pattern.fullmatch(path):
                return methods, found.groupdict()
        return {}, _NO_NAMES

    def _none(self, call: HttpCall, methods: Methods) -> Route:
        path = call.path
        if call.method == WEBSOCKET:
            there = ", ".join(self._sockets)
            error = InvalidRequest(ErrorCode.NOT_FOUND, f"no socket here: streams are at {there}")
        elif methods:
            error = _other_method(call, methods)
        elif path[-1] == "/" and "GET" in (self._whole.get(path[:-1]) or self._match(path[:-1])[0]):
            return Route(call.method, "", _redirect, access=Access.OPEN)
        else:
            error = InvalidRequest(ErrorCode.NOT_FOUND, "Not Found")
        protocol = "stream" if call.method == WEBSOCKET else form_of(path).protocol
        refuse = partial(_refuse, error)
        return Route(call.method, "", refuse, access=Access.KNOWN, protocol=protocol)


def _other_method(call: HttpCall, methods: Methods) -> InvalidRequest:
    if WEBSOCKET not in methods:
        allowed = ", ".join(methods)
    elif call.method != "GET":
        allowed = "GET"  # of which its handshake is one
    else:
        error = InvalidRequest(ErrorCode.UPGRADE_REQUIRED, f"{call.path} is a WebSocket")
        error.headers = [("upgrade", "websocket")]
        return error
    message = f"{call.path} takes POST" if allowed == "POST" else "Method Not Allowed"
    error = InvalidRequest(ErrorCode.METHOD_NOT_ALLOWED, message)
    error.headers = [("allow", allowed)]
    return error


async def _refuse(error: InvalidRequest, _: HttpCall) -> None:
    raise error


async def _redirect(call: HttpCall) -> None:
    query = call.options.query
    location = quote(call.root + call.path[:-1]).encode() + (b"?" + query if query else b"")
    await call.answer(b"", b"text/plain", [(b"location", location)], status=307)
