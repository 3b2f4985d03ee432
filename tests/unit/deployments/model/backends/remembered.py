"""A backend without a program: it knows the golden rows by heart, and nothing else."""

from deployments.bundle.bundle import Bundle
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.base import Runtime
from deployments.model.golden_rows import golden_frame
from deployments.model.options import ModelOptions


class Remembered(Runtime):
    device = "memory"
    sizes = (2, 300)

    def __init__(self, bundle: Bundle) -> None:
        self.ran: list[int] = []
        frame, self._answers = golden_frame(bundle)
        self._places = {key: place for place, key in enumerate(self._keys(frame))}

    def run(self, frame: TensorFrame) -> Outputs:
        self.ran.append(frame.rows)
        places = [self._places[key] for key in self._keys(frame)]
        return {name: values[places] for name, values in self._answers.items()}

    @staticmethod
    def _keys(frame: TensorFrame) -> list[bytes]:
        rows = zip(frame.numeric, frame.categorical, strict=True)
        return [numeric.tobytes() + categorical.tobytes() for numeric, categorical in rows]


def load(bundle: Bundle, options: ModelOptions) -> Runtime:
    return Remembered(bundle)
