"""The routes of REST."""

from functools import partial
from typing import Any

import msgspec

from app.config import Limits
from app.edge.route import Access, Cost, Operation, Route
from app.protocols.health import READY
from app.protocols.rest import messages
from app.protocols.rest.messages import BatchResponse, Health, Prediction
from app.protocols.rest.predict import Predictions
from app.protocols.rest.service import Service
from app.serving.dataplane import Dataplane
from app.serving.errors import ErrorCode
from app.serving.served_version import ServedVersion

VALUES = {
    "name": "values",
    "in": "query",
    "description": "Also answer the feature values that the model was given",
    "schema": {"type": "boolean", "default": False},
}

_PREDICT_ERRORS = [
    *(ErrorCode.MALFORMED_BODY, ErrorCode.UNSUPPORTED_ENCODING),
    *(ErrorCode.MALFORMED_JSON, ErrorCode.BODY_TOO_LARGE, ErrorCode.INVALID_FIELD),
    *(ErrorCode.MISSING_FIELD, ErrorCode.UNKNOWN_FIELD, ErrorCode.OUT_OF_RANGE),
    *(ErrorCode.MISSING_FEATURES, ErrorCode.ROW_FAILED, ErrorCode.TIMED_OUT),
    *(ErrorCode.OVERLOADED, ErrorCode.STALE_FEATURES, ErrorCode.FEATURES_UNAVAILABLE),
    ErrorCode.UNAVAILABLE,
]
_BATCH_ERRORS = [*_PREDICT_ERRORS, ErrorCode.EMPTY_BATCH, ErrorCode.BATCH_TOO_LARGE]
_UNAVAILABLE = [ErrorCode.UNAVAILABLE]
_EXAMPLE_ID = "f7f869c44d864bb8a7d52672e18b29d7"


def routes(dataplane: Dataplane, limits: Limits, *, auth: bool) -> list[Route]:
    """Predictions, health and models; ``auth`` is whether clients have to show who they are."""
    predictions, service = Predictions(limits), Service(dataplane, auth=auth)
    predict = partial(Operation, "predict", parameters=[VALUES])
    control = partial(Operation, "service")
    probe = partial(Route, access=Access.OPEN, protocol="health")
    one = predict(
        "predict",
        "Predict for one row",
        Prediction,
        _PREDICT_ERRORS,
        request=lambda serving: serving.contract.row_type,
        request_example=lambda serving: serving.contract.example(),
        answer_example=_prediction,
    )
    many = predict(
        "predict_batch",
        "Predict for many rows: a bad one gets its error, the others their answers",
        BatchResponse,
        _BATCH_ERRORS,
        request=lambda serving: serving.contract.batch_type,
        request_example=lambda serving: {"instances": [serving.contract.example()]},
        answer_example=_batch,
        lines=[messages.PredictionLine, messages.ErrorLine],
    )
    health = control("health", "State of the service and the model in service", Health)
    live = control("health_live", "Whether the process answers", Health)
    ready = control(
        "health_ready",
        "Whether a row gets through every stage now",
        Health,
        description=READY,
        unready=True,
    )
    about = "Bundles on disk, and the contract of the active one"
    models = control("models", about, messages.Models, _UNAVAILABLE)
    return [
        Route("POST", "/predict", predictions.predict, one, Cost.PREDICTION),
        Route("POST", "/predict/batch", predictions.predict_batch, many, Cost.PREDICTION),
        probe("GET", "/health", service.health, health),
        probe("GET", "/health/live", service.live, live),
        probe("GET", "/health/ready", service.ready, ready),
        Route("GET", "/models", service.models, models, model=True, access=Access.KNOWN),
    ]


def _prediction(serving: ServedVersion) -> Any:
    """What the example request was answered when this version was warmed up."""
    answer = serving.example_answer
    if answer is None:
        return None
    prediction = Prediction(answer.outputs, serving.model, answer.features, _EXAMPLE_ID)
    return msgspec.json.decode(msgspec.json.encode(prediction))


def _batch(serving: ServedVersion) -> Any:
    answer = _prediction(serving)
    return answer and {"predictions": [answer], "request_id": _EXAMPLE_ID}
