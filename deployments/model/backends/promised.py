"""Answers of the dtypes that a manifest promises: bundles of before programs kept their own have
float32 for everything."""

from collections.abc import Sequence

import numpy as np

from deployments.bundle.manifest import OutputSpec
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.base import Around, Runtime


def as_promised(runtime: Runtime, outputs: Sequence[OutputSpec], answered: Outputs) -> Runtime:
    """The runtime itself where it has ``answered`` as promised, or one that casts its answers.
    Raises ValueError for answers that cannot be cast so."""
    casts = {
        spec.name: np.dtype(spec.dtype)
        for spec in outputs
        if answered[spec.name].dtype != spec.dtype
    }
    for name, dtype in casts.items():
        if dtype.kind != "f" or answered[name].dtype.kind not in "fiub":
            raise ValueError(
                f"the manifest promises {dtype} for the output {name!r}, and the program answers "
                f"{answered[name].dtype}"
            )
    return _Cast(runtime, casts) if casts else runtime


class _Cast(Around):
    def __init__(self, runtime: Runtime, casts: dict[str, np.dtype[np.generic]]) -> None:
        super().__init__(runtime)
        self._casts = casts

    def run(self, frame: TensorFrame) -> Outputs:
        answered = dict(self._run(frame))
        for name, dtype in self._casts.items():
            answered[name] = answered[name].astype(dtype)
        return answered
