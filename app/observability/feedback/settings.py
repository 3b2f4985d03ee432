"""What outcomes are taken."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from app.folder import FilePath
from app.observability.journals import OutcomeJournal
from deployments.strict import StrictModel

_JOURNAL: Any = {}  # validated with the folder of the file, in which its paths start

SumName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class FeedbackSettings(StrictModel, validate_default=True):
    """The route ``POST /feedback``, and the join of what it takes with predictions."""

    journal: OutcomeJournal = _JOURNAL
    outcome: Literal["binary", "number"] = "binary"
    """What outcomes are: ``binary``, true or false, of a score that says how likely true is; or
    ``number``, of a score that foretells it."""
    sums: list[SumName] = Field(default_factory=list, max_length=16)
    """Fields that outcomes may bring, as the revenue of a sale or what an error has cost: they are
    summed by version."""
    max_outcomes: int = Field(default=1000, ge=1)
    """Most in one request (413). 1,000 take some 30 ms of the replica, in which it answers nobody
    else; the client's bulk call sends as many requests as it takes."""
    index: FilePath = Path(".windsock/quality.db")
    """The join: an SQLite file on a disk of the node. It is made from the two journals, and made
    again where it is not there."""
    every_s: float = Field(default=5.0, ge=0.1)
    """How long after the end of one look at the journals the next begins."""

    @field_validator("sums")
    @classmethod
    def _each_once(cls, sums: list[str]) -> list[str]:
        if len(set(sums)) < len(sums):
            raise ValueError("a field is named twice")
        return sums
