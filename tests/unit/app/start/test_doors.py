"""Where doors may be: test_ports.py and test_surroundings.py try whether they are free."""

import socket

import pytest

from app.start.address import ConfigError
from app.start.doors import Door, check_doors, check_free, check_free_or_ours
from tests.support.serve import free_port


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_a_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(ConfigError, match=f"http_options: port is {port}: it must be from 1 to"):
        check_doors([Door("http_options", "127.0.0.1", port)])


@pytest.mark.parametrize(
    "host", ["", "no such", "http://127.0.0.1", "[::1]:8000", "127.0.0.1:8000", "[::1", "a/b", "-"]
)
def test_a_host_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="it must be an address or a name alone"):
        check_doors([Door("fast_lane of parcels", host, 8001)])


@pytest.mark.parametrize("host", ["localhost", "serving_1.example.", "[::1]", "::", "fe80::1%lo"])
def test_others_are_taken(host: str) -> None:
    check_doors([Door("http_options", host, 8000)])


def test_a_port_of_what_serves_already_may_be_the_files_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And Ray's are its, where anything serves: the dashboard tells of none of them."""
    running: set[int] = set()
    monkeypatch.setattr("app.start.doors.ports_of_serve", lambda *_: running)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ours = Door("http_options", "127.0.0.1", port)
        rays = Door("RAY_SERVE_HAPROXY_STATS_PORT", "127.0.0.1", port)
        for door in (ours, rays):
            with pytest.raises(ConfigError, match="is held by"):
                check_free_or_ours([door])
        running.add(8000)
        check_free_or_ours([rays])
        with pytest.raises(ConfigError, match="is held by"):
            check_free_or_ours([ours])
        running.add(port)
        check_free_or_ours([ours, rays])
        for door in (ours, rays):
            with pytest.raises(ConfigError, match="is held by"):
                check_free([door])


def test_a_dashboard_is_asked_only_where_a_port_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger at its port, which never answers, holds nobody up."""
    monkeypatch.setattr("app.start.doors.ports_of_serve", pytest.fail)
    check_free_or_ours([Door("http_options", "127.0.0.1", free_port())])
