"""Where a journal lies, and how well it is kept."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from app.folder import FilePath
from app.secrets import Secret
from deployments.strict import StrictModel

# As a file would say them: where their paths start is known where they are validated.
_KEY: Any = {"file": ".windsock/seals.key"}
_SEALS: Any = {}


class SealSettings(StrictModel, validate_default=True):
    """The second place, where it is sealed how far a journal goes: one that is cut short shows only
    there. Each journal has a place of its own."""

    directory: FilePath = Path(".windsock/seals")
    """Better on another machine, or in files that can only be appended to (``chattr +a``)."""
    redis: Secret | None = None
    """The URL of a Redis, in place of the directory; its user needs RPUSH, LRANGE and SCAN."""
    key: Secret = _KEY
    """The Ed25519 key that signs, as PEM. A file that is not there is made at the first start, with
    the public key beside it (``.pub``), by which an auditor verifies: copy that elsewhere."""
    every_s: float = Field(default=10.0, ge=0.1, le=3600)
    """What a replica that dies leaves unsealed is at most so long."""


class JournalSettings(StrictModel, validate_default=True):
    """A journal that all ingress replicas write, each a chain of its own."""

    directory: FilePath = Path(".windsock/audit")
    durability: Literal["write", "fsync"] = "write"
    """What a record survives once it is acknowledged: ``write`` the death of the process, ``fsync``
    that of the machine, at the price of a disk's flush for each batch."""
    unwritable: Literal["refuse", "serve"] = "refuse"
    """What a full disk, or one that fails, means: no answer without its record, or answers whose
    missing records are counted."""
    segment_bytes: int = Field(default=64 * 2**20, ge=4096)
    segment_s: float = Field(default=86_400, ge=1)
    """A file of the journal ends at this size, or age; only whole ones are ever deleted."""
    keep_days: float | None = Field(default=None, gt=0)
    keep_bytes: int | None = Field(default=None, ge=4096)
    """Of each replica. What is older, or more, is deleted, which is sealed; None keeps all, since
    for how long records must be there the law says, not the disk."""
    keyring: Secret | None = None
    """By which new files are encrypted: `windsock keyring create`. None leaves them readable."""
    seals: SealSettings = _SEALS
