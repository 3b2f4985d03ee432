"""The OpenAPI document of the routes, and the Swagger page that shows it."""

from collections.abc import Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path

import msgspec
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.staticfiles import StaticFiles

from app.edge.http import HttpCall
from app.edge.page_headers import FIXED, page_headers
from app.edge.route import Access, Route
from app.protocols.openapi import document
from app.serving.errors import ErrorCode
from app.serving.served_version import ServedVersion

# The page must also open where no CDN can be reached.
_STATIC = Path(str(files("fastapi_offline").joinpath("static")))


class Documentation:
    """The document of these routes, as a page and to read; ``access`` is who may."""

    def __init__(
        self,
        documented: Sequence[Route],
        errors: Sequence[ErrorCode],
        access: Access = Access.OPEN,
    ) -> None:
        self._access = access
        self._documented = documented
        self._errors = errors
        self._assets = StaticFiles(directory=_STATIC)

    def routes(self) -> list[Route]:
        assets = [
            (f"/docs/assets/{file.name}", partial(self._asset, file.name))
            for file in _STATIC.iterdir()
        ]
        return [
            Route("GET", "/", self._home, access=self._access),
            Route("GET", "/openapi.json", self._openapi, model=True, access=self._access),
            Route("GET", "/docs", self._page, model=True, access=self._access),
            *(Route("GET", path, asset, access=self._access) for path, asset in assets),
        ]

    async def _home(self, call: HttpCall) -> None:
        location = (b"location", f"{call.root}/docs".encode())
        await call.answer(b"", b"text/html", [location], status=307)

    async def _openapi(self, call: HttpCall, serving: ServedVersion) -> None:
        described = document(serving, self._documented, self._errors, call.root)
        await call.answer(msgspec.json.encode(described))

    async def _page(self, call: HttpCall, serving: ServedVersion) -> None:
        page = get_swagger_ui_html(
            openapi_url=f"{call.root}/openapi.json",
            title=f"Windsock: {serving.manifest.name}",
            swagger_js_url=f"{call.root}/docs/assets/swagger-ui-bundle.js",
            swagger_css_url=f"{call.root}/docs/assets/swagger-ui.css",
            swagger_favicon_url=f"{call.root}/docs/assets/favicon.png",
            swagger_ui_parameters={"tryItOutEnabled": True, "defaultModelsExpandDepth": 0},
        )
        html = bytes(page.body)
        await call.answer(html, b"text/html; charset=utf-8", page_headers(html))

    async def _asset(self, name: str, call: HttpCall) -> None:
        response = await self._assets.get_response(name, call.scope)
        response.raw_headers += FIXED
        await response(call.scope, call.receive, call.send)
