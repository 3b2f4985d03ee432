"""The seam between the model stage and what runs a program."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from deployments.frames import Outputs, TensorFrame


class Runtime(ABC):
    """One version's program, ready to run.

    A backend is a module with ``load(bundle: Bundle, options: ModelOptions) -> Runtime``, which
    raises BundleError for a program that it cannot read, and RuntimeError for options that it
    cannot follow here.
    """

    device: str
    """Where it runs, as logs name it."""
    inline: bool = True
    """Whether short batches may run in the event loop: not where ``run`` waits for a device."""
    inline_rows: int = 0
    """Batches of up to so many rows do; it is measured once the program is loaded."""
    sizes: Sequence[int] = ()
    """The sizes of batch that it has code of its own for: each is proved."""

    @abstractmethod
    def run(self, frame: TensorFrame) -> Outputs:
        """Outputs by name, float32 [N] or [N, k]. One thread at a time may call it."""
