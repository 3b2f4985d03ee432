"""One deployment per stage: each scales by itself, and a batch travels over three hops."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ray.exceptions import RayActorError
from ray.serve.exceptions import BackPressureError, ReplicaUnavailableError
from ray.serve.handle import DeploymentHandle

from app.config import DistributedSettings, GraphArgs, IngressSettings
from app.ray_private.by_value import by_value
from app.serving.chain import Chain
from app.serving.errors import Overloaded
from deployments.bundle.bundle import BundleStore
from deployments.log import get_logger

logger = get_logger(__name__)

Handle = DeploymentHandle[Any]

# The first retry finds another replica; the later ones wait for one to be started.
_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.5


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
        self.chain = Chain(
            _call(features, "lookup"), _call(preprocess, "transform"), _call(model, "predict")
        )

    def reconfigure(self, settings: IngressSettings) -> None:
        """Nothing to pass on."""

    async def check(self) -> None:
        """Serve asks the stages themselves."""

    def silent(self) -> Mapping[str, str]:
        """Stages of which no replica is there, or none answers."""
        return {}

    def ejected(self) -> Mapping[str, Sequence[str]]:
        """Replicas that were silent for longer than their limits, and have not answered since."""
        return {}


def _call(handle: Handle, method: str) -> Callable[[Any], Awaitable[Any]]:
    """A stage's method behind its handle.

    A batch whose replica dies goes to another: stages change nothing, so it may run twice. That
    ends with the batch's deadline, by cancellation.
    """
    remote = by_value(handle, method)

    async def call(frame: Any) -> Any:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await remote.remote(frame)
            except BackPressureError as error:
                raise Overloaded(f"stage {method!r} has no room: try again shortly") from error
            except (RayActorError, ReplicaUnavailableError) as error:
                logger.warning("stage %r lost a replica, trying another: %s", method, error)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    return call
