"""One deployment per stage: each scales by itself, and a batch travels over three hops."""

from collections.abc import Mapping, Sequence
from typing import Any

from ray.serve.handle import DeploymentHandle

from app.config import DistributedSettings, GraphArgs, HopSettings, IngressSettings
from app.layouts.hops.hop import Hop
from app.ray_private.by_value import by_value
from app.serving.chain import Chain
from app.serving.stand_in import StandIn
from deployments.bundle.bundle import BundleStore
from deployments.model_id import ModelId

Handle = DeploymentHandle[Any]


class Distributed:
    """The stages behind their handles; they get their settings from Serve themselves."""

    settings: type[IngressSettings] = DistributedSettings

    def __init__(
        self,
        _args: GraphArgs,
        _bundles: BundleStore,
        features: Handle,
        preprocess: Handle,
        model: Handle,
    ) -> None:
        calls = (features, "lookup"), (preprocess, "transform"), (model, "predict")
        self._hops = [Hop(handle, method, HopSettings()) for handle, method in calls]
        lookup, transform, predict = self._hops
        self._features = StandIn(lookup, by_value(features, "defaulted").remote)
        self.chain = Chain(self._features.lookup, transform, predict)

    def reconfigure(self, settings: IngressSettings) -> None:
        """How long a stage may stay silent."""
        assert isinstance(settings, DistributedSettings)
        for hop in self._hops:
            hop.usual.settings = settings.hops

    async def check(self) -> None:
        """Serve asks the stages themselves."""

    async def remember(self, model: ModelId) -> None:
        """Have the feature stage say what stands in for it."""
        await self._features.remember(model)

    def silent(self) -> Mapping[str, str]:
        """Stages of which no replica is there, or none answers; the feature stage, too, where it
        could not be reached when it was last asked."""
        silent = {hop.stage: why for hop in self._hops if (why := hop.silent())}
        if self._features.away:
            silent.setdefault(self._hops[0].stage, "it did not answer when it was last asked")
        return silent

    def ejected(self) -> Mapping[str, Sequence[str]]:
        """Replicas that were silent for longer than their limits, and have not answered since."""
        return {hop.stage: out for hop in self._hops if (out := hop.replicas.ejected())}
