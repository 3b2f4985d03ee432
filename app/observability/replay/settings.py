"""What `windsock replay` plays, and how the service follows it."""

from pathlib import Path

from pydantic import Field

from app.folder import FilePath
from deployments.strict import StrictModel


class ReplaySettings(StrictModel, validate_default=True):
    """A clock that is not ``mode: replay`` follows nobody, whatever stands here."""

    source: str = Field(pattern=r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
    """The Python module that has the days to play: docs/replay.md says what it must have."""
    clock: FilePath = Path(".windsock/replay.clock")
    """The file by which a replay moves the service's clock, never beyond what is in the online
    store. With several nodes it lies in a folder that all of them share."""
    output: str | None = None
    """Which output is held against the outcomes; None is the first."""
