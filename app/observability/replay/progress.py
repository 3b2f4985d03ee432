"""How far a replay has come."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.observability.replay.pace import Pace
from app.observability.replay.tally import Tally


@dataclass
class Progress:
    """One day of a replay, as it is shown."""

    start: datetime
    end: datetime
    asks: int
    pace: Pace
    tally: Tally
    store: str
    url: str
    at: datetime
    round: int = 1

    @property
    def share(self) -> float:
        """Of the day."""
        whole = (self.end - self.start).total_seconds()
        return (self.at - self.start).total_seconds() / whole if whole else 1.0

    def summary(self) -> dict[str, Any]:
        """All that was seen, as JSON has it; times in milliseconds and seconds."""
        tally = self.tally
        return {
            "from": self.start.isoformat(),
            "to": self.at.isoformat(),
            "rounds": self.round,
            "spent_s": round(self.pace.spent_s, 3),
            "speed": round(self.pace.reached_speed, 1),
            "store": self.store,
            "rows": tally.rows,
            "requests": tally.asked,
            "answered": tally.answered,
            "errors": dict(tally.errors),
            "p50_ms": tally.quantile_ms(0.5),
            "p99_ms": tally.quantile_ms(0.99),
            "degraded": tally.degraded,
            "outcomes": tally.outcomes,
            "labelled": tally.labelled,
            "feedback_errors": dict(tally.feedback_errors),
            "scored": tally.scores.count,
            "scores": tally.scores.summary(),
            "views": {
                name: {"oldest_age_s": age.oldest_s, "not_fresh": age.not_fresh}
                for name, age in tally.ages().items()
            },
        }
