"""What a preprocessing is asked to do, before it is fitted. Plain JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from deployments.preprocess.derived_steps import Derived
from deployments.preprocess.steps import CategoricalStep, ElementStep, NumericStep, Step
from deployments.strict import StrictModel


class NumericInput(StrictModel, frozen=True):
    """Numbers side by side: float32 [N, F], or [N] of a single one where that is to be
    squeezed."""

    numeric: list[NumericStep]
    squeeze: bool = False

    @property
    def steps(self) -> list[NumericStep]:
        return self.numeric


class CategoricalInput(StrictModel, frozen=True):
    """Indices side by side: int64 [N, C], or [N] of a single one where that is to be squeezed."""

    categorical: list[CategoricalStep]
    squeeze: bool = False

    @model_validator(mode="after")
    def _single(self) -> "CategoricalInput":
        if self.squeeze and len(self.categorical) != 1:
            raise ValueError("squeeze takes an input of one column")
        return self

    @property
    def steps(self) -> list[CategoricalStep]:
        return self.categorical


class SequenceInput(StrictModel, frozen=True):
    """The elements of an array of any length, in their order: [N, L], int64 or (``numeric``)
    float32, or [N, L, k] of an array of arrays. A missing array has no elements.

    L is ``length``, or else the longest of the batch, which is at most ``max_length``: of a longer
    array the ``keep`` elements stay. Shorter ones have zeros at the ``pad`` side. Inputs of one
    ``axis`` have one L, the longest of all. ``mask`` names a further input, bool [N, L], true where
    an element stands; ``lengths`` one with their number, int64 [N].
    """

    sequence: ElementStep
    length: int | None = Field(default=None, ge=1)
    max_length: int | None = Field(default=None, ge=1)
    keep: Literal["first", "last"] = "first"
    pad: Literal["left", "right"] = "right"
    axis: str | None = None
    mask: str | None = None
    lengths: str | None = None

    @property
    def steps(self) -> list[ElementStep]:
        return [self.sequence]

    @field_validator("sequence")
    @classmethod
    def _one_each(cls, step: ElementStep) -> ElementStep:
        if getattr(step, "indicator", False):
            raise ValueError("an element of a sequence has no indicator: its mask tells")
        return step

    @model_validator(mode="after")
    def _one_length(self) -> "SequenceInput":
        if self.length is not None and self.max_length is not None:
            raise ValueError("give either length or max_length")
        if self.length is not None and self.axis is not None:
            raise ValueError("an axis has the length of its longest input: leave length out")
        return self


class Tensor(StrictModel, frozen=True):
    """A number (``shape`` []), an array or lists of lists of this shape, as they are; ``fill``
    everywhere where it is missing."""

    column: str
    shape: list[Annotated[int, Field(ge=1)]] = Field(default_factory=list, max_length=8)
    dtype: Literal["float32", "int64", "bool"] = "float32"
    fill: float = 0.0


class TensorInput(StrictModel, frozen=True):
    """A value passed on: [N, *shape]."""

    tensor: Tensor

    @property
    def steps(self) -> list[Tensor]:
        return [self.tensor]


_FORMS = ("numeric", "categorical", "sequence", "tensor")


def _form(given: Any) -> str | None:
    keys = given if isinstance(given, dict) else vars(given) if hasattr(given, "__dict__") else ()
    return next((form for form in _FORMS if form in keys), None)


InputSpec = Annotated[
    Annotated[NumericInput, Tag("numeric")]
    | Annotated[CategoricalInput, Tag("categorical")]
    | Annotated[SequenceInput, Tag("sequence")]
    | Annotated[TensorInput, Tag("tensor")],
    Discriminator(
        _form,
        custom_error_type="input_form",
        custom_error_message=f"an input is one of {', '.join(_FORMS)}",
    ),
]


class PreprocessSpec(StrictModel, frozen=True):
    """The whole preprocessing of a model, in the order in which columns reach it.

    ``numeric`` and ``categorical`` are the short form of the inputs that are named so. A program
    whose ``inputs`` are named takes them only where they have steps.
    """

    derived: list[Derived] = Field(default_factory=list)
    numeric: list[NumericStep] = Field(default_factory=list)
    categorical: list[CategoricalStep] = Field(default_factory=list)
    inputs: dict[str, InputSpec] = Field(default_factory=dict)

    @property
    def forms(self) -> Mapping[str, InputSpec]:
        """By name, how each input is made."""
        short: dict[str, InputSpec] = {}
        if self.numeric or not self.inputs:
            short["numeric"] = NumericInput(numeric=self.numeric)
        if self.categorical or not self.inputs:
            short["categorical"] = CategoricalInput(categorical=self.categorical)
        return short | self.inputs

    @model_validator(mode="after")
    def _distinct(self) -> "PreprocessSpec":
        twice = [name for name, count in Counter(self._names()).items() if count > 1]
        if twice:
            raise ValueError(f"two inputs have the name {twice[0]!r}")
        return self

    def _names(self) -> Iterator[str]:
        if self.numeric:
            yield "numeric"
        if self.categorical:
            yield "categorical"
        for name, form in self.inputs.items():
            yield name
            if isinstance(form, SequenceInput):
                yield from filter(None, [form.mask, form.lengths])


AnyStep = Step | Tensor
