"""Where doors may be: test_ports.py and test_surroundings.py try whether they are free."""

import pytest

from app.start.address import ConfigError
from app.start.doors import Door, check_doors


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
