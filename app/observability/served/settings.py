"""The journal of served rows."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from app.folder import FilePath
from app.journal.settings import JournalSettings, SealSettings

_SEALS: Any = {}


class ServedSealSettings(SealSettings, validate_default=True):
    """A journal of samples is sealed as all are, though nobody has to prove anything by it."""

    directory: FilePath = Path(".windsock/served-seals")
    every_s: float = Field(default=60.0, ge=0.1, le=3600)
    """Nothing hangs on the last minute of a sample."""


class ServedJournalSettings(JournalSettings, validate_default=True):
    """Where served rows lie until they are looked at: keys and values as they were, readable unless
    it has a ``keyring``."""

    directory: FilePath = Path(".windsock/served")
    unwritable: Literal["serve"] = "serve"
    """No answer waits for its sample, so that none could be refused for it: what cannot be written
    is counted."""
    segment_bytes: int = Field(default=2 * 2**20, ge=4096)
    """Small, since all of a segment is read to find what is new in it."""
    segment_s: float = Field(default=3600, ge=1)
    keep_days: float | None = Field(default=1.0, gt=0)
    keep_bytes: int | None = Field(default=16 * 2**20, ge=4096)
    """Of each replica: some ten thousand rows of fifty features."""
    seals: ServedSealSettings = _SEALS
