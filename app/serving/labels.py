"""Names for what a program answers: labels of its classes, or of its scores."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from deployments.bundle.manifest import Manifest

Labels = Mapping[str, Sequence[str]]
"""By output, in the order of what they are of; only outputs that have any."""

NO_LABELS: Labels = {}


def labels_of(manifest: Manifest) -> Labels:
    """The labels of a bundle's outputs."""
    return {output.name: output.labels for output in manifest.outputs if output.labels}


def are_scores(shape: Sequence[int], labels: Sequence[str]) -> bool:
    """Whether labels are of the elements of the last axis of an output, whose rows have this shape:
    otherwise its whole numbers count them."""
    return bool(shape) and shape[-1] == len(labels)


def named(
    values: npt.NDArray[Any], labels: Sequence[str]
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.bool_]]:
    """The names of whole numbers, and bool [N] the rows that have one which counts no label; the
    names in those are of no meaning."""
    places = values.astype(np.int64)
    beyond = (places < 0) | (places >= len(labels))
    names = np.array(labels, dtype=object)[np.where(beyond, 0, places)]
    return names, np.logical_or.reduce(beyond.reshape(len(values), -1), axis=1)


def by_label(values: Any, labels: Sequence[str], depth: int) -> Any:
    """Scores, nested ``depth`` deep, as objects by label."""
    if depth == 1:
        return dict(zip(labels, values, strict=True))
    return [by_label(one, labels, depth - 1) for one in values]
