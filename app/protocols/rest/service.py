"""What is asked rarely: health, models, the OpenAPI document and its Swagger page."""

from importlib.resources import files

import msgspec
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from app.protocols.rest.messages import Health, ModelDescription, Models
from app.protocols.rest.openapi import document
from app.serving.dataplane import Dataplane


def service_routes(dataplane: Dataplane) -> list[BaseRoute]:
    """The routes behind the hot ones."""

    async def live(_: Request) -> Response:
        return _json(Health("ok", None))

    async def health(_: Request) -> Response:
        serving = dataplane.current
        status, model = ("ok", serving.model) if serving else ("starting", None)
        return _json(Health(status, model, dataplane.problem))

    async def ready(request: Request) -> Response:
        dataplane.serving()
        return await health(request)

    async def models(_: Request) -> Response:
        serving = dataplane.serving()
        manifest = serving.manifest
        return _json(
            Models(
                [
                    ModelDescription(manifest.name, version, version == manifest.version)
                    for version in dataplane.bundles.versions(manifest.name)
                ],
                manifest.service.service,
                {field.name: field.dtype for field in manifest.fields},
                [output.name for output in manifest.outputs],
                manifest.metrics,
                dataplane.problem,
            )
        )

    async def openapi(request: Request) -> Response:
        return _json(document(dataplane.serving(), request.scope.get("root_path", "")))

    async def docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        return get_swagger_ui_html(
            openapi_url=f"{root}/openapi.json",
            title=f"Windsock: {dataplane.serving().manifest.name}",
            swagger_js_url=f"{root}/docs/assets/swagger-ui-bundle.js",
            swagger_css_url=f"{root}/docs/assets/swagger-ui.css",
            swagger_favicon_url=f"{root}/docs/assets/favicon.png",
            swagger_ui_parameters={"tryItOutEnabled": True, "defaultModelsExpandDepth": 0},
        )

    async def home(request: Request) -> RedirectResponse:
        return RedirectResponse(f"{request.scope.get('root_path', '')}/docs")

    # The page must also open where no CDN can be reached.
    assets = StaticFiles(directory=str(files("fastapi_offline").joinpath("static")))
    return [
        Route("/", home),
        Route("/health", health),
        Route("/health/live", live),
        Route("/health/ready", ready),
        Route("/models", models),
        Route("/openapi.json", openapi),
        Route("/docs", docs),
        Mount("/docs/assets", assets),
    ]


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
