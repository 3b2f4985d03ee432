"""What a program answers to the golden rows, once it has taken all that the service may send it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from deployments.columns import Column
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.base import BACKENDS, Backend, Runtime
from deployments.model.golden_rows import TOLERANCE, repeated
from deployments.model.options import ModelOptions
from deployments.model_id import ModelId
from deployments.preprocess.base import Preprocessor

_SIZES = (1, 2, 3, 7, 300)


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
    names: Sequence[str],
) -> tuple[Outputs, int | None]:
    """What the program answers to the golden rows, and how many rows it takes at once (None: any
    number). Raises ValueError where it does not fit, or not every row that there may be."""
    frame = TensorFrame(ModelId("", ""), preprocessor.transform(golden))
    runtime = backend.load(program, names, frame, ModelOptions(device="cpu"))
    blank = frame.at(slice(1))
    blank.inputs = {**blank.inputs, "categorical": np.zeros_like(blank.inputs["categorical"])}
    _run(runtime, blank)
    _try_categories(runtime, blank, preprocessor)
    found = _run(runtime, frame)
    for name, values in found.items():
        if values.shape[:1] != (frame.rows,) or values.ndim > 2 or 0 in values.shape:
            raise ValueError(
                f"output {name!r} has the shape {list(values.shape)} for {frame.rows} rows: "
                f"it must be [N] or [N, k]"
            )
        if not np.isfinite(values).all():
            raise ValueError(f"output {name!r} is not finite for every row of the training data")
    _try_sizes(runtime, frame, found)
    return found, runtime.max_rows


def _try_categories(runtime: Runtime, blank: TensorFrame, preprocessor: Preprocessor) -> None:
    """Each categorical input at its highest index, alone and together: rows of rare values come
    sooner or later, though hardly among the golden ones."""
    tries = [
        *(
            ([one], f"index {one.size - 1} of the input {one.column!r}, which has {one.size}")
            for one in preprocessor.indices
        ),
        (preprocessor.indices, "the highest index of all categorical inputs together"),
    ]
    for indices, what in tries:
        inputs = {name: values.copy() for name, values in blank.inputs.items()}
        for one in indices:
            inputs[one.input][:, slice(None) if one.place is None else one.place] = one.size - 1
        try:
            outputs = runtime.run(TensorFrame(blank.model, inputs))
        except Exception as error:
            raise ValueError(
                f"the program fails at {what} (Preprocessor.indices): {_reason(error)}"
            ) from error
        for name, values in outputs.items():
            if not np.isfinite(values).all():
                raise ValueError(f"output {name!r} is not finite at {what}")


def _try_sizes(runtime: Runtime, frame: TensorFrame, expected: Outputs) -> None:
    """Batches of other sizes: a row's answer may not depend on which others it runs with."""
    tolerance = TOLERANCE["float32"]
    for rows in _SIZES:
        outputs = _run(runtime, repeated(frame, rows))
        for name, values in expected.items():
            wanted = values[np.arange(rows) % frame.rows]
            found = outputs[name]
            if found.shape != wanted.shape or not np.allclose(found, wanted, tolerance, tolerance):
                raise ValueError(
                    f"output {name!r} of a row is another in a batch of {rows} rows than in one of "
                    f"{frame.rows}: a row's answer must be its own (was the module in eval mode?)"
                )


def _run(runtime: Runtime, frame: TensorFrame) -> Outputs:
    try:
        return runtime.run(frame)
    except Exception as error:
        raise ValueError(
            f"the program does not take {_described(frame)} with any N: at {frame.rows} rows, "
            f"{_reason(error)}"
        ) from error


def _described(frame: TensorFrame) -> str:
    return " and ".join(
        f"{name} {one.dtype} [{', '.join(['N', *map(str, one.shape[1:])])}]"
        for name, one in frame.inputs.items()
    )


def _reason(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
