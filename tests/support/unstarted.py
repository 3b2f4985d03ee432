"""Bundles written without their first start: it takes seconds, and has tests of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from training.bundling import writer


@contextmanager
def unstarted() -> Iterator[None]:
    """Within the block a bundle is not started before it counts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "first_start", lambda *_: [])
        yield
