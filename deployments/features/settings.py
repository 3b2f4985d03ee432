"""The settings of the feature stage, apart from Feast so that reading them is cheap."""

from pydantic import BaseModel, ConfigDict, Field

from deployments.features.clock import ClockConfig, WallClock


class LookupSettings(BaseModel):
    """What may change while the feature stage runs."""

    model_config = ConfigDict(extra="forbid")

    clock: ClockConfig = Field(default_factory=WallClock)
    """Against what feature age is measured."""
    cache_rows: int = Field(default=50_000, ge=0)
    """Rows kept per feature view; 0 turns the cache off. A row costs about 8 bytes a feature."""
    cache_ttl_s: float = Field(default=5.0, gt=0)
    """How long a cached row may hide a newer one in the store, in seconds."""
