"""What a comparison found."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from app.observability.quality import measures

Reason = Literal["late", "missing", "unknown", "value"]
"""``late``: what was served was right before, and the offline store had a newer event by then.
``missing``: nothing was served, and it has a value. ``unknown``: it has none of what was served.
``value``: the value itself is another."""


@dataclass(frozen=True, slots=True)
class Example:
    """A row whose value differs, values and keys in their JSON form; instants are epoch seconds, of
    the clock that features age by."""

    request: str
    keys: dict[str, Any]
    at: float
    served: Any
    offline: Any
    served_event_at: float | None
    offline_event_at: float | None


@dataclass(slots=True)
class FeatureSkew:
    """Of ``rows`` compared, in how many a feature differs; ``reason`` is that of the example."""

    feature: str
    rows: int
    differ: int
    reason: Reason | None = None
    example: Example | None = None

    @property
    def share(self) -> float:
        """0 where nothing was compared."""
        return self.differ / self.rows if self.rows else 0.0

    @property
    def lower(self) -> float:
        """The share that is beyond chance: the lower end of its 95 % interval."""
        return measures.share(self.differ, self.rows).lower if self.rows else 0.0

    def after(self, before: "FeatureSkew") -> "FeatureSkew":
        """Of both windows together; the example is of the newer one that has any."""
        newest = self if self.example is not None else before
        return FeatureSkew(
            self.feature,
            self.rows + before.rows,
            self.differ + before.differ,
            newest.reason,
            newest.example,
        )


@dataclass(slots=True)
class ViewSkew:
    """A view of a version. Apart from the ``rows`` compared: those ``in_time``, whose values came
    to the online store a little later than the events, as tolerated, are compared and the same;
    ``by_policy`` are left out or served stale since nothing newer is known offline either;
    ``unread`` could not be read from the online store; ``behind`` are computed from values that
    are counted otherwise."""

    model: str
    version: str
    view: str
    rows: int = 0
    in_time: int = 0
    by_policy: int = 0
    unread: int = 0
    behind: int = 0
    tolerated: float = 0.0
    features: list[FeatureSkew] = field(default_factory=list)

    @property
    def skewed(self) -> bool:
        """Whether a feature differs in more rows than is tolerated, beyond chance."""
        return any(one.lower > self.tolerated for one in self.features)

    def after(self, before: "ViewSkew") -> "ViewSkew":
        """Of this window and one before it together."""
        earlier = {one.feature: one for one in before.features}
        features = [
            one.after(earlier.pop(one.feature)) if one.feature in earlier else one
            for one in self.features
        ]
        return ViewSkew(
            model=self.model,
            version=self.version,
            view=self.view,
            rows=self.rows + before.rows,
            in_time=self.in_time + before.in_time,
            by_policy=self.by_policy + before.by_policy,
            unread=self.unread + before.unread,
            behind=self.behind + before.behind,
            tolerated=self.tolerated,
            features=[*features, *earlier.values()],
        )


@dataclass(frozen=True, slots=True)
class SkewReport:
    """Of a window of ``rows``, served between two instants (epoch seconds of the wall), and why
    some were not compared."""

    rows: int
    since: float | None
    until: float | None
    views: Sequence[ViewSkew]
    problems: Sequence[str] = ()

    @property
    def skewed(self) -> list[ViewSkew]:
        """The views of which more differs than is tolerated."""
        return [view for view in self.views if view.skewed]
