"""The golden rows of a bundle: what it must answer wherever it runs."""

from collections.abc import Callable, Iterable
from math import nan

import numpy as np

from deployments.bundle.bundle import REWRITE, Bundle, BundleError
from deployments.columns import Column
from deployments.frames import Outputs, TensorFrame
from deployments.model.options import Float
from deployments.preprocess.base import load

TOLERANCE: dict[Float, float] = {"float32": 1e-5, "float16": 0.005, "bfloat16": 0.02}
"""Allowed deviation. bfloat16 has 8 bits, so each rounding costs up to 0.004; a few add up."""

Run = Callable[[TensorFrame], Outputs]


def golden_frame(bundle: Bundle) -> tuple[TensorFrame, Outputs]:
    """The golden rows as the model takes them, and their answers. Raises BundleError."""
    golden = bundle.golden()
    frame = TensorFrame(bundle.manifest.id, load(bundle).transform(golden.columns))
    names = {output.name for output in bundle.manifest.outputs}
    if not frame.rows or golden.outputs.keys() != names:
        raise BundleError(f"bundle {bundle.path} has no golden rows for each of its outputs")
    return frame, golden.outputs


def repeated(frame: TensorFrame, rows: int) -> TensorFrame:
    """``rows`` rows: those of ``frame``, over and over."""
    return frame.at(np.arange(rows) % frame.rows)


def deviation(found: Column, wanted: Column) -> float:
    """How far outputs are apart at most: of floats relative for values above one and absolute
    below, of anything else the share of the rows that differ. NaN, which is above nothing, where
    one side alone has none or they are of different shapes."""
    if found.shape != wanted.shape:
        return nan
    if wanted.dtype.kind != "f":
        differ = np.asarray(found != wanted).reshape(len(wanted), -1).any(axis=1)
        return float(np.mean(differ))
    known = wanted.astype(np.float64)
    return float(np.max(np.abs(found.astype(np.float64) - known) / (1 + np.abs(known))))


def prove(
    bundle: Bundle, run: Run, precision: Float = "float32", sizes: Iterable[int] = ()
) -> float:
    """Check the golden rows as one batch, as a single row, and in batches of ``sizes`` rows.

    The largest deviation. Raises BundleError where it is more than the precision allows.
    """
    frame, expected = golden_frame(bundle)
    worst = 0.0
    for rows in (frame.rows, 1, *sizes):
        outputs = run(repeated(frame, rows))
        for name, column in expected.items():
            off = deviation(outputs[name], column[np.arange(rows) % frame.rows])
            # Not `>`: a NaN must fail the comparison.
            if not off <= TOLERANCE[precision]:
                raise BundleError(
                    f"bundle {bundle.path} fails its golden rows here: output {name!r} is off "
                    f"by {off:.2g} (allowed {TOLERANCE[precision]}); {REWRITE}"
                )
            worst = max(worst, off)
    return worst
