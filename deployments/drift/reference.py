"""``reference.json`` of a bundle: how the columns and outputs of training were distributed."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from deployments.bundle.bundle import Bundle
from deployments.strict import StrictModel

REFERENCE = "reference.json"

Aspect = Literal["value", "length", "mean", "top"]
"""What of a cell is counted: it as it is, how many elements an array has, their mean, or the label
of the largest."""


class Bins(StrictModel):
    """One column or output in bins, the last of which is for what is missing.

    Numbers: bin i holds what is above ``edges[i - 1]`` and not above ``edges[i]``. Categories: the
    bins are the ``categories``, and then one for all others.
    """

    aspect: Aspect = "value"
    edges: list[float] = Field(default_factory=list)
    categories: list[str] | None = None
    counts: list[int]
    """How many rows of training each bin holds."""
    chi_square: bool = False
    """Whether the bins are the values of a category."""
    natural: dict[int, float] = Field(default_factory=dict)
    """By how many rows: the largest PSI that so many rows of training in a row, by their event
    time, have against all of it, beyond chance. A day has one weather: it is never a year's."""

    @model_validator(mode="after")
    def _counted(self) -> Self:
        if len(self.counts) != self.size:
            raise ValueError(f"there are {self.size} bins, and {len(self.counts)} counts")
        if self.edges != sorted(self.edges):
            raise ValueError("edges must ascend")
        return self

    @property
    def size(self) -> int:
        """How many bins there are."""
        known = len(self.edges) if self.categories is None else len(self.categories)
        return known + 2

    def natural_of(self, rows: int) -> float:
        """The natural PSI of a window of so many rows: that of the most that are not more."""
        fitting = [size for size in self.natural if size <= rows]
        if fitting:
            return self.natural[max(fitting)]
        return self.natural[min(self.natural)] if self.natural else 0.0


class Reference(StrictModel):
    """What is compared, by the name of the column or output, and why others are not."""

    format: Literal[1] = 1
    columns: dict[str, Bins]
    outputs: dict[str, Bins]
    left_out: dict[str, str]

    @property
    def named(self) -> Mapping[str, Bins]:
        """All bins by the names that metrics give them."""
        return {
            **self.columns,
            **{self.output_name(name): one for name, one in self.outputs.items()},
        }

    def output_name(self, output: str) -> str:
        """What metrics call an output: by its name, unless a column has it."""
        return f"{output} (output)" if output in self.columns else output


def reference_of(bundle: Bundle) -> Reference | None:
    """That of a bundle; None where it has none, since it is older or has no training set."""
    if REFERENCE not in bundle.manifest.files:
        return None
    return Reference.model_validate_json(bundle.read(REFERENCE))
