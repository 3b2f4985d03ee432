"""The works that a config asks for: what is off is not even imported."""

from collections.abc import Callable, Iterator, Mapping

from app.config import GraphArgs
from app.observability.aside.work import Work


def names(args: GraphArgs) -> list[str]:
    """What those of this config are called, without importing any."""
    observed = args.observability
    asked = {
        "live accuracy": observed.predictions and observed.feedback,
        "drift": observed.drift,
        "skew": observed.skew,
        "served_log": observed.served_log and observed.served_log.rates,
    }
    return [name for name, settings in asked.items() if settings]


def works(args: GraphArgs) -> Iterator[Work]:
    """Those of this config, not begun yet. They run in a process without Ray."""
    for name in names(args):
        yield _MADE[name](args)


def _quality(args: GraphArgs) -> Work:
    from app.observability.quality.trained import Trained
    from app.observability.quality.work import QualityWork

    observed = args.observability
    assert observed.predictions
    assert observed.feedback
    trained = Trained(args.model.bundles, args.model.name)
    return QualityWork(observed.predictions, observed.feedback, trained)


def _drift(args: GraphArgs) -> Work:
    from app.observability.drift.work import DriftWork

    assert args.observability.drift
    return DriftWork(args.observability.drift, args.model.bundles)


def _skew(args: GraphArgs) -> Work:
    from app.observability.skew.work import SkewWork

    assert args.observability.skew
    return SkewWork.of(args, args.observability.skew)


def _served_log(args: GraphArgs) -> Work:
    from app.observability.served_log.work import ServedLogWork

    assert args.observability.served_log
    return ServedLogWork.of(args, args.observability.served_log)


_MADE: Mapping[str, Callable[[GraphArgs], Work]] = {
    "live accuracy": _quality,
    "drift": _drift,
    "skew": _skew,
    "served_log": _served_log,
}
