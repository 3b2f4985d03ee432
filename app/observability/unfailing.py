"""What looks at requests aside has none of them fail."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from deployments.log import get_logger

P = ParamSpec("P")

logger = get_logger(__name__)


def unfailing(told: Callable[P, None]) -> Callable[P, None]:
    """The same, where an exception is a line of the log, the first time, and raised to nobody."""
    failed = False

    @wraps(told)
    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        nonlocal failed
        try:
            told(*args, **kwargs)
        except Exception:
            if not failed:
                logger.exception("%s failed, which is told once", told.__qualname__)
            failed = True

    return call
