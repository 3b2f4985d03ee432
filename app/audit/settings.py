"""What is recorded of answers."""

from pathlib import Path
from typing import Any

from pydantic import Field

from app.folder import FilePath
from app.journal.settings import JournalSettings
from deployments.strict import StrictModel


class PersonalSettings(StrictModel, validate_default=True):
    """Whom rows are about: recorded as keyed hashes alone, each subject by a key of its own, so
    that who erases the key erases the subject and no record changes."""

    subject: str
    """The field of the request that says whom a row is about."""
    outputs: list[str] = Field(default_factory=list)
    """Outputs that are recorded in the same way: what the model says of a person, too."""
    keys: FilePath = Path(".windsock/subjects.db")
    """Where the keys are: one SQLite file for all replicas of a node. Back it up apart from the
    journal, and for no longer than an erased subject may come back."""


_JOURNAL: Any = {}  # validated with the folder of the file, in which its paths start


class AuditSettings(StrictModel, validate_default=True):
    """The audit log."""

    journal: JournalSettings = _JOURNAL
    personal: PersonalSettings | None = None
    """Whom rows are about; None takes them to be about nobody, and their hashes have no key."""
