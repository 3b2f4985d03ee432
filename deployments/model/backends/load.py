"""Makes a bundle ready to run, with the backend that its program needs."""

from deployments.bundle.bundle import REWRITE, Bundle, BundleError
from deployments.log import get_logger
from deployments.model.backends.base import BACKENDS, Runtime
from deployments.model.backends.promised import as_promised
from deployments.model.golden_rows import TOLERANCE, golden_frame, prove, repeated
from deployments.model.inline_rows import rows_within
from deployments.model.options import ModelOptions

logger = get_logger(__name__)


def load(bundle: Bundle, options: ModelOptions) -> Runtime:
    """Load a bundle, prove it on its golden rows, which warms it up, too, and measure which batches
    are short enough for the event loop. Raises BundleError for a platform that is not known, a
    program that cannot be read and golden rows that are off, and RuntimeError as a backend does."""
    platform = bundle.manifest.program.platform
    if platform not in BACKENDS:
        raise BundleError(
            f"{bundle.path} holds a program for {platform!r}, which this server does not run: "
            f"it runs {', '.join(BACKENDS)}"
        )
    frame, _ = golden_frame(bundle)
    try:
        runtime = BACKENDS[platform].load(bundle.program, bundle.manifest.outputs, frame, options)
        runtime = as_promised(runtime, bundle.manifest.outputs, runtime.run(repeated(frame, 1)))
    except ValueError as error:
        raise BundleError(f"{error}: {REWRITE}") from error
    runtime.golden = repeated(frame, 1)
    precision = max(options.precision, runtime.coarsest, key=TOLERANCE.__getitem__)
    off = prove(bundle, runtime.run, precision, runtime.sizes)
    if runtime.inline:
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
