"""Point-in-time join by sorting: for many rows of files that fit into memory."""

import pandas as pd
from feast import FileSource

from deployments.features.store.feast import FeatureStore, FeatureView

INSTANT = "datetime64[us, UTC]"
"""In this unit Feast answers instants."""


def as_of(store: FeatureStore, service: str, rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` with the features of a service as `<view>__<feature>` columns.

    As in Feast's own join, a feature has the value of the newest row of its keys that is no newer
    than `event_timestamp` (UTC), and none if that row is older than the view's time to live. The
    views read parquet files, a key once at an instant, and none is on demand. In the order of
    `event_timestamp`.
    """
    instants = rows.select_dtypes("datetimetz").columns
    joined = rows.astype(dict.fromkeys(instants, INSTANT))
    joined = joined.sort_values("event_timestamp", kind="stable", ignore_index=True)
    for projection in store.get_feature_service(service).feature_view_projections:
        view = store.get_feature_view(projection.name)
        prefix = projection.name_alias or projection.name
        features = [field.name for field in projection.features]
        found = newest(view, features, joined)
        joined = joined.assign(**{f"{prefix}__{name}": found[name] for name in features})
    return joined


def newest(view: FeatureView, features: list[str], rows: pd.DataFrame) -> pd.DataFrame:
    """The features of a view for `rows`, which ascend by `event_timestamp`."""
    keys = [entity.name for entity in view.entity_columns]
    source = view.batch_source
    if not isinstance(source, FileSource):
        raise TypeError(f"{view.name} is read from {type(source).__name__}, not from a FileSource")
    at = source.timestamp_field
    table = pd.read_parquet(source.path, columns=[*keys, at, *features]).astype({at: INSTANT})
    return pd.merge_asof(
        rows[[*keys, "event_timestamp"]],
        table,
        left_on="event_timestamp",
        right_on=at,
        by=keys,
        tolerance=pd.Timedelta(view.ttl) if view.ttl else None,
    )
