"""How much principals may ask for."""

from pydantic import Field

from app.access.principal import Limit
from deployments.strict import StrictModel


class QuotaSettings(StrictModel):
    """Token buckets of each principal, in each replica, or shared by all."""

    limits: list[Limit] = Field(default_factory=list)
    """What every principal may have that has no limit of the same name itself."""
