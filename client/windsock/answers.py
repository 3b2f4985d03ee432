"""What the service answers, as it says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from windsock.errors import WindsockError

Value = float | int | str | bool | list[Any] | dict[str, Any] | None
"""A feature value, as JSON has it: bytes are base64, decimals and UUIDs text, instants seconds."""
Output = float | int | str | bool | list[Any] | dict[str, Any] | None
"""A number, lists of them, or a label; scores that have labels are by label."""


@dataclass(frozen=True, slots=True)
class Model:
    """Which version of which model answered."""

    name: str
    version: str

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """From the decoded JSON of an answer."""
        return cls(said["name"], said["version"])


@dataclass(frozen=True, slots=True)
class View:
    """One feature view of one row: ``fresh``, ``stale``, ``missing`` or ``defaulted``, and the age
    of its event in seconds (None where there is none)."""

    status: str
    age_s: float | None


@dataclass(frozen=True, slots=True)
class Features:
    """How good the inputs were.

    ``status`` is that of the worst view, ``degraded`` is true where a view is stale or defaulted,
    ``oldest_age_s`` is the age in seconds of the oldest event. ``unseen`` names inputs whose value
    training has not seen; ``values`` holds the feature values by name, if they were asked for.
    """

    status: str
    degraded: bool
    oldest_age_s: float | None
    views: dict[str, View]
    unseen: list[str]
    values: dict[str, Value] | None

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """From the decoded JSON of an answer."""
        views = {name: View(one["status"], one["age_s"]) for name, one in said["views"].items()}
        return cls(
            said["status"],
            said["degraded"],
            said["oldest_age_s"],
            views,
            said.get("unseen") or [],
            said.get("values"),
        )


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer for one row: ``outputs`` by name. ``row`` is its place in the request of this id,
    ``id`` what a stream has called it: an outcome is told of them."""

    outputs: dict[str, Output]
    model: Model
    features: Features
    request_id: str | None
    row: int = 0
    id: int | str | None = None

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """From the decoded JSON of an answer."""
        model, features = Model.of(said["model"]), Features.of(said["features"])
        request_id, row, id = said.get("request_id"), said.get("row", 0), said.get("id")
        return cls(said["outputs"], model, features, request_id, row, id)


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one row of several has no prediction; the codes are those of the exceptions."""

    code: str
    message: str
    field: str | None = None
    request_id: str | None = None

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """From the decoded JSON of an answer."""
        error = said["error"]
        return cls(error["code"], error["message"], error.get("field"), error.get("request_id"))

    @classmethod
    def told(cls, error: WindsockError) -> Self:
        """What an exception tells of the row that it concerns."""
        return cls(error.code, error.message, error.field, error.request_id)


Answer = Prediction | RowError


def answer_of(said: Mapping[str, Any]) -> Answer:
    """The answer for one row of several, from its decoded JSON."""
    return RowError.of(said) if "error" in said else Prediction.of(said)


@dataclass(frozen=True, slots=True)
class Health:
    """``status`` is ``ok``; ``degraded`` where answers are given, and flagged; ``unavailable``
    where none is; ``starting`` until a model serves. ``problem`` is what is wrong, also while it is
    ok."""

    status: str
    model: Model | None
    problem: str | None

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """From the decoded JSON of an answer."""
        model = Model.of(said["model"]) if said["model"] else None
        return cls(said["status"], model, said["problem"])


@dataclass(frozen=True, slots=True)
class Models:
    """The versions of the model, oldest first, which of them is ``active``, and what that one
    takes (``fields``, with their types), gives (``outputs``) and scored (``metrics``)."""

    name: str
    versions: list[str]
    active: str
    feature_service: str
    fields: dict[str, str]
    outputs: list[str]
    metrics: dict[str, Any]

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """From the decoded JSON of an answer."""
        (active,) = (one for one in said["models"] if one["active"])
        return cls(
            active["name"],
            [one["version"] for one in said["models"]],
            active["version"],
            said["feature_service"],
            said["fields"],
            said["outputs"],
            said["metrics"],
        )
