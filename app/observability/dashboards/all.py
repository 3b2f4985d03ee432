"""The six dashboards."""

from app.observability.dashboards.cost import COST
from app.observability.dashboards.drift import DRIFT
from app.observability.dashboards.features import FEATURES
from app.observability.dashboards.overview import OVERVIEW
from app.observability.dashboards.quality import QUALITY
from app.observability.dashboards.rollout import ROLLOUT

DASHBOARDS = (OVERVIEW, FEATURES, QUALITY, DRIFT, COST, ROLLOUT)
