"""A request and its row, counted of a limit each, and what is left said with the answer."""

from app.access.principal import Limit, Principal, Scope
from app.quota.limiter import LocalLimiter
from benchmarks.scenarios.guards_micro.case import Case

_PRINCIPAL = Principal("client", frozenset([Scope.PREDICT]))


def counting() -> Case:
    """As the layer and the account of a prediction count."""
    limiter = _limiter()

    def count() -> None:
        meter = limiter.meter(_PRINCIPAL, Scope.PREDICT)
        assert meter is not None
        meter.take_request()
        meter.take_rows(1)

    return Case("count of a request and of its row", 1.0, count)


def telling() -> Case:
    """The fields of both limits."""
    meter = _limiter().meter(_PRINCIPAL, Scope.PREDICT)
    assert meter is not None
    return Case("RateLimit and RateLimit-Policy of an answer", 1.0, meter.fields)


def _limiter() -> LocalLimiter:
    quota = 10**9
    return LocalLimiter(
        [Limit(name="requests", quota=quota), Limit(name="rows", unit="rows", quota=quota)]
    )
