"""The protocol's names: the server, its one model, the model's versions and its tensors."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

import msgspec

from app.protocols.oip.datatypes import BYTES, OWN
from app.serving.dataplane import Dataplane
from app.serving.errors import ErrorCode, InvalidRequest
from app.serving.served_version import ServedVersion
from deployments.bundle.manifest import Manifest

SERVER = "windsock"
EXTENSIONS = ["binary_tensor_data"]

_SHOWN = 100


class ServerMetadata(msgspec.Struct):
    """The server, and the extensions of the protocol that it knows."""

    name: str
    version: str
    extensions: list[str]


class ServerLive(msgspec.Struct):
    """Whether the process answers."""

    live: bool


class ServerReady(msgspec.Struct):
    """Whether a version is in service. The protocol's page names the first, its client from KServe
    reads the second."""

    live: bool
    ready: bool


class ModelReady(msgspec.Struct):
    """Whether the model, or the version that was named, is in service."""

    name: str
    ready: bool


class TensorMetadata(msgspec.Struct):
    """A tensor by name; -1 stands for any number of rows."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(msgspec.Struct):
    """The model, the versions of it on disk, and the tensors of the one in service."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class Models:
    """Finds what a request names."""

    def __init__(self, dataplane: Dataplane) -> None:
        self._dataplane = dataplane

    @property
    def ready(self) -> bool:
        """Whether a version is in service."""
        return self._dataplane.current is not None

    def is_ready(self, model: str, version: str = "") -> bool:
        """Whether this model, or this version of it, is in service. Raises InvalidRequest where
        there is none such."""
        serving = self._dataplane.in_service.get(model)
        self._check(model, version, serving)
        return serving is not None and version in ("", serving.model.version)

    def serving(self, model: str, version: str = "") -> ServedVersion:
        """This model, or this version of it, in service.

        Raises InvalidRequest where there is none such or another version is in service, and
        Unavailable where none is yet.
        """
        self._check(model, version, self._dataplane.in_service.get(model))
        serving = self._dataplane.serving(model)
        if version not in ("", serving.model.version):
            raise InvalidRequest(
                ErrorCode.NOT_IN_SERVICE,
                f"version {version!r} of {model!r} is not in service: {serving.model.version!r} is",
                "version",
            )
        return serving

    def metadata(self, model: str, version: str = "") -> ModelMetadata:
        """What there is to know of this model. Raises as ``serving`` does."""
        manifest = self.serving(model, version).manifest
        return ModelMetadata(
            manifest.name,
            self._dataplane.bundles.versions(model),
            manifest.program.platform,
            inputs_of(manifest),
            outputs_of(manifest),
        )

    def _check(self, model: str, version: str, serving: ServedVersion | None) -> None:
        if model not in self._dataplane.names:
            there = ", ".join(map(repr, self._dataplane.names))
            raise InvalidRequest(
                ErrorCode.NOT_FOUND,
                f"there is no model {model[:_SHOWN]!r}: this server has {there}",
                "model",
            )
        # The version in service may be gone from disk, and needs no look at it.
        known = not version or (serving is not None and version == serving.model.version)
        if not known and version not in self._dataplane.bundles.versions(model):
            raise InvalidRequest(
                ErrorCode.NOT_FOUND,
                f"there is no version {version[:_SHOWN]!r} of {model!r}",
                "version",
            )


@cache
def server_metadata() -> ServerMetadata:
    """The same for all requests."""
    try:
        return ServerMetadata(SERVER, version("windsock-server"), EXTENSIONS)
    except PackageNotFoundError:  # run from a folder that was never installed
        return ServerMetadata(SERVER, "unknown", EXTENSIONS)


def inputs_of(manifest: Manifest) -> list[TensorMetadata]:
    """One tensor per field of a request."""
    return [TensorMetadata(field.name, OWN[field.dtype], [-1]) for field in manifest.fields]


def outputs_of(manifest: Manifest) -> list[TensorMetadata]:
    """The outputs of the model, and last what its features were."""
    outputs = [
        TensorMetadata(output.name, "FP32", [-1] if output.width == 1 else [-1, output.width])
        for output in manifest.outputs
    ]
    return [*outputs, TensorMetadata(features_output(manifest), BYTES, [-1])]


def features_output(manifest: Manifest) -> str:
    """The name of the output that holds, row by row, the JSON of ``features`` in a REST answer."""
    name = "features"
    while any(output.name == name for output in manifest.outputs):
        name = f"_{name}"
    return name
