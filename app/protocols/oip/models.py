"""The protocol's names: the server, its one model, the model's versions and its tensors."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

import msgspec

from app.protocols.oip.datatypes import BYTES, datatype_of, form_of
from app.protocols.oip.outputs import labels_of, parameters_of
from app.serving.served_version import ServedVersion
from deployments.bundle.bundle import BundleStore
from deployments.bundle.manifest import FieldSpec, Manifest, OutputSpec

SERVER = "windsock"
EXTENSIONS = ["binary_tensor_data"]


class ServerMetadata(msgspec.Struct):
    """The server, and the extensions of the protocol that it knows."""

    name: str
    version: str
    extensions: list[str]


class ServerLive(msgspec.Struct):
    """Whether the process answers."""

    live: bool


class ServerReady(msgspec.Struct):
    """Whether a row gets through every stage now. The protocol's page names the first, its client
    from KServe reads the second."""

    live: bool
    ready: bool


class ModelReady(msgspec.Struct):
    """Whether the model, or the version that was named, is in service and ready."""

    name: str
    ready: bool


class TensorMetadata(msgspec.Struct, omit_defaults=True):
    """A tensor by name; -1 stands for any number of rows. ``parameters`` say of an input which
    ``type`` its field has and whether it is ``optional``, of an output its ``labels``."""

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, str | bool] = {}


class ModelMetadata(msgspec.Struct):
    """The model, the versions of it on disk, and the tensors of the one in service."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


def model_metadata(serving: ServedVersion, bundles: BundleStore) -> ModelMetadata:
    """What there is to know of a model of which this version serves."""
    manifest = serving.manifest
    return ModelMetadata(
        manifest.name,
        bundles.versions(manifest.name),
        manifest.program.platform,
        inputs_of(manifest),
        outputs_of(manifest),
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
    return [_input(field) for field in manifest.fields]


def outputs_of(manifest: Manifest) -> list[TensorMetadata]:
    """The outputs of the model, and last what its features were."""
    features = TensorMetadata(features_output(manifest), BYTES, [-1])
    return [*map(_output, manifest.outputs), features]


def _input(field: FieldSpec) -> TensorMetadata:
    form = form_of(field.dtype)
    parameters: dict[str, str | bool] = {"type": field.dtype}
    if field.optional:
        parameters["optional"] = True
    return TensorMetadata(field.name, form.own, form.shape, parameters)


def _output(output: OutputSpec) -> TensorMetadata:
    counted = output.labels is not None and not parameters_of(output)
    datatype = BYTES if counted else datatype_of(output.dtype)
    return TensorMetadata(output.name, datatype, [-1, *output.shape], {**labels_of(output)})


def features_output(manifest: Manifest) -> str:
    """The name of the output that holds, row by row, the JSON of ``features`` in a REST answer."""
    name = "features"
    while any(output.name == name for output in manifest.outputs):
        name = f"_{name}"
    return name
