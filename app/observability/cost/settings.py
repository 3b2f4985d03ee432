"""What resources cost."""

from pydantic import Field

from deployments.metrics.prices import Prices


class CostSettings(Prices):
    """Prices are examples until they are set: what a small virtual machine costs on demand."""

    currency: str = Field(default="EUR", min_length=1, max_length=16)
    """Of all prices; it is only shown."""
    spot_discount: float = Field(default=0.65, ge=0, le=1)
    """How much less capacity costs that may be taken away; ``windsock cost --what-if spot=0.5``
    asks what it would save."""
