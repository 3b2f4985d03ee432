"""Ray's HAProxy: short paths for its sockets, and a module that is as it was afterwards."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from ray.serve._private import haproxy

from tests.support.haproxy import MENDED


@pytest.fixture
def unmended(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """What the process of this test has of Ray's module is put back after it."""
    for name in MENDED:
        monkeypatch.setattr(haproxy, name, getattr(haproxy, name))
    return monkeypatch


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="hap-") as name:
        yield Path(name)
