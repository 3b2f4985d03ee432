"""A program on trial: with what a service may send it sooner or later, though hardly in the golden
rows."""

from collections.abc import Mapping, Sequence

import numpy as np

from deployments.columns import Column
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.base import Runtime
from deployments.model.backends.input_names import described
from deployments.model.golden_rows import TOLERANCE, deviation, repeated
from deployments.model_id import ModelId
from deployments.preprocess.base import Index, Preprocessor
from training.bundling.unusual import Unusual

# The largest is what a replica makes of the batches of many callers.
_SIZES = (1, 2, 3, 7, 300, 1024)
_ALONE = 16
_NO_MODEL = ModelId("", "")


class Trial:
    """Runs a program that ``preprocessor`` feeds. Raises ValueError, in one sentence that names the
    input or the output, for what it does not take, and for answers that cannot be served."""

    def __init__(self, runtime: Runtime, preprocessor: Preprocessor) -> None:
        self._runtime = runtime
        self._preprocessor = preprocessor
        self._tolerance = TOLERANCE[runtime.coarsest]

    def blank(self, frame: TensorFrame) -> TensorFrame:
        """The first row, with index 0 of everything."""
        return self._indexed(frame.at(slice(1)), self._preprocessor.indices, last=False)

    def run(self, frame: TensorFrame) -> Outputs:
        """The answers to a batch."""
        try:
            return self._runtime.run(frame)
        except Exception as error:
            raise ValueError(
                f"the program does not take {_described(frame)} with any N: at {frame.rows} rows, "
                f"{_reason(error)}"
            ) from error

    def golden(self, frame: TensorFrame) -> Outputs:
        """The answers to the golden rows, once they are of a form that can be served."""
        outputs = self.run(frame)
        for name, values in outputs.items():
            if values.shape[:1] != (frame.rows,) or values.ndim > 3 or 0 in values.shape:
                raise ValueError(
                    f"output {name!r} has the shape {list(values.shape)} for {frame.rows} rows: it "
                    "must be [N], [N, k] or [N, k, m]"
                )
            if values.dtype.kind not in "biufO":
                raise ValueError(f"output {name!r} is {values.dtype}: it must be real numbers")
        _check_finite(outputs, "every row of the training data")
        return outputs

    def highest_indices(self, blank: TensorFrame) -> None:
        """Each index at its highest, alone and together: rows of rare values come."""
        indices = self._preprocessor.indices
        for one in indices:
            what = f"index {one.size - 1} of {one.column!r} in {one.input!r}, which has {one.size}"
            self._try(self._indexed(blank, [one]), what)
        if len(indices) > 1:
            self._try(self._indexed(blank, indices), "the highest index of all inputs together")

    def rows(self, rows: Sequence[Unusual]) -> list[str]:
        """Rows that are unusual; in words those that the preprocessing refuses, as it may."""
        refused = []
        for what, columns in rows:
            try:
                inputs = self._preprocessor.transform(columns)
            except Exception as error:
                refused.append(
                    f"a row in which {what} is answered with an error, since preprocessing fails "
                    f"for it: {_reason(error)}{_cause(error)}"
                )
                continue
            self._try(TensorFrame(_NO_MODEL, inputs), f"a row in which {what}")
        return refused

    def sizes(self, frame: TensorFrame, expected: Outputs) -> None:
        """Batches of other sizes: a row's answer may not depend on which others it runs with."""
        for rows in _SIZES:
            outputs = self.run(repeated(frame, rows))
            for name, values in expected.items():
                if not self._alike(outputs[name], values[np.arange(rows) % frame.rows]):
                    raise ValueError(
                        f"output {name!r} of a row is another in a batch of {rows} rows than in "
                        f"one of {frame.rows}: a row's answer must be its own"
                    )

    def alone(self, golden: Mapping[str, Column], together: TensorFrame, expected: Outputs) -> None:
        """Rows that are prepared by themselves: neither their inputs nor their answers may depend
        on what is prepared, or padded, with them."""
        places = np.unique(np.linspace(0, together.rows - 1, _ALONE).astype(int))
        frames = []
        for place in places:
            row = {name: column[place : place + 1] for name, column in golden.items()}
            frame = TensorFrame(_NO_MODEL, self._preprocessor.transform(row))
            frames.append(frame)
            for name, values in frame.inputs.items():
                among = together.inputs[name][place : place + 1]
                if values.shape == among.shape and not _same(values, among):
                    raise ValueError(
                        f"preprocessing makes another {name!r} of a row alone than among "
                        f"{together.rows}: a row's inputs must be its own"
                    )
        padded = [
            name
            for name, values in together.inputs.items()
            if any(frame.inputs[name].shape[1:] != values.shape[1:] for frame in frames)
        ]
        if not padded:
            return
        rows = [self.run(frame) for frame in frames]
        joined = self.run(TensorFrame.joined(frames))
        for name, values in expected.items():
            alone = [row[name] for row in rows]
            if not all(
                self._alike(one, values[place : place + 1])
                and self._alike(one, joined[name][at : at + 1])
                for at, (place, one) in enumerate(zip(places, alone, strict=True))
            ):
                raise ValueError(
                    f"output {name!r} of a row is another beside longer rows, for which zeros are "
                    f"put behind {_listed(padded)}: have the program mask them, or give every row "
                    "one length in the preprocessing"
                )

    def _try(self, frame: TensorFrame, what: str) -> None:
        try:
            outputs = self._runtime.run(frame)
        except Exception as error:
            raise ValueError(f"the program fails at {what}: {_reason(error)}") from error
        _check_finite(outputs, what)

    def _alike(self, found: Column, wanted: Column) -> bool:
        return deviation(found, wanted) <= self._tolerance

    def _indexed(
        self, frame: TensorFrame, indices: Sequence[Index], *, last: bool = True
    ) -> TensorFrame:
        inputs = {name: values.copy() for name, values in frame.inputs.items()}
        for one in indices:
            values = inputs[one.input]
            if one.place is not None and values.ndim > 1:
                values = values[:, one.place]
            values[:] = one.size - 1 if last else 0
        return TensorFrame(frame.model, inputs)


def _check_finite(outputs: Outputs, where: str) -> None:
    for name, values in outputs.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError(f"output {name!r} is not finite for {where}")


def _same(values: Column, others: Column) -> bool:
    numbers = values.dtype.kind == "f"
    return (
        np.allclose(values, others, equal_nan=True) if numbers else bool((values == others).all())
    )


def _described(frame: TensorFrame) -> str:
    return " and ".join(f"{name} {described(one)}" for name, one in frame.inputs.items())


def _listed(names: Sequence[str]) -> str:
    return " and ".join(map(repr, names))


def _cause(error: Exception) -> str:
    return f" ({_reason(error.__cause__)})" if isinstance(error.__cause__, Exception) else ""


def _reason(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
