"""Loggers whose lines end up in Serve's own logs."""

import logging
from traceback import format_exception


class _Tracebacks(logging.Filter):
    """Writes tracebacks itself: logging prints them, and Ray 2.60 replaces ``print`` in a replica
    by one that makes a tuple of each line (``redirected_print``)."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1] and not record.exc_text:
            record.exc_text = "".join(format_exception(record.exc_info[1])).rstrip()
        return True


_tracebacks = _Tracebacks()


def get_logger(name: str) -> logging.Logger:
    """A logger under ``ray.serve``, the one that Serve gives handlers in every replica."""
    logger = logging.getLogger(f"ray.serve.{name}")
    logger.addFilter(_tracebacks)
    return logger
