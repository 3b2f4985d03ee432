"""The ingress deployment: the edge in a replica."""

from collections.abc import Callable
from typing import Any

from ray import serve
from ray.serve import Deployment
from starlette.types import ASGIApp

from app.config import GraphArgs, IngressSettings
from app.dataplane import Dataplane
from app.edge import edge
from app.layouts.layout import Layout
from deployments.bundle.bundle import BundleStore
from deployments.settings import accepted


class IngressReplica:
    """Answers clients.

    The layout comes as a class, so that a replica imports only what its layout needs: the
    distributed one neither torch nor Feast.
    """

    def __init__(self, args: GraphArgs, layout: Callable[..., Layout], *handles: Any) -> None:
        self._args = args
        self._settings: IngressSettings | None = None
        bundles = BundleStore(args.model.directory, args.model.name)
        self._layout = layout(args, bundles, *handles)
        self._dataplane = Dataplane(bundles, self._layout.chain)

    async def reconfigure(self, user_config: dict[str, Any]) -> None:
        settings = accepted(self._layout.settings, user_config, self._settings)
        self._settings = settings
        self._layout.reconfigure(settings)
        await self._dataplane.activate(settings.version, settings.batching)

    def __serve_build_asgi_app__(self) -> ASGIApp:
        return edge(self._dataplane, self._args.limits)


Ingress: Deployment = serve.deployment(name="Ingress", user_config={})(
    serve.ingress(None)(IngressReplica)
)
