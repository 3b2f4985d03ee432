"""One deployment per stage: each scales by itself, and a batch travels over three hops."""

from collections.abc import Awaitable, Callable
from typing import Any

from ray.serve.exceptions import BackPressureError
from ray.serve.handle import DeploymentHandle

from app.chain import Chain
from app.config import GraphArgs, IngressSettings
from app.errors import Overloaded
from deployments.bundle.bundle import BundleStore

Handle = DeploymentHandle[Any]


class Distributed:
    """The stages behind their handles; they get their settings from Serve themselves."""

    settings = IngressSettings

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


def _call(handle: Handle, method: str) -> Callable[[Any], Awaitable[Any]]:
    """A stage's method behind its handle: by value over gRPC, which costs less than the object
    store for a batch of this size."""
    remote = handle.options(
        method_name=method,
        _by_reference=False,
        request_serialization="pickle",  # frames hold nothing that would need cloudpickle
        response_serialization="pickle",
    )

    async def call(frame: Any) -> Any:
        try:
            return await remote.remote(frame)
        except BackPressureError as error:
            raise Overloaded(f"stage {method!r} has no room: try again shortly") from error

    return call
