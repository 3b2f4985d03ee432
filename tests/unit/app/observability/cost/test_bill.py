from typing import Any

import numpy as np
import pytest

from app.observability.cost.bill import bill, price
from app.observability.cost.prometheus import Series, Span
from app.observability.cost.recording import Recording
from tests.support.costed import Day

NAN = float("nan")


def recording(**series: list[Series]) -> Recording:
    """Four half hours: two replicas of a CPU and 2 GiB each at 1 an hour for either; nothing is
    known of the last."""
    of = {"stage": "Ingress"}
    cost = [
        Series(of | {"resource": r}, np.array([v, v, v, NAN]) / 3600)
        for r, v in (("cpu", 2.0), ("memory", 4.0))
    ]
    usual: dict[str, Any] = {
        "price": [Series({"resource": r}, np.array([1.0, 1, 1, NAN])) for r in ("cpu", "memory")],
        "replicas": [Series(of, np.array([2, 2, 2, NAN]))],
        "reserved": [
            Series(of | {"resource": "cpu"}, np.array([2.0, 2, 2, NAN])),
            Series(of | {"resource": "memory"}, np.array([4.0, 4, 4, NAN])),
        ],
        "cost": cost,
        "cpu": [Series(of, np.array([1.5, 0.1, 3.0, NAN]))],
        "requests": [Series({"door": "fast_lane"}, np.array([10.0, 0, 5, NAN]))],
        "rows": [
            Series({"model": "m", "version": "1"}, np.array([10.0, 0, 2, NAN])),
            Series({"model": "m", "version": "2"}, np.array([0.0, 0, 3, NAN])),
        ],
        "cost_by_version": [
            Series({"model": "m", "version": "1"}, np.array([6.0, NAN, 1.5, NAN])),
            Series({"model": "m", "version": "2"}, np.array([NAN, NAN, 4.5, NAN])),
        ],
    }
    return Recording(Day().service, Span(0, 1800, 4), usual | series)


def test_totals_by_hand() -> None:
    told = bill(recording())

    # 1.5 known hours at 6 an hour; 10 + 5 rows a second for half an hour each.
    assert (told.hours, told.known_hours) == (2, 1.5)
    assert told.cost == pytest.approx(9)
    assert told.reserved_cost == pytest.approx(9)
    assert told.per_hour == pytest.approx(6)
    assert told.rows == 27_000
    assert told.per_thousand == pytest.approx(9 / 27)


def test_lines_of_deployments_and_resources() -> None:
    (line,) = bill(recording()).lines

    assert line.replica_hours == 3
    assert line.by_resource == pytest.approx({"cpu": 3, "gpu": 0, "memory": 6})
    assert line.cost == pytest.approx(9)


def test_versions_share_it_and_the_rest_is_nobodys() -> None:
    first, second, nobody = bill(recording()).versions

    assert (first.version, first.rows) == ("1", 21_600)
    assert first.cost == pytest.approx(3.75)
    assert (second.version, second.rows) == ("2", 5_400)
    assert second.cost == pytest.approx(2.25)
    assert second.per_thousand == pytest.approx(1000 * 2.25 / 5400)
    assert (nobody.model, nobody.per_thousand) == ("", None)
    assert nobody.cost == pytest.approx(3)


def test_what_is_idle_by_hand() -> None:
    idle = bill(recording(), below=0.1).idle

    # Reserved 2 CPUs for 3 half hours; of the third only 2 count, whatever else it took.
    assert idle is not None
    assert idle.unused == pytest.approx(1 - (1.5 + 0.1 + 2) / 6)
    assert idle.money == pytest.approx((0.5 + 1.9) * 0.5)
    assert idle.quiet_hours == idle.silent_hours == 0.5
    assert idle.quiet_money == pytest.approx(3)
    assert idle.silent_money == pytest.approx(3)


def test_without_cpu_idle_is_not_known() -> None:
    assert bill(recording(cpu=[])).idle is None


def test_without_predictions_there_is_no_price_of_one() -> None:
    assert bill(recording(rows=[])).per_thousand is None


def test_a_price_that_changed_does_not_change_what_was() -> None:
    changed = recording(price=[Series({"resource": "cpu"}, np.array([1.0, NAN, 3.0, 3.0]))])

    assert price(changed, "cpu").tolist() == [1, 1, 3, 3]
    assert bill(changed).cost == pytest.approx(9)


def test_a_price_that_is_known_late_counts_from_the_begin() -> None:
    late = recording(price=[Series({"resource": "gpu"}, np.array([NAN, 2.0, NAN, NAN]))])

    assert price(late, "gpu").tolist() == [2, 2, 2, 2]
    assert price(late, "cpu").tolist() == [0, 0, 0, 0]
