"""Which guards a config asks for."""

from typing import Any

import pytest

from app.access.principal import Limit, Scope
from app.config import EdgeArgs
from app.guards import guards_of
from app.quota.limiter import LocalLimiter
from app.quota.shared_limiter import SharedLimiter
from tests.support.principals import principal

LIMITS = [{"name": "second", "quota": 10}]


def left(args: dict[str, Any], *own: Limit) -> bytes:
    """What the limiter that these args ask for says of a principal with limits of its own."""
    limiter = guards_of(EdgeArgs.model_validate(args)).limiter
    assert limiter is not None
    meter = limiter.meter(principal("shop", *own), Scope.PREDICT)
    return dict(meter.fields())[b"ratelimit"] if meter else b""


def test_a_key_has_its_own_limits_without_a_quota_too() -> None:
    assert left({}) == b""
    assert left({}, Limit(name="own", quota=3)) == b'"own";r=3'


def test_without_redis_a_replica_has_its_part() -> None:
    assert left({"quota": {"limits": LIMITS}}) == b'"second";r=10'
    assert left({"quota": {"limits": LIMITS, "replicas": 4}}) == b'"second";r=2'


def test_without_principals_nobody_is_counted() -> None:
    assert guards_of(EdgeArgs(auth=False)).limiter is None


def test_lines_of_requests_come_behind_the_traces_whose_ids_they_have() -> None:
    given: dict[str, Any] = {"observability": {"request_log": {}, "traces": {}}}
    names = [type(one).__name__ for one in guards_of(EdgeArgs.model_validate(given)).observers]
    assert names == ["Traces", "RequestLog"]
    assert not guards_of(EdgeArgs()).observers


@pytest.mark.parametrize(("quota", "kind"), [({}, LocalLimiter), ({"redis": {}}, SharedLimiter)])
def test_replicas_count_together_where_they_have_a_redis(
    quota: dict[str, Any], kind: type[object]
) -> None:
    assert isinstance(guards_of(EdgeArgs.model_validate({"quota": quota})).limiter, kind)
