"""Which requests are traced."""

import pytest
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from app.observability.bound import Bound
from app.observability.traces.parent import Parent
from app.observability.traces.sampling import Sampling, new_span_id, new_trace_id
from app.observability.traces.settings import TracesSettings

FLAGGED, UNFLAGGED = Parent(1, 1, sampled=True), Parent(1, 1, sampled=False)


def sampling(**settings: float) -> Sampling:
    return Sampling(TracesSettings.model_validate(settings))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("ratio", [0.0, 0.01, 0.5, 1.0])
def test_so_many_are_sampled_as_the_ratio_says(ratio: float) -> None:
    n = 20_000
    found = sum(sampling(ratio=ratio).new() is not None for _ in range(n))
    # Six standard deviations of the binomial distribution.
    assert abs(found - n * ratio) <= 6 * (n * ratio * (1 - ratio)) ** 0.5


def test_services_behind_that_go_by_the_id_decide_alike() -> None:
    ours, theirs = sampling(ratio=0.3), TraceIdRatioBased(0.3)
    ids = [found for _ in range(2000) if (found := ours.new()) is not None]
    assert all(theirs.should_sample(None, id, "").decision.is_sampled() for id in ids)  # type: ignore[no-untyped-call]
    assert len({id >> 64 for id in ids}) == len({id & 2**64 - 1 for id in ids}) == len(ids)


def test_a_client_that_wants_no_trace_gets_none() -> None:
    assert not sampling(ratio=1).of(UNFLAGGED)


def test_the_flag_of_clients_is_obeyed_within_the_bound_alone() -> None:
    ours = sampling(ratio=0, clients_per_s=5)
    assert sum(ours.of(FLAGGED) for _ in range(1000)) == 5
    assert not sampling(ratio=0, clients_per_s=0).of(FLAGGED)


def test_no_choice_of_an_id_gets_around_the_bound() -> None:
    ours = sampling(ratio=0.01, clients_per_s=1)
    chosen = [Parent(high << 64 | low, 1, sampled=True) for high in range(1, 50) for low in (0, 1)]
    found = sum(ours.of(parent) for _ in range(20) for parent in chosen)
    assert found < 80  # of 1960: 20 by chance, and one


def test_past_the_bound_they_are_sampled_as_others() -> None:
    assert all(sampling(ratio=1, clients_per_s=0).of(FLAGGED) for _ in range(100))


def test_failures_have_a_bound_of_their_own() -> None:
    ours = sampling(ratio=0, clients_per_s=1, failures_per_s=2)
    assert ours.of(FLAGGED)
    assert [ours.failure() for _ in range(4)] == [True, True, False, False]
    assert not sampling(failures_per_s=0).failure()


def test_ids_name_something() -> None:
    assert all(0 < new_trace_id() < 2**128 and 0 < new_span_id() < 2**64 for _ in range(100))


@pytest.mark.parametrize(
    ("per_s", "at_once", "later"), [(0.5, 1, {1.0: 0, 2.0: 1}), (3, 3, {0.34: 1, 100.0: 3})]
)
def test_a_bound_lets_so_many_through(per_s: float, at_once: int, later: dict[float, int]) -> None:
    clock = Clock()
    bound = Bound(per_s, clock)
    assert sum(bound.take() for _ in range(50)) == at_once
    for now, more in later.items():
        clock.now = now
        assert sum(bound.take() for _ in range(50)) == more
