"""What the deployment of every stage does: it takes settings, and has their version ready."""

from typing import Any, Generic, TypeVar

from deployments.bundle.bundle import BundleStore
from deployments.bundle.versions import Versions
from deployments.metrics.prices import Prices
from deployments.metrics.replica_metrics import ReplicaMetrics
from deployments.model_id import ModelId
from deployments.stage import gc
from deployments.stage.settings import StageSettings, accepted

S = TypeVar("S", bound=StageSettings)


class StageReplica(Generic[S]):
    """The shell of a stage in a Ray Serve replica; ``settings`` is the form of its
    ``user_config``, and ``name`` the model whose version they name. With ``prices`` it counts what
    it costs."""

    settings: type[S]

    def __init__(
        self, bundles: BundleStore, name: str, versions: Versions[Any], prices: Prices | None
    ) -> None:
        self._bundles = bundles
        self._name = name
        self._versions = versions
        self._in_force: S | None = None
        self._metrics = ReplicaMetrics(type(self).__name__.removesuffix("Replica"), prices=prices)

    async def reconfigure(self, user_config: dict[str, Any]) -> None:
        """Serve calls it before the first request, and at each change of ``user_config``."""
        self._metrics.start()
        settings = self._in_force = accepted(self.settings, user_config, self._in_force)
        self._apply(settings)
        await self._versions.prepare(ModelId(self._name, settings.version), self._bundles.resolve)
        gc.settle()

    def __del__(self) -> None:
        """Serve calls it when the replica has answered its last request."""
        if hasattr(self, "_metrics"):  # it may have failed to start
            self._metrics.close()

    def _apply(self, settings: S) -> None:
        """Pass on what is the stage's own."""
