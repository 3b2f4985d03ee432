"""The Python client over two servers of which one is killed: no failed call, no lost row."""

from pathlib import Path

from tests.support.callers import callers, reach
from tests.support.flights import NOON, departures, instances
from tests.support.ingress import ingresses
from windsock import Prediction, Windsock


def test_a_server_that_is_killed_costs_no_call_and_is_used_again(tmp_path: Path) -> None:
    rows = instances(departures(NOON, hours=24, count=50))
    with ingresses(2, tmp_path) as (first, second):
        with Windsock(second.url) as client:
            expected = [
                answer.outputs
                for answer in client.predict_batch(rows)
                if isinstance(answer, Prediction)
            ]
        with callers([first.url, second.url], rows, expected, timeout=30) as found:
            reach(found, 100, first.url)
            first.kill()
            reach(found, 300, second.url)
            first.start()
            reach(found, 300, first.url)

    for caller in found:
        assert caller.failures == [], caller.name
