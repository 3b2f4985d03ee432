"""`windsock front`: what it hands to the front."""

from typing import Any

import pytest

from tests.unit.app.cli.conftest import Windsock


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the front was run with."""
    handed: dict[str, Any] = {}

    def run(**named: Any) -> int:
        handed.update(named)
        return 0

    monkeypatch.setattr("app.doors.front.run", run)
    return handed


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("http://[::1]:8265/", "http://[::1]:8265"),
        ("[::1]:8265", "http://[::1]:8265"),
        ("head.example:8265", "http://head.example:8265"),
        ("https://head.example", "https://head.example"),
    ],
)
def test_the_dashboard_is_a_url(
    windsock: Windsock, handed: dict[str, Any], given: str, asked: str
) -> None:
    done = windsock("front", "--dashboard", given, "--application", "orders")

    assert done.exit_code == 0
    assert handed["dashboard"] == asked
    assert handed["application"] == "orders"


def test_it_is_where_rays_own_commands_have_it(
    windsock: Windsock, handed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_DASHBOARD_ADDRESS", "http://127.0.0.1:8266")

    assert windsock("front").exit_code == 0
    assert handed["dashboard"] == "http://127.0.0.1:8266"


@pytest.mark.parametrize("given", ["::1:8265", "http://[::1:8265", "head:port", "ftp://head", ""])
def test_what_is_none_is_a_wrong_use(
    windsock: Windsock, handed: dict[str, Any], given: str
) -> None:
    assert windsock("front", "--dashboard", given).exit_code == 2
    assert handed == {}


@pytest.mark.parametrize(("given", "port"), [([], None), (["--metrics", "0"], 0)])
def test_it_exports_metrics_where_it_is_told_to(
    windsock: Windsock, handed: dict[str, Any], given: list[str], port: int | None
) -> None:
    assert windsock("front", *given).exit_code == 0
    assert handed["metrics"] == port
