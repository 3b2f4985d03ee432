"""What Ray's dashboard tells, from one that answers and from none."""

from typing import Any

import httpx
import pytest

from app.start.dashboard import address_in, applications, ports_of_serve


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
        assert set(applications(client)) == {"orders", "other"}
        assert ports_of_serve(client) == {8000, 8001, 9000}


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
        assert applications(client) == {}
        assert ports_of_serve(client) == set()


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("View the dashboard at \x1b[1m\x1b[32mhttp://127.0.0.1:8266 \x1b[39m", "127.0.0.1:8266"),
        ("View the dashboard at http://[::1]:8265", "[::1]:8265"),
        ("View the dashboard at http://[fd00::7]:8265", "[fd00::7]:8265"),
        ("View the dashboard at https://head.example:443", "head.example:443"),
    ],
)
def test_ray_says_where_it_is(line: str, address: str) -> None:
    found = address_in(f"INFO started\n{line}\nmore")

    assert found is not None
    assert found.partition("://")[2] == address
    assert address_in("nothing of it") is None
