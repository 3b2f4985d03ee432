"""The outputs of a bundle: as the contract names them, and as the program answers them."""

from collections.abc import Mapping, Sequence
from typing import Any

from deployments.bundle.manifest import OutputSpec
from deployments.columns import Column
from deployments.frames import Outputs


def named_outputs(documents: Sequence[Mapping[str, Any]]) -> list[OutputSpec]:
    """The contract's outputs. Raises ValueError for two of one name, and for labels of which two
    are alike."""
    outputs = [OutputSpec.model_validate(document) for document in documents]
    names = [output.name for output in outputs]
    if len(set(names)) < len(names):
        raise ValueError(f"two outputs have one name: {names}")
    for output in outputs:
        labels = output.labels or []
        if len(set(labels)) < len(labels):
            raise ValueError(f"two labels of the output {output.name!r} are alike: {labels}")
    return outputs


def answered_outputs(outputs: Sequence[OutputSpec], answers: Outputs) -> list[OutputSpec]:
    """The same with the dtypes and shapes of what was answered to the golden rows. Raises
    ValueError for labels that do not fit it."""
    return [_answered(output, answers[output.name]) for output in outputs]


def _answered(output: OutputSpec, values: Column) -> OutputSpec:
    shape, labels = list(values.shape[1:]), output.labels
    if labels is not None:
        what = f"the output {output.name!r} has {len(labels)} labels"
        if shape and shape[-1] != len(labels):
            raise ValueError(f"{what}, and the program answers {shape[-1]} values of it")
        if not shape and values.dtype.kind not in "iub":
            raise ValueError(
                f"{what}, and the program answers {values.dtype}: labels are for whole numbers, or "
                "for as many values"
            )
        if not shape and (values.min() < 0 or values.max() >= len(labels)):
            raise ValueError(f"{what}, and the program answers {values.min()} to {values.max()}")
    dtype = str(values.dtype)
    return output.model_copy(update={"dtype": dtype, "shape": shape})
