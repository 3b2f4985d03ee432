"""One telling and the next; tests/unit/app/start/test_serve_run.py sends real signals."""

import signal

import pytest

from app.start.signals import Twice


def test_what_comes_at_once_is_one_and_what_comes_later_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter([100.0, 100.01, 100.9, 101.5, 101.6])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    told: list[object] = []
    handler = Twice(lambda: told.append("first"), told.append)
    for which in (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
        handler(which)
    assert told == ["first", signal.SIGTERM, signal.SIGINT]
