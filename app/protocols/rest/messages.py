"""The answers of the REST interface, errors too."""

from typing import Annotated, Any, Literal

import msgspec

from app.edge.errors import ErrorForm
from app.serving.errors import ErrorDetail
from app.serving.info import FeaturesInfo, OutputValues
from app.serving.readiness import HealthStatus
from deployments.model_id import ModelId


class Prediction(msgspec.Struct):
    """The answer for one row: ``outputs`` by name, a number or a list of them."""

    outputs: OutputValues
    model: ModelId
    features: FeaturesInfo
    request_id: str


class ErrorBody(msgspec.Struct):
    """The one error body, on every route."""

    error: ErrorDetail


REST_ERROR = ErrorForm("rest", ErrorBody, lambda detail: msgspec.json.encode(ErrorBody(detail)))

_EITHER = {"oneOf": [{"$ref": f"#/components/schemas/{n}"} for n in ("Prediction", "ErrorBody")]}


class BatchResponse(msgspec.Struct):
    """Per instance, in order: its prediction, or an error body that says what was wrong."""

    # msgspec has no untagged unions, so their schema is written out.
    predictions: Annotated[list[Any], msgspec.Meta(extra_json_schema={"items": _EITHER})]
    request_id: str


class PredictionLine(msgspec.Struct):
    """The answer for the row at this place of the batch, as one of several lines."""

    row: int
    outputs: OutputValues
    model: ModelId
    features: FeaturesInfo
    request_id: str


class ErrorLine(msgspec.Struct):
    """Why a row has no answer; null stands for all that have no line of their own."""

    row: int | None
    error: ErrorDetail


class Health(msgspec.Struct):
    """``status`` is ok; degraded where answers are given, and flagged; unavailable where none is;
    starting until a bundle serves. ``problem`` says what is wrong, also while it is ok. With
    ``auth`` off everyone may ask for everything."""

    status: HealthStatus
    model: ModelId | None
    problem: str | None
    auth: Literal["on", "off"]


class ModelDescription(msgspec.Struct):
    """A bundle on disk; ``active`` is the one that answers."""

    name: str
    version: str
    active: bool


class Models(msgspec.Struct):
    """The bundles of this service, and the contract and metrics of the active one.

    ``program_rows`` is how many rows its program takes at once, null for any number: larger
    batches are answered all the same, in parts. ``code`` is the class that its bundle brings along
    and the server runs, null where it brings none.
    """

    models: list[ModelDescription]
    feature_service: str
    fields: dict[str, str]
    outputs: list[str]
    program_rows: int | None
    metrics: dict[str, Any]
    code: str | None
    problem: str | None = None
