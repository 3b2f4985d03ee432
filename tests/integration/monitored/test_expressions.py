"""Every expression of every panel and rule, asked of a real Prometheus of the running graph."""

from app.observability.dashboards.expressions import empty, expressions
from tests.integration.monitored.conftest import Observed, ask
from tests.support.prometheus import needs_prometheus, query
from tests.support.wait import wait_until

pytestmark = needs_prometheus


def test_each_has_data(observed: Observed) -> None:
    missing = [one for one in expressions() if empty(one, observed.layout) is None]

    def all_there() -> bool:
        ask(observed.graph)  # rates are of what goes on
        missing[:] = [one for one in missing if not query(observed.monitor.prometheus, one.expr)]
        return not missing

    try:
        wait_until(all_there, "data for each", timeout_s=300)
    except TimeoutError as error:
        told = "\n".join(f"{place}: {expr}" for place, expr in missing)
        raise AssertionError(f"without data:\n{told}") from error
