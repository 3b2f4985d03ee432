"""The ingress deployment: the edge in a replica."""

from collections.abc import Callable
from typing import Any

from ray import serve
from ray.serve import Deployment
from starlette.types import ASGIApp

from app.autoscaling import FAST_LANE_REQUESTS
from app.config import GraphArgs, IngressSettings
from app.dataplane import Dataplane
from app.edge import edge
from app.fast_lane.refusal import Refusals
from app.fast_lane.server import FastLane
from app.layouts.layout import Layout
from app.protocols.rest import PREDICTIONS
from deployments import collector
from deployments.bundle.bundle import BundleStore
from deployments.settings import accepted

# Serve kills a replica after graceful_shutdown_timeout_s, its own door's draining included.
_CLOSE_WITHIN_S = 10.0


class IngressReplica:
    """Answers clients.

    The layout comes as a class, so that a replica imports only what its layout needs: the
    distributed one neither torch nor Feast.
    """

    def __init__(self, args: GraphArgs, layout: Callable[..., Layout], *handles: Any) -> None:
        self._settings: IngressSettings | None = None
        bundles = BundleStore(args.model.directory, args.model.name)
        self._layout = layout(args, bundles, *handles)
        self._dataplane = Dataplane(bundles, self._layout.chain)
        self._app = edge(self._dataplane, args.limits)
        self._fast_lane = (
            FastLane(
                args.fast_lane,
                self._app,
                args.limits.max_body_bytes,
                Refusals(self._dataplane.refusal, PREDICTIONS),
            )
            if args.fast_lane
            else None
        )

    async def reconfigure(self, user_config: dict[str, Any]) -> None:
        settings = accepted(self._layout.settings, user_config, self._settings)
        self._settings = settings
        self._layout.reconfigure(settings)
        await self._dataplane.activate(settings.version, settings.batching)
        collector.settle()
        if self._fast_lane:
            # Not before: the kernel sends clients to every replica that listens.
            await self._fast_lane.open()

    async def check_health(self) -> None:
        """Serve replaces a replica in which this raises."""
        if self._fast_lane:
            self._fast_lane.check()

    async def record_autoscaling_stats(self) -> dict[str, float]:
        """What Serve does not see of this replica's load; ``app.autoscaling`` adds it."""
        return {FAST_LANE_REQUESTS: self._fast_lane.ongoing if self._fast_lane else 0}

    async def __del__(self) -> None:
        """Serve calls it when its own door has drained, within graceful_shutdown_timeout_s."""
        if self._fast_lane:
            await self._fast_lane.close(_CLOSE_WITHIN_S)

    def __serve_build_asgi_app__(self) -> ASGIApp:
        return self._app


Ingress: Deployment = serve.deployment(name="Ingress", user_config={})(
    serve.ingress(None)(IngressReplica)
)
