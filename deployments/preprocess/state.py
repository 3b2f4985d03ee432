"""What was fitted, exactly, as JSON: the content of ``preprocess.json``."""

from typing import Any

from pydantic import Field, model_validator

from deployments.preprocess.spec import PreprocessSpec
from deployments.strict import StrictModel


class FittedNumber(StrictModel):
    """What was learnt of a number: ``fill`` in its unit, then a map of its values.

    ``knots`` and ``levels`` describe a piecewise linear map and are empty where the scaling is
    the affine ``(x - shift) / scale``.
    """

    fill: float
    shift: float = 0.0
    scale: float = 1.0
    knots: list[float] = Field(default_factory=list)
    levels: list[float] = Field(default_factory=list)


class FittedValues(StrictModel):
    """A vocabulary, in the order of its indices."""

    values: list[str | int]


class FittedBoundaries(StrictModel):
    """Where numbers are parted, ascending."""

    boundaries: list[float]


class FittedLength(StrictModel):
    """How long all arrays are."""

    length: int


class FittedNothing(StrictModel):
    """A step that learns nothing."""


Fitted = FittedNumber | FittedValues | FittedBoundaries | FittedLength | FittedNothing


class FittedState(StrictModel):
    """The spec, and by input what was fitted of its steps, in their order.

    Older files have those of the inputs ``numeric`` and ``categorical`` beside the spec.
    """

    spec: PreprocessSpec
    inputs: dict[str, list[Fitted]]

    @model_validator(mode="before")
    @classmethod
    def _of_two_inputs(cls, given: Any) -> Any:
        if isinstance(given, dict) and {"numeric", "vocabularies"} <= given.keys():
            values = [{"values": values} for values in given["vocabularies"]]
            inputs = {"numeric": given["numeric"], "categorical": values}
            others = {"numeric", "vocabularies"}
            return {k: v for k, v in given.items() if k not in others} | {"inputs": inputs}
        return given
