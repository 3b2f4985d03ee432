import numpy as np
import pytest

from app.observability.cost.bill import bill
from app.observability.cost.prometheus import Series
from app.observability.cost.recording import Recording
from app.observability.cost.scenario import BadScenario, scenario
from app.observability.cost.service import Scaled
from app.observability.cost.what_if import Answer, WhatIf
from tests.support.costed import AUTOSCALING, Day

HOURLY = 0.04 + 0.005  # a CPU and a GiB


@pytest.fixture(scope="module")
def day() -> Day:
    return Day()


@pytest.fixture(scope="module")
def what_if(day: Day) -> WhatIf:
    return models(day.recording())


def models(recording: Recording) -> WhatIf:
    return WhatIf(recording, bill(recording))


def cost(answer: Answer) -> float:
    assert answer.outcome is not None, answer.why
    return answer.outcome.cost


def test_it_tells_the_service_as_it_was(what_if: WhatIf, day: Day) -> None:
    assert what_if.why is None
    assert what_if.as_it_was is not None
    assert what_if.as_it_was.cost == pytest.approx(day.replicas.sum() / 60 * HOURLY, rel=0.03)
    scaling = what_if.as_it_was.scaling["Ingress"]
    assert scaling.most == 2
    assert scaling.quality is not None
    assert scaling.quality.mape < 0.05


@pytest.mark.parametrize("most", [1, 3, 4])
def test_another_bound_costs_what_it_would_have(what_if: WhatIf, day: Day, most: int) -> None:
    told = what_if.answer(scenario(f"max_replicas={most}"))

    assert cost(told) == pytest.approx(day.scaled(most).sum() / 60 * HOURLY, rel=0.08)
    assert told.outcome is not None
    assert told.outcome.scaling["Ingress"].most == day.scaled(most).max()


def test_too_few_replicas_are_told_as_overloaded(what_if: WhatIf, day: Day) -> None:
    told = what_if.answer(scenario("max_replicas=1")).outcome

    one = np.ones(day.steps)
    truth = (day.busy(one, day.hits(5.0, day.replicas)) > 1).mean()
    assert told is not None
    assert told.overloaded == pytest.approx(truth, abs=0.02)
    assert truth > 0.2


def test_more_replicas_at_least_cost_their_hours(what_if: WhatIf) -> None:
    assert cost(what_if.answer(scenario("min_replicas=2"))) == pytest.approx(48 * HOURLY)


def test_a_longer_cache_time_saves_reads_and_with_them_cpu(what_if: WhatIf, day: Day) -> None:
    longer, shorter = (what_if.answer(scenario(f"cache_ttl_s={ttl}")) for ttl in (10, 2.5))

    assert longer.cache is not None
    assert longer.cache.hits is not None
    missed = day.missed(day.hits(10.0, day.replicas)).sum() / day.rows.sum()
    assert longer.cache.hits == pytest.approx(1 - missed, abs=0.01)
    assert cost(longer) <= cost(shorter)
    assert longer.outcome
    assert shorter.outcome
    assert longer.outcome.scaling["Ingress"].busy < 0.95 * shorter.outcome.scaling["Ingress"].busy


def test_spot_is_arithmetic_and_a_risk(what_if: WhatIf, day: Day) -> None:
    told = what_if.answer(scenario("spot=0.5"))

    assert cost(told) == pytest.approx(day.replicas.sum() / 60 * HOURLY * (1 - 0.5 * 0.65))
    # Where there is one replica, half of it is all.
    single = day.replicas == 1
    left_alone = day.busy(day.replicas, day.hits(5.0, day.replicas)) > 1
    assert told.unserved == pytest.approx((single | left_alone).mean(), abs=0.02)


def test_several_things_at_once(what_if: WhatIf) -> None:
    one = cost(what_if.answer(scenario("min_replicas=2")))

    both = what_if.answer(scenario("min_replicas=2,spot=0.4"))

    assert cost(both) == pytest.approx(one * (1 - 0.4 * 0.65))
    assert both.unserved is not None
    assert both.unserved < 1


def test_the_other_layout_has_other_deployments_and_a_range(what_if: WhatIf) -> None:
    told = what_if.answer(scenario("layout=distributed,Model.max_replicas=3"))

    assert told.outcome is not None
    assert set(told.outcome.scaling) == {"Ingress", "Features", "Preprocess", "Model"}
    assert told.cost_between is not None
    assert told.cost_between[0] <= told.outcome.cost <= told.cost_between[1]
    with pytest.raises(BadScenario, match="there is no deployment Features"):
        what_if.answer(scenario("Features.max_replicas=3"))


def test_the_layout_that_it_had_changes_nothing(what_if: WhatIf) -> None:
    told = what_if.answer(scenario("layout=collapsed"))

    assert cost(told) == told.compared
    assert told.cost_between is None


def test_every_answer_has_its_assumptions(what_if: WhatIf) -> None:
    for text, word in (
        ("max_replicas=3", "Serve's own policy"),
        ("layout=distributed", "docs/performance"),
        ("cache_ttl_s=9", "renewal"),
        ("spot=0.1", "65 % less"),
    ):
        assert any(word in one for one in what_if.answer(scenario(text)).assumptions)


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (Day(steps=40), "a fit needs 60"),
        (Day(low=200, high=204), "the load is flat"),
        (Day(noise=1.5), "held-out part"),
    ],
)
def test_where_the_recording_says_too_little_there_is_no_number(day: Day, why: str) -> None:
    found = models(day.recording())

    told = found.answer(scenario("max_replicas=3"))

    assert told.outcome is None
    assert told.why is not None
    assert why in told.why
    assert found.answer(scenario("spot=0.5")).outcome is not None


def test_a_service_that_scaled_otherwise_than_its_config_has_no_number() -> None:
    day = Day()
    other = Scaled(
        name="Ingress", cpu=1, gpu=0, autoscaling={**AUTOSCALING, "target_ongoing_requests": 30}
    )
    service = day.service.model_copy(update={"deployments": [other]})

    found = models(Recording(service, day.span, day.series(day.replicas)))

    assert found.why is not None
    assert "off" in found.why
    assert found.answer(scenario("max_replicas=3")).outcome is None


def test_missed_keys_that_nothing_tells_apart_have_hits_and_no_cost() -> None:
    day = Day()
    series = day.series(day.replicas)
    miss = 0.3 * day.rows
    series["cache_rows"] = [
        Series({"view": "v", "outcome": "hit"}, day.rows * day.hits(5.0, day.replicas)),
        Series({"view": "v", "outcome": "miss"}, miss),
    ]

    told = models(Recording(day.service, day.span, series)).answer(scenario("cache_ttl_s=6"))

    assert told.outcome is None
    assert told.why is not None
    assert "nothing says what CPU one takes" in told.why
