"""The Python client of Windsock: predictions from one endpoint or several, with failover.

with Windsock("http://127.0.0.1:8001") as windsock:
    windsock.predict(customer_id=17, store_id=3, ...).outputs
"""

from windsock.aio import AsyncWindsock
from windsock.answers import Answer, Features, Health, Model, Models, Prediction, RowError, View
from windsock.encoding import zoned
from windsock.errors import (
    ConnectionFailed,
    DeadlineExceeded,
    FeaturesRefused,
    Forbidden,
    InternalError,
    InvalidRequest,
    Misconfigured,
    Misused,
    Overloaded,
    RateLimited,
    RowFailed,
    Unauthenticated,
    Unavailable,
    Unreachable,
    Untrusted,
    WindsockError,
)
from windsock.options import Options
from windsock.outcomes import Outcome
from windsock.sync import Windsock

__all__ = [
    "Answer",
    "AsyncWindsock",
    "ConnectionFailed",
    "DeadlineExceeded",
    "Features",
    "FeaturesRefused",
    "Forbidden",
    "Health",
    "InternalError",
    "InvalidRequest",
    "Misconfigured",
    "Misused",
    "Model",
    "Models",
    "Options",
    "Outcome",
    "Overloaded",
    "Prediction",
    "RateLimited",
    "RowError",
    "RowFailed",
    "Unauthenticated",
    "Unavailable",
    "Unreachable",
    "Untrusted",
    "View",
    "Windsock",
    "WindsockError",
    "zoned",
]
