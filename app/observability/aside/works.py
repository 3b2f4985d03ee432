"""The works that a config asks for: what is off is not even imported."""

from collections.abc import Iterator

from app.config import GraphArgs
from app.observability.aside.work import Work


def works(args: GraphArgs) -> Iterator[Work]:
    """Those of this config, not begun yet. They run in a process without Ray."""
    yield from ()
