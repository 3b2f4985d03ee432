"""The works that a config asks for: what is off is not even imported."""

from collections.abc import Iterator

from app.config import GraphArgs
from app.observability.aside.work import Work


def works(args: GraphArgs) -> Iterator[Work]:
    """Those of this config, not begun yet. They run in a process without Ray."""
    observed = args.observability
    if observed.predictions and observed.feedback:
        from app.observability.quality.trained import Trained
        from app.observability.quality.work import QualityWork

        trained = Trained(args.model.bundles, args.model.name)
        yield QualityWork(observed.predictions, observed.feedback, trained)
    if observed.drift:
        from app.observability.drift.work import DriftWork

        yield DriftWork(observed.drift, args.model.bundles)
    if observed.skew:
        from app.observability.skew.work import SkewWork

        yield SkewWork.of(args, observed.skew)
    if observed.served_log and observed.served_log.rates:
        from app.observability.served_log.work import ServedLogWork

        yield ServedLogWork.of(args, observed.served_log)
