"""How served rows are compared with the offline store."""

from typing import Any

from pydantic import Field

from app.observability.served.settings import ServedJournalSettings
from deployments.strict import StrictModel

_JOURNAL: Any = {}  # validated with the folder of the file, in which its paths start


class ViewTolerance(StrictModel):
    """What is tolerated of a view."""

    late_s: float = Field(default=60.0, ge=0)
    """How long, by the clock that features age by, an event may be on its way to the online store:
    a value that was the right one so long before is served in time. Above ``cache_ttl_s``; for a
    view that is materialized by a schedule its period, and the time that a run takes."""
    relative: float = Field(default=1e-6, ge=0)
    """By how much numbers may differ, of the larger one: float32 keeps seven digits."""
    share: float = Field(default=0.01, ge=0, le=1)
    """The share of a window's rows that may differ in a feature before there is an alarm."""


class SkewSettings(StrictModel, validate_default=True):
    """The skew check."""

    rows_per_minute: float = Field(default=120.0, gt=0)
    """Rows that each ingress replica samples at most: one costs it 0.2 ms, two a second nothing."""
    every_s: float = Field(default=60.0, gt=0)
    """How often a window is compared: what was served since the last one."""
    rows: int = Field(default=500, ge=1)
    """Most rows of a window, the newest: Feast's join compares each with all events of its keys."""
    least_rows: int = Field(default=20, ge=1)
    """Rows of a view, of one version, of which an alarm needs as many: windows of fewer are added
    up. Of 20 one that differs is within chance of a ``share`` of 0.01; of three it would not be."""
    age_s: float = Field(default=3600.0, gt=0)
    """How long windows are added up, and how long an alarm stays without new ones: an hour of a
    service that is asked now and then has ``least_rows``."""
    settle_s: float = Field(default=0.0, ge=0)
    """How long ago rows must have been served: as long as the offline store may take to get what
    the online store has at once. Rows that it does not know yet would all be taken for skew."""
    tolerance: ViewTolerance = ViewTolerance()
    """Of all feature views."""
    views: dict[str, ViewTolerance] = Field(default_factory=dict)
    """Of single views by name; what one does not say is as in ``tolerance``."""
    journal: ServedJournalSettings = _JOURNAL
    """Where sampled rows lie until they are compared."""

    def tolerance_of(self, view: str) -> ViewTolerance:
        """What is tolerated of a view."""
        own = self.views.get(view)
        if own is None:
            return self.tolerance
        return self.tolerance.model_copy(update=own.model_dump(exclude_unset=True))
