"""A service that keeps predictions and takes outcomes, started again as often as it dies. Each time
it prints its process: python -m tests.support.fed_server FOLDER PORT"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs, FastLaneSettings
from app.serving.dataplane import Dataplane
from deployments.bundle.bundle import BundleStore
from tests.support.chains import weighing
from tests.support.fast_lane import serving
from tests.support.feedback import fed, observed
from tests.support.manifests import parcels, store
from tests.support.outcomes import Settings

_KEPT: dict[str, Any] = {"journal": {"segment_bytes": 2**16, "unwritable": "refuse"}}


def settings_in(folder: Path) -> Settings:
    """Those of the service of this folder."""
    return observed(folder, _KEPT, _KEPT)


def main(folder: Path, port: int) -> None:
    """Until it is ended itself."""
    models = store(folder / "models", parcels())
    while True:
        child = os.fork()
        if not child:
            asyncio.run(_serve(folder, models, port))
        os.waitpid(child, 0)


async def _serve(folder: Path, models: BundleStore, port: int) -> None:
    dataplane = Dataplane(models, weighing(), "parcels")
    await dataplane.activate("1", BatchSettings())
    async with fed(dataplane, settings_in(folder)) as service:
        app = Application(dataplane, EdgeArgs(), guards=service.guards)
        async with serving(app, FastLaneSettings(port=port)):
            print(os.getpid(), flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
