"""How served rows come to where a feature service wants them logged."""

from pathlib import Path
from typing import Any

from pydantic import Field

from app.folder import FilePath
from app.observability.served.settings import ServedJournalSettings, ServedSealSettings
from deployments.strict import StrictModel

_SEALS: Any = {}
_JOURNAL: Any = {}


class SpoolSealSettings(ServedSealSettings, validate_default=True):
    """A journal of its own has a place of its own."""

    directory: FilePath = Path(".windsock/served-log-seals")


class SpoolSettings(ServedJournalSettings, validate_default=True):
    """Where rows wait for their destination."""

    directory: FilePath = Path(".windsock/served-log")
    keep_bytes: int | None = Field(default=64 * 2**20, ge=4096)
    """Of each replica: what its destination does not take in time is dropped, and counted."""
    seals: SpoolSealSettings = _SEALS


class ServedLogSettings(StrictModel, validate_default=True):
    """The log of served rows, where the feature service has a ``LoggingConfig``."""

    rates: dict[str, float] | None = None
    """By feature service, the share of rows that is logged, in place of what its ``LoggingConfig``
    says; None asks the registry when the graph is built."""
    every_s: float = Field(default=10.0, gt=0)
    """How often rows are handed on: each time makes a file, where the destination is files."""
    rows: int = Field(default=20_000, ge=1)
    """Most rows that are handed on at once: they are in memory, aside."""
    journal: SpoolSettings = _JOURNAL
