"""The names that a contract gives to what a model answers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.bundle.manifest import OutputSpec


def counts(spec: OutputSpec) -> bool:
    """Whether the labels of an output name its whole numbers, and not the elements of its last
    axis."""
    if not spec.labels or np.dtype(spec.dtype).kind not in "iub":
        return False
    return not spec.shape or spec.shape[-1] != len(spec.labels)


def names(labels: Sequence[str], values: npt.NDArray[Any]) -> npt.NDArray[np.object_]:
    """The label of each whole number, in the same shape; that of one without a label is the number
    itself, as text."""
    flat = [
        labels[index] if 0 <= index < len(labels) else str(index)
        for index in values.ravel().astype(np.int64).tolist()
    ]
    return np.array(flat, dtype=object).reshape(values.shape)
