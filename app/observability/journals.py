"""Journals of what is observed: where they lie by default, and how long."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from app.folder import FilePath
from app.journal.settings import JournalSettings, SealSettings

_SEALS: Any = {}  # validated with the folder of the file, in which its paths start


class PredictionSeals(SealSettings):
    """Of the journal of predictions: each journal has a place of its own."""

    directory: FilePath = Path(".windsock/predictions_seals")


class OutcomeSeals(SealSettings):
    """Of the journal of outcomes."""

    directory: FilePath = Path(".windsock/outcomes_seals")


class PredictionJournal(JournalSettings):
    """Of predictions: an id, a score and some fields of each row."""

    directory: FilePath = Path(".windsock/predictions")
    unwritable: Literal["refuse", "serve"] = "serve"
    """Unlike an audit, this one is there for statistics: a full disk must not stop answers."""
    keep_days: float | None = Field(default=90, gt=0)
    """An outcome that comes later finds no prediction."""
    seals: PredictionSeals = _SEALS


class OutcomeJournal(JournalSettings):
    """Of outcomes, which nobody could get a second time."""

    directory: FilePath = Path(".windsock/outcomes")
    seals: OutcomeSeals = _SEALS
