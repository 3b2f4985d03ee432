"""What the feature stage does."""

from deployments.metrics.catalogue.labels import SECONDS, STATUS, VIEW
from deployments.metrics.metric import Label, counter, gauge, histogram

ROWS = counter("windsock_feature_rows", "Rows looked up, by how their features were", VIEW, STATUS)
AGE = histogram(
    "windsock_feature_age_seconds",
    "Age of the feature values that were used, of each row",
    VIEW,
    # From a second to a month.
    buckets=(1, 5, 15, 60, 300, 900, 3600, 10800, 21600, 86400, 604800, 2592000),
)
CACHE_ROWS = counter(
    "windsock_cache_rows",
    "Distinct keys that batches asked the row cache for",
    VIEW,
    Label("outcome", "whether it had them", ("hit", "miss")),
)
STORE_READ = histogram(
    "windsock_store_read_seconds", "Time of one read of the online store", buckets=SECONDS
)
STORE_FAILURES = counter(
    "windsock_store_failures", "Reads of the online store, or of one view, that failed"
)
UNUSABLE_ROWS = counter(
    "windsock_store_unusable_rows", "Rows read that the store has and that cannot be used", VIEW
)
BROKEN_VIEWS = gauge(
    "windsock_store_broken_views", "Feature views that fail while others can be read"
)
BREAKER = gauge(
    "windsock_store_breaker", "0: the store is read; 1: it is being tried; 2: left alone"
)
STOOD_IN = counter(
    "windsock_stood_in_rows",
    "Rows for which the feature stage's defaults stood in, since it could not be reached",
)

ALL = (
    *(ROWS, AGE, CACHE_ROWS, STORE_READ, STORE_FAILURES, UNUSABLE_ROWS, BROKEN_VIEWS, BREAKER),
    STOOD_IN,
)
