"""What is asked rarely: health and models."""

import msgspec

from app.edge.http import HttpCall
from app.protocols.rest.messages import Health, ModelDescription, Models
from app.serving.dataplane import Dataplane
from app.serving.served_version import ServedVersion

_encode = msgspec.json.Encoder().encode


class Service:
    """The handlers of ``GET /health[/live|/ready]`` and ``GET /models``."""

    def __init__(self, dataplane: Dataplane) -> None:
        self._dataplane = dataplane

    async def live(self, call: HttpCall) -> None:
        await call.answer(_encode(Health("ok", None)))

    async def health(self, call: HttpCall) -> None:
        serving = self._dataplane.find()
        status, model = ("ok", serving.model) if serving else ("starting", None)
        await call.answer(_encode(Health(status, model, self._dataplane.problem)))

    async def ready(self, call: HttpCall, _: ServedVersion) -> None:
        await self.health(call)

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
            dataplane.problem,
        )
        await call.answer(_encode(answer))
