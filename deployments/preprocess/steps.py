"""Steps that make numbers of a column's values, as a spec declares them. Plain JSON."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from deployments.strict import StrictModel


class Numeric(StrictModel, frozen=True):
    """A number, float32: fill what is missing, scale, clip.

    ``quantile_normal`` maps the training distribution to a standard normal through its
    empirical quantiles. With ``indicator`` a second column follows: 1 where missing, else 0.
    """

    column: str
    op: Literal["numeric"] = "numeric"
    scale: Literal["none", "standard", "quantile_normal"] = "standard"
    fill: Literal["median", "mean", "zero"] = "median"
    indicator: bool = False
    clip: tuple[float, float] | None = None


class Array(StrictModel, frozen=True):
    """An array of numbers as it is, float32 [k]: zeros where it is missing. ``length`` is k, by
    default that of all arrays of the training set. With ``indicator`` another column follows: 1
    where missing, else 0."""

    column: str
    op: Literal["array"]
    length: int | None = Field(default=None, ge=1)
    indicator: bool = False


class Vocabulary(StrictModel, frozen=True):
    """An index: a value's place in the training vocabulary; 0 is unseen or missing."""

    column: str
    op: Literal["vocabulary"] = "vocabulary"
    min_count: int = Field(default=1, ge=1)


class Hash(StrictModel, frozen=True):
    """An index from 1 to ``buckets``, by the value's hash, the same everywhere; 0 is missing."""

    column: str
    op: Literal["hash"]
    buckets: int = Field(ge=1, le=2**31 - 2)


class Bucketize(StrictModel, frozen=True):
    """An index: how many ``boundaries`` are at or below a number, and 1; 0 is missing. With
    ``quantiles`` training finds boundaries that part its numbers into as many."""

    column: str
    op: Literal["bucketize"]
    boundaries: list[float] | None = Field(default=None, min_length=1)
    quantiles: int | None = Field(default=None, ge=2, le=10_000)

    @field_validator("boundaries")
    @classmethod
    def _ascending(cls, boundaries: list[float] | None) -> list[float] | None:
        if boundaries and not all(low < high for low, high in pairwise(boundaries)):
            raise ValueError("each boundary must be above the one before it")
        return boundaries

    @model_validator(mode="after")
    def _either(self) -> "Bucketize":
        if (self.boundaries is None) == (self.quantiles is None):
            raise ValueError("give either boundaries or quantiles")
        return self


class Place(StrictModel, frozen=True):
    """An index as it is: a whole number from 0 to below ``size``; 0 where it is another, or
    missing."""

    column: str
    op: Literal["index"]
    size: int = Field(ge=1, le=2**31 - 1)


class Hot(StrictModel, frozen=True):
    """A float32 column for each value of the training vocabulary, or for each of ``buckets`` by
    hash: 1 where it is the value (``one_hot``) or one of the array or set (``multi_hot``), else 0.
    """

    column: str
    op: Literal["one_hot", "multi_hot"]
    min_count: int = Field(default=1, ge=1)
    buckets: int | None = Field(default=None, ge=1, le=2**20)


def _unless_said(op: str) -> BeforeValidator:
    """Of this ``op``, where a step does not say its own."""
    return BeforeValidator(lambda given: {"op": op, **given} if isinstance(given, dict) else given)


NumericStep = Annotated[Numeric | Array | Hot, Field(discriminator="op"), _unless_said("numeric")]
CategoricalStep = Annotated[
    Vocabulary | Hash | Bucketize | Place, Field(discriminator="op"), _unless_said("vocabulary")
]
ElementStep = Annotated[
    Numeric | Array | Vocabulary | Hash | Bucketize | Place, Field(discriminator="op")
]
Step = Numeric | Array | Hot | Vocabulary | Hash | Bucketize | Place
