"""How a model is run, apart from torch so that reading a configuration is cheap."""

from typing import Literal

from pydantic import Field

from deployments.strict import StrictModel

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["float32", "bfloat16"]
Float = Literal["float32", "float16", "bfloat16"]
"""What programs compute in, from the finest to the coarsest."""
CudaGraphs = Literal["auto", "on", "off"]


class ModelOptions(StrictModel):
    """What one replica needs to know to run any version of the model."""

    device: Device = "auto"
    """``auto`` takes a GPU where the replica is given one (num_gpus)."""
    threads: int = Field(default=1, ge=1)
    """Threads of one forward pass on CPU: small models lose more to hand-over than they gain."""
    inline_s: float = Field(default=0.005, ge=0)
    """On CPU, a batch that takes no longer than this runs in the event loop: a thread would want
    Python's lock back after every operation, and may be kept from it for 5 ms each time. A larger
    batch goes to the thread, so that it does not hold up the loop; 0 sends them all there."""
    precision: Precision = "float32"
    """``bfloat16`` lets a GPU multiply matrices several times faster, with three digits instead of
    seven: golden rows may then be off by 0.02 instead of 0.00001, and the log says by how much."""
    cuda_graphs: CudaGraphs = "auto"
    """Launch a small model's kernels as one on a GPU: launching each costs more than running it.
    ``auto`` goes on without where a program cannot be captured, ``on`` refuses such a program."""
    cuda_graph_rows: int = Field(default=1024, ge=1)
    """Most rows of a batch that is launched so, with padding to a power of two. Beyond it kernels
    take longer than launches, and padding would cost more than it saves."""
