"""The settings of the feature stage, apart from Feast so that reading them is cheap."""

from typing import Literal

from pydantic import Field

from deployments.features.clock import ClockConfig, WallClock
from deployments.strict import StrictModel


class ViewPolicy(StrictModel):
    """What becomes of rows of a feature view that are not what they should be."""

    max_age_s: float | None = Field(default=None, gt=0)
    """Past this age a row is stale; None is the view's own time to live."""
    stale: Literal["serve", "default", "refuse"] = "default"
    """``serve`` it all the same; ``default``: leave its values out, as the point-in-time join that
    made the training data did; ``refuse`` the request."""
    missing: Literal["default", "refuse"] = "default"
    """Where there is no row. ``default``: one that the store does not have stays missing, as in
    training, and one that cannot be had gets the bundle's training defaults."""
    last_known_good_s: float = Field(default=600.0, ge=0)
    """While the store cannot be read, how old a cached row may be to stand in; 0 is never."""


class BreakerSettings(StrictModel):
    """When the online store is left alone, and how often its return is looked for."""

    failures: int = Field(default=1, ge=1)
    """Reads that fail in a row before no request waits for the store any more. One, since a store
    that hangs costs every request ``budget_s`` until then, and one that only stumbled is tried
    again within a tenth of a second."""
    probe_s: float = Field(default=1.0, gt=0)
    """It is then tried aside from all requests: at once, and ever less often until it is this."""


class LookupSettings(StrictModel):
    """What may change while the feature stage runs."""

    clock: ClockConfig = Field(default_factory=WallClock)
    """Against what feature age is measured."""
    cache_rows: int = Field(default=50_000, ge=0)
    """Rows kept per feature view; 0 turns the cache off. A row costs about 8 bytes a feature."""
    cache_ttl_s: float = Field(default=5.0, gt=0)
    """How long a cached row may hide a newer one in the store, in seconds."""
    budget_s: float = Field(default=0.5, gt=0)
    """Longest time that a batch waits for the store. A cold batch of some hundred rows takes a
    tenth of a second; a store that takes longer would keep all requests waiting."""
    open_s: float = Field(default=5.0, gt=0)
    """Longest that a replica that starts waits for its connection to the store, with the first
    answer over it: name server, TLS and proxies take their time, so that it is another than that of
    a read. Past it the replica starts all the same, its breaker open. Later no request waits for a
    connection that opens."""
    breaker: BreakerSettings = BreakerSettings()
    policy: ViewPolicy = ViewPolicy()
    """Of all feature views."""
    views: dict[str, ViewPolicy] = Field(default_factory=dict)
    """Of single views by name; what one does not say is as in ``policy``."""

    def policy_of(self, view: str) -> ViewPolicy:
        """The policy in force for a view."""
        own = self.views.get(view)
        if own is None:
            return self.policy
        return self.policy.model_copy(update=own.model_dump(exclude_unset=True))
