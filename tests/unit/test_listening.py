"""The table of ports is read as it is meant; a running graph is held to it in
tests/integration/guarded."""

import pytest

from tests.support.listening import Declared, Listening, declared, undeclared

ROWS = [
    Declared("haproxy", frozenset({"8000"}), "the config's host"),
    Declared("haproxy", frozenset({"8404"}), "this machine"),
    Declared("ray::ServeReplica", frozenset(), "every interface"),
    Declared("ray::", frozenset(), "every interface"),
    Declared("dashboard.py", frozenset(), "this machine"),
]
USUAL = {20_000: "8000", 20_001: "8404"}


@pytest.mark.parametrize(
    ("process", "host", "port", "fits"),
    [
        ("haproxy", "10.0.0.1", 20_000, True),
        ("haproxy", "0.0.0.0", 20_000, False),
        ("haproxy", "127.0.0.1", 20_001, True),
        ("haproxy", "10.0.0.1", 20_001, False),
        ("haproxy", "127.0.0.1", 20_002, False),
        ("ray::ServeReplica:app:Ingress", "::", 31_000, True),
        ("ray::IDLE", "::ffff:127.0.0.1", 31_000, True),
        ("ray::IDLE", "::", 31_000, True),
        ("dashboard.py", "127.0.0.1", 31_000, True),
        ("dashboard.py", "0.0.0.0", 31_000, False),
        ("nginx", "127.0.0.1", 80, False),
    ],
)
def test_what_is_not_declared_is_found(process: str, host: str, port: int, *, fits: bool) -> None:
    found = Listening((process,), host, port)

    assert (undeclared(found, ROWS, USUAL) is None) is fits


def test_the_page_has_the_table() -> None:
    rows = declared()

    assert {"8000", "9000", "8001", "8404", "9101"} <= {port for row in rows for port in row.ports}
    assert {row.where for row in rows} == {
        "this machine",
        "the config's host",
        "every interface",
    }
