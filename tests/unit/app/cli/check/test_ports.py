"""The ports of all doors."""

import socket

import pytest

from tests.unit.app.cli.check.conftest import Config
from tests.unit.app.cli.conftest import Windsock


def test_a_port_that_is_taken_is_refused(windsock: Windsock, config: Config) -> None:
    with socket.create_server(("127.0.0.1", config.port)):
        refused = windsock("check", config.written())

    assert refused.exit_code == 1
    assert f"port {config.port} (fast_lane of orders) is held by" in refused.stderr


@pytest.mark.parametrize("host", ["::", "::1"])
def test_a_port_that_is_taken_on_ipv6_is_refused(
    windsock: Windsock, config: Config, host: str
) -> None:
    config.document["http_options"]["host"] = host
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        config.document["http_options"]["port"] = port = taken.getsockname()[1]
        refused = windsock("check", config.written())

    assert refused.exit_code == 1
    assert f"port {port} (http_options) is held by" in refused.stderr


def test_doors_have_ports_of_their_own(windsock: Windsock, config: Config) -> None:
    config.document["applications"][0]["args"]["fast_lane"]["port"] = 8123
    refused = windsock("check", config.written())

    assert refused.exit_code == 1
    assert "http_options and fast_lane of orders have the same port, 8123" in refused.stderr
