import pytest
from pydantic import ValidationError

from deployments.metrics.catalogue.cost import COST, PRICE, RESERVED
from deployments.metrics.cost_meter import CostMeter
from deployments.metrics.prices import Prices
from deployments.metrics.series import Counts

GIB = 2**30
PRICES = Prices(cpu_hour=0.04, gpu_hour=2.5, gib_hour=0.005)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_hour_costs_what_is_reserved_times_its_price() -> None:
    counts, clock = Counts(), Clock()
    assigned = {"CPU": 0.5, "GPU": 0.25, "memory": 4.0 * GIB}
    meter = CostMeter("Model", PRICES, assigned, counts=counts, clock=clock)

    for _ in range(3600):
        clock.now += 1
        meter()

    cost = {
        resource: counts.counter(COST)["Model", resource].value
        for resource in ("cpu", "gpu", "memory")
    }
    assert cost == pytest.approx({"cpu": 0.02, "gpu": 0.625, "memory": 0.02})


def test_memory_that_is_not_reserved_is_paid_for_as_it_is_held() -> None:
    counts, clock, held = Counts(), Clock(), [2 * GIB]
    meter = CostMeter(
        "Ingress", PRICES, {"CPU": 1.0}, counts=counts, clock=clock, resident=lambda: held[0]
    )

    clock.now += 3600
    meter()
    held[0] = 6 * GIB
    clock.now += 3600
    meter()

    assert counts.counter(COST)["Ingress", "memory"].value == pytest.approx(0.005 * (2 + 6))
    assert counts.gauge(RESERVED)["Ingress", "memory"].value == 6
    assert counts.gauge(RESERVED)["Ingress", "cpu"].value == 1
    assert counts.gauge(RESERVED)["Ingress", "gpu"].value == 0


def test_prices_are_told_beside_it() -> None:
    counts = Counts()

    CostMeter("Ingress", PRICES, {}, counts=counts)()

    told = {resource: counts.gauge(PRICE)[resource].value for resource in ("cpu", "gpu", "memory")}
    assert told == {"cpu": 0.04, "gpu": 2.5, "memory": 0.005}


def test_what_a_replica_holds_by_itself_is_its_resident_memory() -> None:
    counts = Counts()

    CostMeter("Ingress", PRICES, {}, counts=counts)()

    assert 0.01 < counts.gauge(RESERVED)["Ingress", "memory"].value < 64


@pytest.mark.parametrize("price", [-0.1, float("nan"), float("inf"), "dear"])
def test_a_price_is_a_number_from_zero_up(price: object) -> None:
    with pytest.raises(ValidationError, match="cpu_hour"):
        Prices.model_validate({"cpu_hour": price})
