"""All stages inside the ingress replica: no hops, one kind of replica to scale."""

from collections.abc import Mapping, Sequence
from functools import partial

from app.config import CollapsedSettings, GraphArgs, IngressSettings
from app.serving.chain import Chain
from deployments.bundle.bundle import BundleStore
from deployments.features.lookup import FeatureLookup, open_store
from deployments.features.settings import LookupSettings
from deployments.model.stage import ModelStage
from deployments.model_id import ModelId
from deployments.preprocess.stage import Preprocessing
from deployments.stage.timed import timed


class Collapsed:
    """The same stage objects that the deployments hold, called directly."""

    settings: type[IngressSettings] = CollapsedSettings

    def __init__(self, args: GraphArgs, bundles: BundleStore) -> None:
        store = partial(open_store, args.feature_store.repo, args.feature_store.yaml)
        followed = args.observability.followed
        self._lookup = FeatureLookup(store, bundles, LookupSettings(), followed)
        self._model = ModelStage(bundles, args.model)
        self.chain = Chain(
            timed(self._lookup.lookup),
            timed(Preprocessing(bundles).transform),
            timed(self._model.predict),
        )

    def reconfigure(self, settings: IngressSettings) -> None:
        """Give the feature stage its part of the settings."""
        assert isinstance(settings, CollapsedSettings)
        self._lookup.reconfigure(settings.features)

    async def check(self) -> None:
        """Raises where the program here works no more, and waits for threads that hang."""
        await self._lookup.check()
        await self._model.check()

    async def remember(self, model: ModelId) -> None:
        """Nothing stands in for what is here."""

    def silent(self) -> Mapping[str, str]:
        """A method of this process can be called."""
        return {}

    def ejected(self) -> Mapping[str, Sequence[str]]:
        """There are no replicas to choose from."""
        return {}
