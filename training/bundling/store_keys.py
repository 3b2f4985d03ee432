"""Entity keys that the offline store knows: what an online store can be asked for, which tells none
of its own."""

import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from feast.infra.offline_stores.offline_utils import get_offline_store_from_config

from deployments.columns import Column
from deployments.dtypes import DType
from deployments.features.plan import StoredView
from deployments.features.store.feast import FeatureStore
from training.bundling.columns import columns_of

_EVER = datetime(1970, 1, 2, tzinfo=UTC)


def known_keys(
    store: FeatureStore, views: Sequence[StoredView], dtypes: Mapping[str, DType], count: int
) -> dict[str, Column]:
    """Up to ``count`` rows of the entity keys of these views, by request field, those that were
    seen last first; keys that stand together in a view stay together.

    Raises ValueError where a view's offline store cannot be asked, or has no row.
    """
    rows: dict[str, pd.Series[Any]] = {}
    # Those of most keys first: single ones are then taken from them.
    for view in sorted(views, key=lambda view: -len(view.fields)):
        if wanted := [name for name in view.fields if name not in rows]:
            found = _latest(store, view).head(count)
            rows |= {name: found[name] for name in wanted}
    if not rows:
        return {}
    length = max(map(len, rows.values()))
    table = pd.DataFrame(
        # Views with fewer keys begin anew.
        {
            name: values.take([at % len(values) for at in range(length)]).array
            for name, values in rows.items()
        }
    )
    return columns_of(table, {name: dtypes[name] for name in rows}, list(rows))


def _latest(store: FeatureStore, view: StoredView) -> pd.DataFrame:
    """The keys of a view by request field, the latest first: of its time to live, or of ever."""
    now = datetime.now(UTC)
    fresh = now - view.ttl if view.ttl > timedelta(0) else _EVER
    for since in dict.fromkeys((fresh, _EVER)):
        try:
            found = _pulled(store, view, since, now)
        except Exception as error:  # of whatever store the repo names
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ValueError(f"the source of feature view {view.name!r}: {reason}") from error
        if len(found):
            return found
    raise ValueError(f"the source of feature view {view.name!r} has no rows")


def _pulled(
    store: FeatureStore, view: StoredView, since: datetime, until: datetime
) -> pd.DataFrame:
    source = view.view.batch_source
    if source is None:
        raise ValueError("it has none offline")
    in_source = {name: column for column, name in (source.field_mapping or {}).items()}
    keys = [in_source.get(key, key) for key in view.join_keys]
    job = get_offline_store_from_config(store.config.offline_store).pull_latest_from_table_or_query(
        config=store.config,
        data_source=source,
        join_key_columns=keys,
        feature_name_columns=[],
        timestamp_field=source.timestamp_field,
        created_timestamp_column=source.created_timestamp_column,
        start_date=since,
        end_date=until,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what libraries under Feast have deprecated
        table = job.to_df()
    table = table.sort_values(source.timestamp_field, ascending=False)
    return table[keys].set_axis(list(view.fields), axis=1)
