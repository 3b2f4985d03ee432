"""What is kept of a request until its line is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.edge.recording import Recording
from app.observability.part import Part
from app.serving.answers import AnsweredBatch

_MOST_ROWS = 100
"""Rows of a request whose values are logged: a line must not be of any length."""


@dataclass(slots=True)
class Logged:
    """A request that has a line; ``values`` are of its first rows, where they are asked for."""

    parts: list[Part] = field(default_factory=list)
    values: list[Mapping[str, Any]] = field(default_factory=list)

    def keep(self, batch: AnsweredBatch, recording: Recording, at: int, rows: int) -> None:
        """Take the values of so many rows of a batch."""
        fields = [one.name for one in recording.serving.contract.fields]
        columns = recording.serving.manifest.service.columns
        for place in range(at, at + min(rows, _MOST_ROWS - len(self.values))):
            asked = dict(zip(fields, batch.rows[place], strict=True))
            found = batch.features(place, columns).values
            self.values.append({"fields": asked, "features": found})
