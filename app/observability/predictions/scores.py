"""Which number of an answer is the score."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from app.observability.predictions.settings import PredictionsSettings
from deployments.bundle.manifest import Manifest, OutputSpec

_USUAL = 0.5


class NoScore(Exception):
    """A version has no output that the settings could mean; says which it has."""


class Score:
    """Finds the scores of one version's answers. Raises NoScore."""

    def __init__(self, settings: PredictionsSettings, manifest: Manifest) -> None:
        spec = _output(settings, manifest)
        self._name = spec.name
        self._place = _place(settings, spec)
        given = settings.threshold
        told = manifest.metrics.get("threshold") if given is None else given
        number = isinstance(told, int | float) and not isinstance(told, bool)
        self.threshold = float(told) if number and told is not None else _USUAL

    def of(self, columns: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float64]:
        """float64 [N] of outputs by name, each [N, ...]."""
        values = columns[self._name]
        return np.asarray(values if self._place is None else values[:, self._place], np.float64)


def _output(settings: PredictionsSettings, manifest: Manifest) -> OutputSpec:
    wanted = settings.output
    several = settings.label is not None
    for spec in manifest.outputs:
        if wanted not in (None, spec.name) or not spec.dtype.startswith(("float", "bfloat")):
            continue
        if len(spec.shape) == several:
            return spec
    form = "a list of floating-point numbers" if several else "one floating-point number"
    there = ", ".join(
        f"{spec.name} ({spec.dtype}{list(spec.shape) or ''})" for spec in manifest.outputs
    )
    name = f"{wanted!r}, {form} a row," if wanted else f"that is {form} a row"
    raise NoScore(
        f"{manifest.id} has no output {name} for observability.predictions: it has {there}"
    )


def _place(settings: PredictionsSettings, spec: OutputSpec) -> int | None:
    label = settings.label
    if label is None:
        return None
    names = spec.labels or []
    if isinstance(label, str) and label in names:
        return names.index(label)
    if isinstance(label, int) and 0 <= label < spec.shape[0]:
        return label
    there = ", ".join(names) or f"0 to {spec.shape[0] - 1}"
    raise NoScore(f"the output {spec.name!r} has no label {label!r}: it has {there}")
