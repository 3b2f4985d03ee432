"""Answers as the rows of a frame or table."""

from collections.abc import Mapping
from typing import Any

from windsock.answers import RowError

OWN = ("status", "degraded", "oldest_age_s", "code", "message")
"""The columns that are there whatever the model: the last two are of rows without a prediction."""

Record = Mapping[str, Any]


def record(said: Mapping[str, Any]) -> Record:
    """The cells of a row that has a prediction, from its decoded JSON."""
    features = said["features"]
    outputs = {f"output_{n}" if n in OWN else n: value for n, value in said["outputs"].items()}
    return {
        **outputs,
        **(features.get("values") or {}),
        **{name: features[name] for name in OWN[:3]},
    }


def error_record(error: RowError) -> Record:
    """The cells of a row that has none."""
    return {"code": error.code, "message": error.message}
