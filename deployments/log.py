"""Loggers whose lines end up in Serve's own logs."""

import logging


def get_logger(name: str) -> logging.Logger:
    """A logger under ``ray.serve``, the one that Serve gives handlers in every replica."""
    return logging.getLogger(f"ray.serve.{name}")
