"""The routes of the protocol over HTTP."""

from functools import partial

from app.config import Limits
from app.edge.guards import ERRORS as GUARD_ERRORS
from app.edge.route import Access, Cost, Operation, Route
from app.protocols.health import READY
from app.protocols.oip import PREFIX, models, request_schema
from app.protocols.oip.binary import HEADER
from app.protocols.oip.http import Inference, Metadata
from app.protocols.oip.http_messages import InferenceResponse
from app.serving.dataplane import Dataplane
from app.serving.errors import ErrorCode

_SERVING = [ErrorCode.NOT_FOUND, ErrorCode.NOT_IN_SERVICE, ErrorCode.UNAVAILABLE]
_NEVER = (
    *(ErrorCode.METHOD_NOT_ALLOWED, ErrorCode.UPGRADE_REQUIRED),
    ErrorCode.FORBIDDEN_ORIGIN,  # of a socket
    *(ErrorCode.MALFORMED_REQUEST, ErrorCode.HEADERS_TOO_LARGE),  # doors refuse, before any route
    *GUARD_ERRORS,  # by layers
)
_INFER = [code for code in ErrorCode if code not in _NEVER]
_BINARY = f"""Tensors may also be in binary, behind the JSON (the binary tensor data extension): the
header `{HEADER}` then has the length of the JSON, and the parameter `binary_data_size` of each such
tensor its bytes. Bodies may be compressed by gzip or deflate both ways."""

_operation = partial(Operation, "open inference protocol")
_route = partial(Route, protocol="oip_http")
_probe = partial(Route, access=Access.OPEN, protocol="health")


def routes(dataplane: Dataplane, limits: Limits) -> list[Route]:
    """Inference, and what there is to know of the server, the model and its versions."""
    metadata, inference = Metadata(dataplane), Inference(limits)
    about = "Name of the server, and its extensions"
    server = _operation("oip_server", about, models.ServerMetadata)
    live = _operation("oip_live", "Whether the process answers", models.ServerLive)
    about = "Whether a row of each model gets through every stage now"
    ready = _operation("oip_ready", about, models.ServerReady, description=READY, unready=True)
    model = f"/{PREFIX}/models/{{model}}"
    return [
        *_model_routes(model, "", inference, metadata),
        *_model_routes(f"{model}/versions/{{version}}", "_version", inference, metadata),
        _route("GET", f"/{PREFIX}", metadata.server, server, access=Access.KNOWN),
        _route("GET", f"/{PREFIX}/", metadata.server, access=Access.KNOWN),
        _probe("GET", f"/{PREFIX}/health/live", metadata.live, live),
        _probe("GET", f"/{PREFIX}/health/ready", metadata.ready, ready),
    ]


def _model_routes(path: str, suffix: str, inference: Inference, metadata: Metadata) -> list[Route]:
    infer = _operation(
        f"oip_infer{suffix}",
        "Predict for the rows of tensors",
        InferenceResponse,
        _INFER,
        _BINARY,
        request=request_schema.schema,
        request_example=request_schema.example,
        binary=True,
    )
    about = "The model and its tensors"
    model = _operation(f"oip_model{suffix}", about, models.ModelMetadata, _SERVING)
    ready = _operation(
        f"oip_model{suffix}_ready",
        "Whether the model is in service, and a row gets through every stage now",
        models.ModelReady,
        [ErrorCode.NOT_FOUND],
        READY,
        unready=True,
    )
    return [
        _route("POST", f"{path}/infer", inference.infer, infer, Cost.PREDICTION),
        _route("GET", path, metadata.model, model, model=True, access=Access.KNOWN),
        _probe("GET", f"{path}/ready", metadata.model_ready, ready),
    ]
