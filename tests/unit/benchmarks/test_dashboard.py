import httpx
import pytest

from benchmarks.dashboard import DashboardError, Replica, address_in, replicas, replicas_in


def test_the_address_is_read_past_colours() -> None:
    log = (
        "x\n2026 INFO Started. View the dashboard at \x1b[1m\x1b[32mhttp://127.0.0.1:8266 \x1b[39m"
    )

    assert address_in(log) == "http://127.0.0.1:8266"


def test_a_log_without_an_address_says_so() -> None:
    with pytest.raises(DashboardError, match="did not say"):
        address_in("Running config file")


def test_replicas_are_those_of_the_application() -> None:
    one = {"replica_id": "a", "state": "STARTING", "pid": None}
    applications = {
        "windsock": {"deployments": {"Ingress": {"replicas": [one]}}},
        "other": {"deployments": {"Ingress": {"replicas": [one, one]}}},
    }

    assert replicas_in(applications, "windsock") == [Replica("Ingress", "a", "STARTING", None)]
    assert replicas_in(applications, "absent") == []


def test_a_dashboard_that_is_not_there_says_where_it_should_be() -> None:
    with (
        httpx.Client(timeout=0.5) as client,
        pytest.raises(DashboardError, match=r"127\.0\.0\.1:9"),
    ):
        replicas(client, "http://127.0.0.1:9")
