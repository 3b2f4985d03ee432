"""The answers of the REST interface."""

from typing import Annotated, Any

import msgspec

from app.errors import ErrorDetail


class ModelInfo(msgspec.Struct):
    """Which bundle answered."""

    name: str
    version: str


class ViewInfo(msgspec.Struct):
    """One feature view of one row, and the age of its event in seconds (null where there is none).

    ``fresh``; ``stale``: used although it may be out of date; ``missing``: the store has no such
    row; ``defaulted``: not used or not to be had, so that training's defaults stand in.
    """

    status: str
    age_s: float | None


_VIEWS = {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/ViewInfo"}}


class FeaturesInfo(msgspec.Struct):
    """How good the inputs were: the worst view's status, and the age in seconds of the oldest
    event of a view that can expire.

    ``degraded`` is true where a view is stale or defaulted. ``unseen`` names categorical inputs
    whose value training has not seen, where there are any; the model takes them as unknown.
    ``values`` are there if the request asked for them (``?values=true``).
    """

    status: str
    degraded: bool
    oldest_age_s: float | None
    # A ViewInfo by view, encoded when the batch is.
    views: Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema=_VIEWS)]
    unseen: list[str] | msgspec.UnsetType = msgspec.UNSET
    values: dict[str, float | str | bool | None] | msgspec.UnsetType = msgspec.UNSET


class Prediction(msgspec.Struct):
    """The answer for one row: ``outputs`` by name, a number or a list of them."""

    outputs: dict[str, float | list[float] | None]
    model: ModelInfo
    features: FeaturesInfo
    request_id: str


_EITHER = {"oneOf": [{"$ref": f"#/components/schemas/{n}"} for n in ("Prediction", "ErrorBody")]}


class BatchResponse(msgspec.Struct):
    """Per instance, in order: its prediction, or an error body that says what was wrong."""

    # msgspec has no untagged unions, so their schema is written out.
    predictions: Annotated[list[Any], msgspec.Meta(extra_json_schema={"items": _EITHER})]
    request_id: str


class PredictionLine(msgspec.Struct):
    """The answer for the row at this place of the batch, as one of several lines."""

    row: int
    outputs: dict[str, float | list[float] | None]
    model: ModelInfo
    features: FeaturesInfo
    request_id: str


class ErrorLine(msgspec.Struct):
    """Why a row has no answer; null stands for all that have no line of their own."""

    row: int | None
    error: ErrorDetail


class Health(msgspec.Struct):
    """``status`` is ok, or starting until a bundle serves."""

    status: str
    model: ModelInfo | None
    problem: str | None = None


class ModelDescription(msgspec.Struct):
    """A bundle on disk; ``active`` is the one that answers."""

    name: str
    version: str
    active: bool


class Models(msgspec.Struct):
    """The bundles of this service, and the contract and metrics of the active one."""

    models: list[ModelDescription]
    feature_service: str
    fields: dict[str, str]
    outputs: list[str]
    metrics: dict[str, Any]
    problem: str | None = None
