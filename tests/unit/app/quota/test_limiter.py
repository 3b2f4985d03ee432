from app.access.principal import Limit, Scope
from app.edge.guards import Meter
from app.edge.route import Access
from app.quota.limiter import LocalLimiter
from tests.support.principals import principal
from tests.unit.app.quota.clock import Clock

REQUESTS = Limit(name="requests", quota=5)
MORE = Limit(name="requests", quota=50)
PREDICTIONS = Limit(name="predictions", quota=2, scope=Scope.PREDICT)


def left(meter: Meter | None) -> str:
    assert meter is not None
    return dict(meter.fields())[b"ratelimit"].decode()


def test_each_principal_has_its_own() -> None:
    limiter = LocalLimiter([REQUESTS], clock=Clock())
    one = limiter.meter(principal("one"), Scope.PREDICT)
    assert one is not None
    one.take_request()

    assert left(limiter.meter(principal("one"), Scope.PREDICT)) == '"requests";r=4'
    assert left(limiter.meter(principal("two"), Scope.PREDICT)) == '"requests";r=5'


def test_a_limit_of_its_own_stands_in_place_of_the_one_of_its_name_or_beside() -> None:
    limiter = LocalLimiter([REQUESTS], clock=Clock())

    assert left(limiter.meter(principal("more", MORE), Scope.PREDICT)) == '"requests";r=50'
    both = left(limiter.meter(principal("both", PREDICTIONS), Scope.PREDICT))
    assert both == '"requests";r=5,"predictions";r=2'


def test_a_limit_of_a_scope_counts_there_alone_and_one_without_everywhere() -> None:
    limiter = LocalLimiter([REQUESTS, PREDICTIONS], clock=Clock())
    who = principal()
    for access in (Scope.PREDICT, Scope.FEEDBACK, Access.KNOWN):
        meter = limiter.meter(who, access)
        assert meter is not None
        meter.take_request()

    assert left(limiter.meter(who, Access.KNOWN)) == '"requests";r=2'
    assert left(limiter.meter(who, Scope.JOBS)) == '"requests";r=2'


def test_who_has_no_limit_is_not_counted() -> None:
    limiter = LocalLimiter([PREDICTIONS], clock=Clock())

    assert limiter.meter(principal(), Access.KNOWN) is None
    assert LocalLimiter([]).meter(principal(), Scope.PREDICT) is None


def test_other_limits_of_a_principal_take_effect_at_once_and_the_same_change_nothing() -> None:
    limiter = LocalLimiter([], clock=Clock())
    meter = limiter.meter(principal("one", REQUESTS), Scope.PREDICT)
    assert meter is not None
    meter.take_request()

    assert left(limiter.meter(principal("one", REQUESTS), Scope.PREDICT)) == '"requests";r=4'
    assert left(limiter.meter(principal("one", MORE), Scope.PREDICT)) == '"requests";r=50'


def test_who_gets_other_limits_keeps_what_is_counted_of_those_that_stay() -> None:
    limiter = LocalLimiter([REQUESTS], clock=Clock())
    meter = limiter.meter(principal("one"), Scope.PREDICT)
    assert meter is not None
    meter.take_request()

    now = limiter.meter(principal("one", PREDICTIONS), Scope.PREDICT)
    assert left(now) == '"requests";r=4,"predictions";r=2'


HOUR = Limit(name="hour", quota=2, window_s=3600)


def pass_by(limiter: LocalLimiter, count: int, name: str = "passing") -> None:
    for number in range(count):
        limiter.meter(principal(f"{name}-{number}"), Scope.PREDICT)


def test_who_has_everything_back_is_forgotten_and_nobody_else() -> None:
    limiter = LocalLimiter([HOUR], clock=Clock())
    meter = limiter.meter(principal("busy"), Scope.PREDICT)
    assert meter is not None
    meter.take_request()
    del meter

    pass_by(limiter, 20_000)

    assert len(limiter._tenants) <= 1100
    assert left(limiter.meter(principal("busy"), Scope.PREDICT)).startswith('"hour";r=1')


def test_who_still_counts_with_a_meter_is_never_given_another_beside() -> None:
    limiter = LocalLimiter([HOUR], clock=Clock())
    held = limiter.meter(principal("streaming"), Scope.PREDICT)
    assert held is not None

    pass_by(limiter, 5_000)
    held.take_request()

    assert left(limiter.meter(principal("streaming"), Scope.PREDICT)).startswith('"hour";r=1')
