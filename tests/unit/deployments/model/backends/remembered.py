"""A backend of one file: its programs are the rows that they know by heart, and their answers,
which they also give for the rows that are most like them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from deployments.bundle.manifest import OutputSpec
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.base import Backend, Runtime
from deployments.model.options import ModelOptions

BACKEND = Backend(".npz", "numpy", __name__)


class Remembered(Runtime):
    device = "memory"
    sizes = (2, 300)

    def __init__(self, frame: TensorFrame, answers: Outputs) -> None:
        self.ran: list[int] = []
        self._known = frame
        self._answers = answers

    def run(self, frame: TensorFrame) -> Outputs:
        self.ran.append(frame.rows)
        known = self._known
        places = [
            np.argmin(
                np.abs(known.inputs["numeric"] - row).sum(1)
                + (known.inputs["categorical"] != codes).sum(1)
            )
            for row, codes in zip(frame.inputs["numeric"], frame.inputs["categorical"], strict=True)
        ]
        return {name: values[places] for name, values in self._answers.items()}


def write(program: Path, frame: TensorFrame, answers: Outputs) -> None:
    with program.open("wb") as file:
        np.savez(file, frame.inputs["numeric"], frame.inputs["categorical"], *answers.values())


def load(
    program: Path, outputs: Sequence[OutputSpec], example: TensorFrame, options: ModelOptions
) -> Runtime:
    numeric, categorical, *answers = np.load(program).values()
    frame = TensorFrame(example.model, {"numeric": numeric, "categorical": categorical})
    names = [output.name for output in outputs]
    return Remembered(frame, dict(zip(names, answers, strict=True)))
