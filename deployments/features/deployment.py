"""The feature stage as a Ray Serve deployment."""

from functools import partial
from pathlib import Path
from typing import Any

from ray import serve
from ray.serve import Deployment

from deployments.bundle.bundle import BundleStore
from deployments.features.lookup import FeatureLookup, open_store
from deployments.features.settings import LookupSettings
from deployments.frames import Frame
from deployments.stage import collector
from deployments.stage.settings import StageSettings, accepted
from deployments.stage.timed import Timed, timed


class FeaturesSettings(StageSettings, LookupSettings):
    """``user_config`` of this deployment."""


class FeaturesReplica:
    """Looks up features by entity, one Feast read per view and batch."""

    def __init__(self, repo: Path, store_yaml: Path | None, bundles: BundleStore) -> None:
        self._bundles = bundles
        self._settings: FeaturesSettings | None = None
        self._stage = FeatureLookup(
            partial(open_store, repo, store_yaml), bundles, LookupSettings()
        )
        self._lookup = timed(self._stage.lookup)

    async def reconfigure(self, user_config: dict[str, Any]) -> None:
        settings = self._settings = accepted(FeaturesSettings, user_config, self._settings)
        self._stage.reconfigure(settings)
        await self._stage.plans.prepare(settings.version, self._bundles.resolve)
        collector.settle()

    async def lookup(self, frame: Frame) -> Timed[Frame]:
        return await self._lookup(frame)


Features: Deployment = serve.deployment(name="Features", user_config={})(FeaturesReplica)
