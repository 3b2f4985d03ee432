"""The seam between the model stage and what runs a program."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, cast

from deployments.frames import Outputs, TensorFrame
from deployments.model.options import ModelOptions


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

    @abstractmethod
    def run(self, frame: TensorFrame) -> Outputs:
        """Outputs by name, float32 [N] or [N, k]. One thread at a time may call it."""


class Backend(NamedTuple):
    """What runs the programs of one platform: a module with a function ``load`` as here."""

    suffix: str  # of its program files
    library: str  # what runs them: a bundle keeps its version
    written_with: str
    module: str  # imported where a program needs it

    def load(
        self, program: Path, outputs: Sequence[str], example: TensorFrame, options: ModelOptions
    ) -> Runtime:
        """The program in a file, with the names of its answers, and ``example`` of what it takes.
        Raises ValueError for a file that cannot be read, and RuntimeError for options that cannot
        be followed here."""
        return cast(Runtime, import_module(self.module).load(program, outputs, example, options))


BACKENDS = {
    "pytorch_export": Backend(
        ".pt2", "torch", "torch.export.save", "deployments.model.backends.torch_export"
    )
}
"""By the platform that a manifest names."""
