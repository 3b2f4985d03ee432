"""Exports what a door of Ray's counts itself, in a process that is no replica."""

from starlette.types import ASGIApp, Receive, Scope, Send

from deployments.metrics.ray_export import RayExport


class ExportedCounts:
    """From the first request on, when the loop of the door runs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._export = RayExport()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._export.start()
        await self._app(scope, receive, send)
