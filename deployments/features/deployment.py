"""The feature stage as a Ray Serve deployment."""

from functools import partial
from pathlib import Path

from ray import serve
from ray.serve import Deployment

from deployments.bundle.bundle import BundleStore
from deployments.features.lookup import FeatureLookup, open_store
from deployments.features.settings import LookupSettings
from deployments.frames import Frame
from deployments.metrics.prices import Prices
from deployments.model_id import ModelId
from deployments.stage.replica import StageReplica
from deployments.stage.settings import StageSettings
from deployments.stage.timed import timed


class FeaturesSettings(StageSettings, LookupSettings):
    """``user_config`` of this deployment."""


class FeaturesReplica(StageReplica[FeaturesSettings]):
    """Looks up features by entity, one Feast read per view and batch."""

    settings = FeaturesSettings

    def __init__(
        self,
        bundles: BundleStore,
        name: str,
        repo: Path,
        store_yaml: Path | None,
        *,
        followed: Path | None = None,
        prices: Prices | None = None,
    ) -> None:
        store = partial(open_store, repo, store_yaml)
        self._stage = FeatureLookup(store, bundles, LookupSettings(), followed)
        super().__init__(bundles, name, self._stage.plans, prices)

    @timed
    async def lookup(self, frame: Frame) -> Frame:
        return await self._stage.lookup(frame)

    async def defaulted(self, model: ModelId) -> Frame | None:
        """What callers answer with while no replica can be reached, as the policies have it now."""
        return await self._stage.defaulted(model)

    async def check_health(self) -> None:
        """Serve replaces a replica in which this raises, or takes longer than its time limit."""
        await self._stage.check()

    def _apply(self, settings: FeaturesSettings) -> None:
        self._stage.reconfigure(settings)


Features: Deployment = serve.deployment(name="Features", user_config={})(FeaturesReplica)
