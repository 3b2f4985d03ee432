"""The file that keeps what Ray prints."""

import io

import pytest

from app.start.serve_log import address_in, serve_log
from tests.support.wait import wait_until


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


@pytest.mark.parametrize("show", [False, True])
def test_it_knows_the_dashboard_once_ray_has_told_it(show: bool) -> None:
    screen = io.BytesIO()
    with serve_log(show=show, to=screen) as log:
        assert log.dashboard is None
        log.output.write(b"starting\nView the dashboard at http://127.0.0.1:8266\n")
        log.output.flush()
        assert log.dashboard == "http://127.0.0.1:8266"
        if show:
            wait_until(lambda: b"8266" in screen.getvalue(), "the line on the screen")
        log.output.write(b"the end\n")
        log.output.flush()

    assert log.path.read_bytes().startswith(b"starting\n")
    assert log.end(1) == "the end"
    assert screen.getvalue() == (log.path.read_bytes() if show else b"")
    log.path.unlink()
