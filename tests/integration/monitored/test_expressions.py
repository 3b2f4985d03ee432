"""Every expression of every panel and rule, asked of a real Prometheus of the running graph."""

from app.observability.dashboards.expressions import Expression, empty, expressions
from tests.integration.monitored.conftest import Observed, ask
from tests.support.prometheus import needs_prometheus, query
from tests.support.wait import wait_until

pytestmark = needs_prometheus


def without_data(url: str, layout: str) -> list[Expression]:
    """Those that have none and should."""
    return [one for one in expressions() if not query(url, one.expr) and empty(one, layout) is None]


def test_each_has_data(observed: Observed) -> None:
    missing: list[Expression] = []

    def all_there() -> bool:
        ask(observed.graph)  # rates are of what goes on
        missing[:] = without_data(observed.monitor.prometheus, observed.layout)
        return not missing

    try:
        wait_until(all_there, "data for each", timeout_s=300)
    except TimeoutError as error:
        told = "\n".join(f"{place}: {expr}" for place, expr in missing)
        raise AssertionError(f"without data:\n{told}") from error
