"""What a program predicts for rows that it may have been trained on, or better has not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.serving.labels import are_scores, named
from deployments.bundle.manifest import OutputSpec
from deployments.columns import Column
from deployments.frames import TensorFrame
from deployments.model.backends.base import Runtime
from deployments.model_id import ModelId
from deployments.preprocess.base import Preprocessor
from training.bundling.reference.rows import TimedRows

_MOST_ROWS = 250_000
_BATCH = 1024


@dataclass(frozen=True, slots=True)
class Predictions:
    """Outputs as answers have them, by name, each [N, ...], ``scores`` those whose elements have
    labels; when the rows were, in epoch seconds, if that is known; and of how many rows there are
    none, since preprocessing or program fail for one of their batch."""

    outputs: Mapping[str, npt.NDArray[Any]]
    instants: npt.NDArray[np.float64] | None = None
    scores: frozenset[str] = frozenset()
    failed: int = 0


def predicted(
    runtime: Runtime,
    preprocessor: Preprocessor,
    outputs: Sequence[OutputSpec],
    rows: TimedRows,
) -> Predictions:
    """Of these rows, or the newest where they are very many."""
    places, parts, there = _newest(rows), [], []
    for begin in range(0, len(places), _BATCH):
        at = places[begin : begin + _BATCH]
        batch: dict[str, Column] = {name: rows.columns[name][at] for name in preprocessor.inputs}
        try:
            parts.append(runtime.run(TensorFrame(ModelId("", ""), preprocessor.transform(batch))))
        except Exception:  # of a user's class or program any; how many rows is told
            continue
        there.append(at)
    if not parts:
        return Predictions({}, failed=len(places))
    told = np.concatenate(there)
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    scores = set()
    for spec in outputs:
        if spec.labels is None or spec.name not in found:
            continue
        values = found[spec.name]
        if are_scores(values.shape[1:], spec.labels):
            scores.add(spec.name)
        else:
            found[spec.name], _ = named(values, spec.labels)
    instants = None if rows.instants is None else rows.instants[told]
    return Predictions(found, instants, frozenset(scores), len(places) - len(told))


def _newest(rows: TimedRows) -> npt.NDArray[np.intp]:
    count = len(rows)
    if count <= _MOST_ROWS:
        return np.arange(count)
    if rows.instants is None:
        return np.linspace(0, count - 1, _MOST_ROWS).astype(np.intp)
    return np.sort(np.argsort(rows.instants, kind="stable")[-_MOST_ROWS:])
