"""Where a journal lies, and how well it is kept."""

from pathlib import Path
from typing import Literal

from app.folder import FilePath
from deployments.strict import StrictModel


class JournalSettings(StrictModel, validate_default=True):
    """A journal that all ingress replicas write, each a chain of its own."""

    directory: FilePath = Path(".windsock/audit")
    durability: Literal["write", "fsync"] = "write"
    """What a record survives once it is acknowledged: ``write`` the death of the process, ``fsync``
    that of the machine, at the price of a disk's flush for each batch."""
