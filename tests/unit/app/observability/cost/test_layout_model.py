from dataclasses import replace

import numpy as np
import pytest

from app.observability.cost.layout_model import converted, ratio
from app.observability.cost.measured import measured
from app.observability.cost.prometheus import Series
from app.observability.cost.recording import Recording
from app.observability.cost.service_model import deployment_model
from tests.support.costed import Day

DAY = Day()


def recorded(layout: str, **doors: float) -> Recording:
    service = DAY.service.model_copy(update={"layout": layout})
    series = DAY.series(DAY.replicas)
    series["requests"] = [Series({"door": d}, np.full(DAY.steps, v)) for d, v in doors.items()]
    return Recording(service, DAY.span, series)


@pytest.mark.parametrize(
    ("doors", "median"),
    [
        ({"fast_lane": 9.0}, 0.082 / 0.215),
        ({"ray_http": 4.0, "ray_grpc": 1.0}, 0.205 / 0.411),
        (
            {"fast_lane": 3.0, "ray_http": 1.0},
            (0.75 * 0.082 + 0.25 * 0.205) / (0.75 * 0.215 + 0.25 * 0.411),
        ),
        ({}, 0.082 / 0.215),
    ],
)
def test_the_ratio_is_that_of_the_doors(doors: dict[str, float], median: float) -> None:
    found = ratio(recorded("distributed", **doors), "collapsed")

    assert found.median == pytest.approx(median)
    assert found.least < found.median < found.most


def test_the_way_back_is_the_inverse() -> None:
    there = ratio(recorded("distributed", fast_lane=1.0), "collapsed")
    back = ratio(recorded("collapsed", fast_lane=1.0), "distributed")

    assert back.median == pytest.approx(1 / there.median)
    assert back.most == pytest.approx(1 / there.least)


def test_one_replica_has_what_all_had() -> None:
    recording = recorded("distributed", fast_lane=1.0)
    (one,) = [deployment_model(m, None).demand() for m in measured(DAY.recording())]
    several = [
        replace(one, name=name, gib=gib)
        for name, gib in (("Ingress", 0.5), ("Features", 1.0), ("Preprocess", 0.25), ("Model", 2.0))
    ]

    (whole,) = converted(recording, several, "collapsed", 0.4)

    assert whole.name == "Ingress"
    assert (whole.cpu, whole.gib) == (1.0, 3.75)
    np.testing.assert_allclose(whole.work, 0.4 * 4 * one.work)


def test_several_share_what_one_had() -> None:
    recording = recorded("collapsed", fast_lane=1.0)
    (one,) = [deployment_model(m, None).demand() for m in measured(recording)]

    found = converted(recording, [one], "distributed", 2.5)

    assert {d.name: d.cpu for d in found} == {
        "Ingress": 0.4,
        "Features": 0.2,
        "Preprocess": 0.1,
        "Model": 0.3,
    }
    np.testing.assert_allclose(np.sum([d.work for d in found], axis=0), 2.5 * one.work)
    assert sum(d.gib for d in found) == pytest.approx(one.gib * 3880 / 3145)
    features = next(d for d in found if d.name == "Features")
    # Its own stage seconds, by Little's law again what is under way.
    assert features.ongoing(10, 1) == pytest.approx(0.2 * DAY.rows[10] * 0.010)
