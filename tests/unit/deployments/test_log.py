"""Log lines as a replica writes them."""

import builtins
import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from ray.serve._private.logging_utils import redirected_print

from deployments.log import get_logger


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    above = logging.getLogger("ray.serve")
    above.addHandler(handler)
    yield stream
    above.removeHandler(handler)


def test_a_traceback_has_its_lines_under_the_print_of_a_replica(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builtins, "print", redirected_print)
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        raised: Any = error

    get_logger("some.stage").error("it failed", exc_info=raised)

    lines = written.getvalue().splitlines()
    assert lines[:2] == ["it failed", "Traceback (most recent call last):"]
    assert lines[-2:] == ["ValueError: two", "lines"]
