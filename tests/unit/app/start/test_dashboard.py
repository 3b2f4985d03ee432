"""What Ray's dashboard tells, from one that answers and from none."""

from typing import Any

import httpx
import pytest

from app.start.address import DASHBOARD
from app.start.dashboard import Dashboard, applications, dashboard_address, ports_of_serve


def dashboard(answer: Any) -> httpx.Client:
    """A client of one that answers so."""
    return httpx.Client(transport=httpx.MockTransport(lambda _: answer))


LANE = {"deployed_app_config": {"args": {"fast_lane": {"port": 8001}}}}
TOLD = {
    "applications": {"orders": LANE, "other": {}},
    "http_options": {"host": "::", "port": 8000},
    "grpc_options": {"port": 9000},
}


def test_the_ports_of_all_doors_of_what_runs() -> None:
    with dashboard(httpx.Response(200, json=TOLD)) as client:
        assert set(applications(client, DASHBOARD)) == {"orders", "other"}
        assert ports_of_serve(client, DASHBOARD) == {8000, 8001, 9000}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={**TOLD, "applications": {}}),
        httpx.Response(200, json=[]),
        httpx.Response(200, text="<html>"),
        httpx.Response(401),
    ],
)
def test_where_nothing_runs_no_port_is_its(answer: httpx.Response) -> None:
    with dashboard(answer) as client:
        assert applications(client, DASHBOARD) == {}
        assert ports_of_serve(client, DASHBOARD) == set()


def test_one_that_does_not_answer_is_told_once() -> None:
    said: list[str] = []
    answers = iter([httpx.Response(200, json=TOLD), *(httpx.Response(401),) * 2] * 2)
    with httpx.Client(transport=httpx.MockTransport(lambda _: next(answers))) as client:
        told = Dashboard(client, "http://127.0.0.1:8265", said.append)
        found = [set(told.details().get("applications", {})) for _ in range(6)]

    assert found == [{"orders", "other"}, set(), set()] * 2
    silent = "Ray's dashboard does not answer at http://127.0.0.1:8265: Ray prints where it is"
    assert [line.startswith(silent) for line in said] == [True, False, True]
    assert said[1] == "Ray's dashboard answers again at http://127.0.0.1:8265"


def test_it_is_asked_where_rays_own_commands_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_DASHBOARD_ADDRESS", raising=False)
    assert dashboard_address() == "http://127.0.0.1:8265"
    monkeypatch.setenv("RAY_DASHBOARD_ADDRESS", "http://127.0.0.1:8266")
    assert dashboard_address() == "http://127.0.0.1:8266"
