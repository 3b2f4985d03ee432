"""The seam between the model stage and what runs a program."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from deployments.bundle.manifest import OutputSpec
from deployments.frames import Outputs, TensorFrame
from deployments.model.options import Float, ModelOptions


class TensorSpec(NamedTuple):
    """One input or output, as a program itself describes it."""

    name: str
    dtype: str
    """NumPy's name for it, or ``bfloat16``."""
    shape: tuple[int | None, ...]
    """None where it may be any number, as that of the rows, the first one."""


class Signature(NamedTuple):
    """What a program takes and answers. ``max_rows`` is how many rows it takes at once, None for
    any number. Outputs whose names the program does not have are called by their order."""

    inputs: Sequence[TensorSpec]
    outputs: Sequence[TensorSpec]
    max_rows: int | None


class Runtime(ABC):
    """One version's program, ready to run."""

    device: str
    """Where it runs, as logs name it."""
    inline: bool = True
    """Whether short batches may run in the event loop: not where ``run`` waits for a device."""
    inline_rows: int = 0
    """Batches of up to so many rows do; it is measured once the program is loaded."""
    golden: TensorFrame
    """One row that it answers as long as it runs at all."""
    sizes: Sequence[int] = ()
    """The sizes of batch that it has code of its own for: each is proved."""
    max_rows: int | None = None
    """Most rows that its program takes at once, as it was exported; None for any number."""
    coarsest: Float = "float32"
    """The float of the fewest bits that the program itself computes in."""

    @abstractmethod
    def run(self, frame: TensorFrame) -> Outputs:
        """Outputs by name, [N], [N, k] or [N, k, m], of the NumPy dtype that the program answers
        (float32 for bfloat16), and [N] where it answers [N, 1]. Raises ValueError for inputs of
        another shape. One thread at a time may call it."""


class Around(Runtime):
    """A runtime that sees to another's batches or answers, and is like it in all else."""

    def __init__(self, inner: Runtime) -> None:
        self.device, self.inline, self.sizes = inner.device, inner.inline, inner.sizes
        self.max_rows, self.coarsest = inner.max_rows, inner.coarsest
        self._run = inner.run


class InParts(Around):
    """For a program that takes no more than ``max_rows`` rows at once: whoever formed a batch, of
    whatever callers, it is cut here."""

    max_rows: int

    def __init__(self, whole: Runtime, max_rows: int) -> None:
        super().__init__(whole)
        self.max_rows = max_rows

    def run(self, frame: TensorFrame) -> Outputs:
        parts = [
            self._run(frame.at(slice(start, start + self.max_rows)))
            for start in range(0, frame.rows, self.max_rows)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class Backend(NamedTuple):
    """What runs the programs of one platform: a module with the functions ``load`` and
    ``signature`` as here."""

    suffix: str  # of its program files
    library: str  # what runs them: a bundle keeps its version
    module: str  # imported where a program needs it

    @property
    def version(self) -> str:
        """That of the library here. Raises RuntimeError where it is not installed."""
        import_module(self.module)
        return str(import_module(self.library).__version__)

    def load(
        self,
        program: Path | bytes,
        outputs: Sequence[OutputSpec],
        example: TensorFrame,
        options: ModelOptions,
    ) -> Runtime:
        """The program in a file, or its content, with what the contract says of its answers (their
        dtypes and shapes are the program's own to say), and ``example`` of what it takes, by the
        names of its inputs: float32, int64 or bool, which are cast to what the program takes.

        Raises ValueError for a file that cannot be read or a program that cannot be served, and
        RuntimeError for options that cannot be followed here."""
        runtime = cast(Runtime, import_module(self.module).load(program, outputs, example, options))
        return runtime if runtime.max_rows is None else InParts(runtime, runtime.max_rows)

    def signature(self, program: Path) -> Signature:
        """What the program in a file says of itself. Raises as ``load`` does."""
        return cast(Signature, import_module(self.module).signature(program))


BACKENDS = {
    "pytorch_export": Backend(".pt2", "torch", "deployments.model.backends.torch_export"),
    "onnxruntime_onnx": Backend(".onnx", "onnxruntime", "deployments.model.backends.onnx_runtime"),
}
"""By the platform that a manifest names."""
