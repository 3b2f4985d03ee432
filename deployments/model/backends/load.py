"""Makes a bundle ready to run, with the backend that its program needs."""

from collections.abc import Callable
from importlib import import_module

from deployments.bundle.bundle import Bundle, BundleError
from deployments.log import get_logger
from deployments.model.backends.base import Runtime
from deployments.model.golden_rows import golden_frame, prove
from deployments.model.inline_rows import rows_within
from deployments.model.options import ModelOptions

logger = get_logger(__name__)

BACKENDS = {"pytorch_export": "deployments.model.backends.torch_export"}
"""The module for each platform that a manifest may name, imported where a bundle needs it."""


def load(bundle: Bundle, options: ModelOptions) -> Runtime:
    """Load a bundle, prove it on its golden rows, which warms it up, too, and measure which batches
    are short enough for the event loop. Raises what ``Runtime`` says of a backend's ``load``, and
    BundleError for golden rows that are off and a platform that is not known."""
    platform = bundle.manifest.program.platform
    if platform not in BACKENDS:
        raise BundleError(
            f"{bundle.program} is a program for {platform!r}, which this server does not run: "
            f"it runs {', '.join(BACKENDS)}"
        )
    opened: Callable[[Bundle, ModelOptions], Runtime] = import_module(BACKENDS[platform]).load
    runtime = opened(bundle, options)
    off = prove(bundle, runtime.run, options.precision, runtime.sizes)
    if runtime.inline:
        frame, _ = golden_frame(bundle)
        runtime.inline_rows = rows_within(options.inline_s, runtime.run, frame)
    logger.info(
        "%s: on %s in %s, golden rows off by up to %.1g; batches of up to %d rows run in the loop",
        bundle.manifest.id,
        runtime.device,
        options.precision,
        off,
        runtime.inline_rows,
    )
    return runtime
