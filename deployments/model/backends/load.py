"""Makes a bundle ready to run on the device at hand."""

import torch

from deployments.bundle.bundle import Bundle
from deployments.log import get_logger
from deployments.model.backends.cuda import CudaRuntime
from deployments.model.backends.program import Program
from deployments.model.backends.runtime import Runtime, TorchRuntime, open_program, output_names
from deployments.model.golden import golden_frame, prove
from deployments.model.inline import rows_within
from deployments.model.options import ModelOptions

logger = get_logger(__name__)


def load(bundle: Bundle, device: torch.device, options: ModelOptions) -> Runtime:
    """Load a bundle, warm it up and prove it on its golden rows. Raises BundleError."""
    return _on_gpu(bundle, device, options) if device.type == "cuda" else _on_cpu(bundle, options)


def _on_cpu(bundle: Bundle, options: ModelOptions) -> Runtime:
    runtime = TorchRuntime.load(bundle, torch.device("cpu"))
    frame, _ = golden_frame(bundle)
    runtime.inline_rows = rows_within(options.inline_s, runtime.run, frame)
    logger.info(
        "version %s: batches of up to %d rows run in the event loop",
        bundle.manifest.version,
        runtime.inline_rows,
    )
    return runtime


def _on_gpu(bundle: Bundle, device: torch.device, options: ModelOptions) -> Runtime:
    frame, _ = golden_frame(bundle)
    program = Program(open_program(bundle), output_names(bundle), device, options.precision)
    runtime = CudaRuntime(program, frame, device, options.cuda_graphs, options.cuda_graph_rows)
    off = prove(bundle, runtime.run, options.precision, runtime.sizes)
    logger.info(
        "version %s: on %s in %s, golden rows off by up to %.1g, CUDA graphs for %s rows",
        bundle.manifest.version,
        torch.cuda.get_device_name(device),
        options.precision,
        off,
        runtime.sizes or "no",
    )
    return runtime
