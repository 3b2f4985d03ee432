"""Leaves out optional imports of other packages: what they import is held by every process."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absent(package: str) -> Iterator[None]:
    """Within the block ``package`` is not to be found, unless it has been imported before."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # to `import`, that it is not there
    try:
        yield
    finally:
        del sys.modules[package]
