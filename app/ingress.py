"""The ingress deployment: the edge in a replica, with its stages beside it or behind handles."""

from collections.abc import Awaitable, Callable
from typing import Any

from ray import serve
from ray.serve import Deployment
from ray.serve.exceptions import BackPressureError
from ray.serve.handle import DeploymentHandle
from starlette.types import ASGIApp

from app.chain import Chain
from app.config import CollapsedSettings, GraphArgs, IngressSettings
from app.dataplane import Dataplane
from app.edge import edge
from app.errors import Overloaded
from deployments.bundle.bundle import BundleStore
from deployments.features.lookup import FeatureLookup, LookupSettings, open_store
from deployments.model.model import Model
from deployments.preprocess.preprocess import Preprocess
from deployments.settings import accepted

Handle = DeploymentHandle[Any]


class IngressReplica:
    """Answers clients. Without handles to the stages it holds them itself (collapsed)."""

    def __init__(self, args: GraphArgs, *stages: Handle) -> None:
        self._args = args
        self._settings: IngressSettings | None = None
        bundles = BundleStore(args.model.directory, args.model.name)
        self._lookup: FeatureLookup | None = None
        if stages:
            features, preprocess, model = stages
            chain = Chain(
                _call(features, "lookup"), _call(preprocess, "transform"), _call(model, "predict")
            )
        else:
            store = open_store(args.feature_store.repo, args.feature_store.yaml)
            self._lookup = FeatureLookup(store, bundles, LookupSettings())
            chain = Chain(
                self._lookup.lookup,
                Preprocess(bundles).transform,
                Model(bundles, args.model.device, args.model.threads).predict,
            )
        self._dataplane = Dataplane(bundles, chain)

    async def reconfigure(self, user_config: dict[str, Any]) -> None:
        kind = IngressSettings if self._lookup is None else CollapsedSettings
        settings = self._settings = accepted(kind, user_config, self._settings)
        if self._lookup is not None and isinstance(settings, CollapsedSettings):
            self._lookup.reconfigure(settings.features)
        await self._dataplane.activate(settings.version, settings.batching)

    def __serve_build_asgi_app__(self) -> ASGIApp:
        return edge(self._dataplane, self._args.limits)


def _call(handle: Handle, method: str) -> Callable[[Any], Awaitable[Any]]:
    """A stage's method behind its handle: by value over gRPC, which costs less than the object
    store for a batch of this size."""
    remote = handle.options(method_name=method, _by_reference=False)

    async def call(frame: Any) -> Any:
        try:
            return await remote.remote(frame)
        except BackPressureError as error:
            raise Overloaded(f"stage {method!r} has no room: try again shortly") from error

    return call


Ingress: Deployment = serve.deployment(name="Ingress", user_config={})(
    serve.ingress(None)(IngressReplica)
)
