"""The ingress deployment: the edge in a replica."""

import asyncio
from collections.abc import Callable, Iterable
from contextvars import Context
from typing import Any

from ray import serve
from ray.serve import Deployment
from starlette.types import ASGIApp

from app.asgi import Application
from app.config import GraphArgs, IngressSettings
from app.doors.autoscaling import UNSEEN_REQUESTS
from app.doors.fast_lane.refusal import Refusals
from app.doors.fast_lane.server import FastLane
from app.doors.fast_lane.whereabouts import WHEREABOUTS
from app.edge.cors import cross_origin
from app.edge.http import HttpCall
from app.edge.observed import NO_MODEL
from app.edge.route import Access, Route
from app.guards import guards_of
from app.layouts.layout import GraphLayout
from app.protocols.health.grpc import HealthMethods
from app.protocols.oip.grpc import InferenceMethods
from app.protocols.stream.streams import Streams
from app.ray_private.draining import NeverTold, until_told_to_stop
from app.ray_private.refused_update import refusals
from app.serving.dataplane import Dataplane
from app.serving.errors import ErrorCode, InvalidRequest
from app.serving.readiness import Readiness
from app.serving.watch import Watch
from deployments.log import get_logger
from deployments.metrics.replica_metrics import ReplicaMetrics
from deployments.model_id import ModelId
from deployments.stage import gc
from deployments.stage.settings import accepted

logger = get_logger(__name__)

# Serve kills a replica after graceful_shutdown_timeout_s, its own door's draining included.
_CLOSE_WITHIN_S = 10.0


class IngressReplica(InferenceMethods, HealthMethods):
    """Answers clients.

    The layout comes as a class, so that a replica imports only what its layout needs: the
    distributed one neither torch nor Feast. ``problems`` are of its surroundings: ``/health`` tells
    them.
    """

    def __init__(
        self,
        args: GraphArgs,
        layout: Callable[..., GraphLayout],
        *handles: Any,
        problems: Iterable[str] = (),
    ) -> None:
        self._settings: IngressSettings | None = None
        name, bundles = args.model.name, args.model.bundles
        self._layout = layout(args, bundles, *handles)
        self._guards = guards_of(args)
        self._guarded = False
        self._dataplane = Dataplane(
            bundles,
            self._layout.chain,
            name,
            problems=problems,
            more_problems=self._guards.problems,
            readiness=Readiness(self._layout.silent, self._layout.ejected),
        )
        self._watch = Watch(self._dataplane, name, self._layout.remember)
        self._watching: asyncio.Task[None] | None = None
        self._streams = Streams(self._dataplane, args.limits, args.stream, self._guards)
        lane = (
            [Route("GET", WHEREABOUTS, self._whereabouts, access=Access.OPEN, protocol="health")]
            if args.fast_lane
            else []
        )
        app = Application(self._dataplane, args, self._streams, lane, self._guards)
        super().__init__(self._dataplane, args.limits, app.handle)
        self._app = cross_origin(app, args.cors)
        self._metrics = ReplicaMetrics(
            "Ingress",
            self._dataplane.tell,
            self._streams.tell,
            prices=args.observability.cost,
        )
        self._leaving: asyncio.Task[None] | None = None
        self._left: asyncio.Task[None] | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._fast_lane = (
            FastLane(
                args.fast_lane,
                self._app,
                args.stream.max_message_bytes,
                Refusals(self._dataplane.refusal, app.prediction_forms, self._asked_for),
            )
            if args.fast_lane
            else None
        )

    async def reconfigure(self, user_config: dict[str, Any]) -> None:
        self._metrics.start()
        settings = accepted(self._layout.settings, user_config, self._settings)
        self._settings = settings
        self._layout.reconfigure(settings)
        await self._dataplane.activate(settings.version, settings.batching)
        if not self._guarded:
            await self._guards.start()
            self._guarded = True
        gc.settle()
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch.run(), context=Context())
        if self._fast_lane:
            # Not before: the kernel sends clients to every replica that listens.
            await self._fast_lane.open()
        if self._leaving is None:
            self._leaving = asyncio.create_task(self._leave_when_told())
            self._hearing = asyncio.create_task(self._hear_of_updates())

    async def check_health(self) -> None:
        """Serve replaces a replica in which this raises, or takes longer than its time limit: one
        whose loop stands still, that listens or watches no more, or in which a stage's thread
        hangs. A stage elsewhere that does not answer is no reason: another ingress had none, too.
        """
        if self._fast_lane:
            self._fast_lane.check()
        watching = self._watching
        if watching is not None and watching.done() and not watching.cancelled():
            raise RuntimeError("nobody watches the stages any more") from watching.exception()
        await self._layout.check()

    async def record_autoscaling_stats(self) -> dict[str, float]:
        """What Serve does not see of this replica's load; ``app.doors.autoscaling`` adds it."""
        requests = self._fast_lane.ongoing if self._fast_lane else 0
        return {UNSEEN_REQUESTS: requests + self._streams.rows}

    async def __del__(self) -> None:
        """Serve calls it when its own door has drained, within graceful_shutdown_timeout_s."""
        await self._leave()

    def _asked_for(self) -> ModelId:
        """The model whose queue is full where requests are refused unread."""
        serving = self._dataplane.find()
        return serving.model if serving else NO_MODEL

    async def _whereabouts(self, call: HttpCall) -> None:
        """On the lane alone: at Ray's doors, which the world may reach, there is nothing here."""
        assert self._fast_lane is not None
        if not self._fast_lane.took(call.scope):
            raise InvalidRequest(ErrorCode.NOT_FOUND, "Not Found")
        await call.answer(self._fast_lane.whereabouts)

    async def _leave_when_told(self) -> None:
        try:
            await until_told_to_stop()
        except NeverTold as error:
            logger.warning("%s", error)
            self._dataplane.problems.append(str(error))
            return
        await self._leave()

    async def _hear_of_updates(self) -> None:
        """Tell in ``/health`` of one that was refused, while this replica serves on."""
        told: str | None = None
        problems = self._dataplane.problems
        async for refused in refusals():
            if told:
                problems.remove(told)
            if refused:
                logger.error("%s", refused)
                problems.append(refused)
            told = refused

    async def _leave(self) -> None:
        """Once, whoever asks for it first; whoever else does waits, too."""
        if self._left is None:
            self._left = asyncio.create_task(self._close(), context=Context())
        await asyncio.shield(self._left)

    async def _close(self) -> None:
        """Let clients go in order, once the listener is closed: they connect again at once. Where
        the graph ends the stages may go first, which is not worth a word."""
        if self._watching is not None:
            self._watching.cancel()
        try:
            if self._fast_lane:
                await asyncio.gather(self._fast_lane.close(_CLOSE_WITHIN_S), self._streams.close())
            else:
                await self._streams.close()
        finally:
            await self._guards.close()
            self._metrics.close()

    def __serve_build_asgi_app__(self) -> ASGIApp:
        return self._app


Ingress: Deployment = serve.deployment(name="Ingress", user_config={})(
    serve.ingress(None)(IngressReplica)
)
