"""A backend of one file: its programs are the rows that they know by heart, and their answers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.base import Backend, Runtime
from deployments.model.options import ModelOptions

BACKEND = Backend(".npz", "numpy", "remembered.write", __name__)


class Remembered(Runtime):
    device = "memory"
    sizes = (2, 300)

    def __init__(self, frame: TensorFrame, answers: Outputs) -> None:
        self.ran: list[int] = []
        self._answers = answers
        self._places = {key: place for place, key in enumerate(self._keys(frame))}

    def run(self, frame: TensorFrame) -> Outputs:
        self.ran.append(frame.rows)
        places = [self._places[key] for key in self._keys(frame)]
        return {name: values[places] for name, values in self._answers.items()}

    @staticmethod
    def _keys(frame: TensorFrame) -> list[bytes]:
        rows = zip(frame.numeric, frame.categorical, strict=True)
        return [numeric.tobytes() + categorical.tobytes() for numeric, categorical in rows]


def write(program: Path, frame: TensorFrame, answers: Outputs) -> None:
    with program.open("wb") as file:
        np.savez(file, frame.numeric, frame.categorical, *answers.values())


def load(
    program: Path, outputs: Sequence[str], example: TensorFrame, options: ModelOptions
) -> Runtime:
    numeric, categorical, *answers = np.load(program).values()
    frame = TensorFrame(example.model, numeric, categorical)
    return Remembered(frame, dict(zip(outputs, answers, strict=True)))
