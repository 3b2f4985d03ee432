"""What a program answers to the golden rows, once it has taken all that the service may send it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from deployments.bundle.manifest import OutputSpec
from deployments.columns import Column
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.base import BACKENDS, Backend, Runtime
from deployments.model.options import ModelOptions
from deployments.model_id import ModelId
from deployments.preprocess.base import Preprocessor
from training.bundling.trial import Trial
from training.bundling.unusual import Unusual


class Answered(NamedTuple):
    """The golden rows' answers, how many rows the program takes at once (None: any number), what is
    odd about it, though it can be served, and the program itself, ready for more rows."""

    outputs: Outputs
    max_rows: int | None
    warnings: list[str]
    runtime: Runtime


def backend_of(program: Path) -> tuple[str, Backend]:
    """What runs a program file, and on which platform. Raises ValueError."""
    program.stat()  # a file that is not there is named by its FileNotFoundError
    for platform, backend in BACKENDS.items():
        if program.suffix == backend.suffix:
            return platform, backend
    known = ", ".join(f"{one.suffix} ({one.library})" for one in BACKENDS.values())
    raise ValueError(f"{program} is named like no program that can be served: {known}")


def answers(
    backend: Backend,
    program: Path,
    preprocessor: Preprocessor,
    golden: Mapping[str, Column],
    outputs: Sequence[OutputSpec],
    *,
    gaps: Sequence[Unusual] = (),
    longest: Sequence[Unusual] = (),
) -> Answered:
    """The answers to the golden rows, once the program has been tried: on one row, with the highest
    index of each embedding, with each of the ``gaps`` and the ``longest`` arrays, on batches of all
    sizes, and on rows that were prepared alone. Raises ValueError where it does not fit, or not
    every row that there may be."""
    frame = TensorFrame(ModelId("", ""), preprocessor.transform(golden))
    runtime = backend.load(program, outputs, frame, ModelOptions(device="cpu"))
    trial = Trial(runtime, preprocessor)
    blank = trial.blank(frame)
    trial.run(blank)
    trial.highest_indices(blank)
    found = trial.golden(frame)
    warnings = trial.rows(gaps)
    trial.rows(longest)  # what the preprocessing refuses for its length never gets further
    trial.sizes(frame, found)
    trial.alone(golden, frame, found)
    return Answered(found, runtime.max_rows, warnings, runtime)
