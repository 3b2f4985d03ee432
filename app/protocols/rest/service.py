"""What is asked rarely: health and models."""

from typing import Literal

import msgspec

from app.edge.http import HttpCall
from app.protocols.rest.messages import Health, ModelDescription, Models
from app.serving.dataplane import Dataplane
from app.serving.readiness import Condition
from app.serving.served_version import ServedVersion

_encode = msgspec.json.Encoder().encode


class Service:
    """The handlers of ``GET /health[/live|/ready]`` and ``GET /models``."""

    def __init__(self, dataplane: Dataplane, *, auth: bool) -> None:
        self._dataplane = dataplane
        self._auth: Literal["on", "off"] = "on" if auth else "off"

    async def live(self, call: HttpCall) -> None:
        await call.answer(_encode(Health("ok", None, None, self._auth)))

    async def health(self, call: HttpCall) -> None:
        await self._tell(call, self._dataplane.condition(), 200)

    async def ready(self, call: HttpCall) -> None:
        now = self._dataplane.condition()
        await self._tell(call, now, 200 if now.ready else 503)

    async def _tell(self, call: HttpCall, now: Condition, status: int) -> None:
        serving = self._dataplane.find()
        model = serving.model if serving else None
        health = Health(now.status, model, now.problem, self._auth)
        await call.answer(_encode(health), status=status)

    async def models(self, call: HttpCall, serving: ServedVersion) -> None:
        dataplane, manifest = self._dataplane, serving.manifest
        answer = Models(
            [
                ModelDescription(manifest.name, version, version == manifest.version)
                for version in dataplane.bundles.versions(manifest.name)
            ],
            manifest.service.service,
            {field.name: field.dtype for field in manifest.fields},
            [output.name for output in manifest.outputs],
            manifest.program.max_rows,
            manifest.metrics,
            manifest.code_brought,
            dataplane.problem,
        )
        await call.answer(_encode(answer))
