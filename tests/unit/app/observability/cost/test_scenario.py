from typing import Any

import pytest

from app.observability.cost.scenario import BadScenario, Scenario, bounded, scenario


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("max_replicas=4", {"bounds": {"": {"max_replicas": 4}}}),
        ("Features.max_replicas=3", {"bounds": {"Features": {"max_replicas": 3}}}),
        (
            "min_replicas=0, Model.min_replicas=2",
            {"bounds": {"": {"min_replicas": 0}, "Model": {"min_replicas": 2}}},
        ),
        ("layout=collapsed", {"layout": "collapsed"}),
        ("cache_ttl_s=0.5,spot=1", {"cache_ttl_s": 0.5, "spot": 1.0}),
        ("spot = 0", {"spot": 0.0}),
    ],
)
def test_what_is_asked(text: str, asked: dict[str, Any]) -> None:
    assert scenario(text) == Scenario(text, **asked)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not of the form"),
        ("max_replicas", "not of the form"),
        ("max_replicas=", "not of the form"),
        ("max_replicas=4,", "not of the form"),
        ("max_replicas=0", "whole number from 1"),
        ("max_replicas=two", "whole number"),
        ("max_replicas=1.5", "whole number"),
        ("max_replicas=-1", "whole number"),
        ("min_replicas=\u0663", "whole number"),
        ("replicas=4", "nothing is known of 'replicas'"),
        ("Features.spot=0.5", "nothing is known of 'Features.spot'"),
        ("layout=flat", "distributed or collapsed"),
        ("cache_ttl_s=0", "above 0"),
        ("cache_ttl_s=nan", "must be a number"),
        ("cache_ttl_s=inf", "must be a number"),
        ("spot=1.1", "from 0 to 1"),
        ("spot=half", "must be a number"),
        ("spot=0.5,spot=0.6", "twice"),
    ],
)
def test_what_cannot_be_asked_is_said(text: str, why: str) -> None:
    with pytest.raises(BadScenario, match=why):
        scenario(text)


def test_bounds_of_one_stand_before_those_of_all() -> None:
    asked = scenario("max_replicas=4,Model.max_replicas=6").bounds
    given = {"min_replicas": 1, "max_replicas": 2, "initial_replicas": 2}

    assert bounded(given, "Model", asked) == {"min_replicas": 1, "max_replicas": 6}
    assert bounded(given, "Features", asked) == {"min_replicas": 1, "max_replicas": 4}
    assert bounded(given, "Model", {}) == given
    assert bounded(None, "Model", {}) is None


def test_bounds_that_cross_and_of_what_does_not_scale_are_refused() -> None:
    with pytest.raises(BadScenario, match="min_replicas of Model would be 3, and max_replicas 2"):
        bounded({"max_replicas": 2}, "Model", scenario("min_replicas=3").bounds)
    with pytest.raises(BadScenario, match="Model has no autoscaling_config"):
        bounded(None, "Model", scenario("max_replicas=3").bounds)
