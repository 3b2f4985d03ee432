import numpy as np
import pandas as pd
import pytest

from deployments.columns import missing_of
from deployments.frames import Status
from examples.repos import join, quiet
from examples.store_orders.build import SERVICE
from examples.store_orders.tables import LAPSED, tables
from tests.support.example import Example, orders_at
from tests.support.frames import floats, state_of
from tests.unit.deployments.features.conftest import Online

KEYS = {
    "buyer": (["customer_id"], ["customer_id"]),
    "recipient": (["recipient_id"], ["customer_id"]),
    "store_recent": (["store_id"], ["store_id"]),
    "shelf": (["store_id", "product_id"], ["store_id", "product_id"]),
    "catalogue": (["product_id"], ["product_id"]),
    "customer_recent": (["customer_id"], ["customer_id"]),
}
"""For each view of the service: the fields of the request, and the keys of its table."""


@pytest.fixture
def orders(online: Online) -> pd.DataFrame:
    return orders_at(online.until, 250)


async def test_features_are_those_of_the_point_in_time_join(
    example: Example, online: Online, orders: pd.DataFrame
) -> None:
    expected = example.columns(online.store, join(online.store, SERVICE, orders))

    found = await online.lookup(example).lookup(example.frame(orders))

    for name in example.manifest.service.columns:
        np.testing.assert_array_equal(
            floats(found.columns[name]), floats(expected[name]), err_msg=name
        )


async def test_features_are_those_of_feasts_own_online_lookup(
    example: Example, online: Online, orders: pd.DataFrame
) -> None:
    found = await online.lookup(example).lookup(example.frame(orders))
    # Feast does not enforce the time to live online.
    assert found.views is not None
    alive = ~np.any(found.views.status == Status.DEFAULTED, axis=0)
    sent = orders[alive].drop(columns=["event_timestamp", "express"]).to_dict("records")

    with quiet():
        service = online.store.get_feature_service("order_v1")
        answer = online.store.get_online_features(service, sent, full_feature_names=True).to_df()
        # Feast leaves Python computations out where it is asked for full names.
        names = list(example.manifest.service.on_demand["basket"])
        basket = online.store.get_online_features([f"basket:{name}" for name in names], sent)
    computed = basket.to_df()[names].add_prefix("basket__")

    expected = example.columns(online.store, answer.join(computed))
    for name in example.manifest.service.columns:
        np.testing.assert_array_equal(
            floats(found.columns[name][alive]), floats(expected[name]), err_msg=name
        )


@pytest.mark.parametrize("view", KEYS)
async def test_every_row_says_how_old_its_features_are(
    example: Example, online: Online, orders: pd.DataFrame, view: str
) -> None:
    fields, keys = KEYS[view]
    table = tables()["customer_recent" if "customer_id" in keys else view]
    past = table[table["event_timestamp"] <= online.until]
    latest = past.groupby(keys)["event_timestamp"].max()
    seen = latest.reindex(pd.Index(orders[fields].itertuples(index=False, name=None)))
    if len(keys) == 1:
        seen = latest.reindex(orders[fields[0]])
    age: pd.Series[pd.Timedelta] = online.until - seen
    age_s = (age / pd.Timedelta(seconds=1)).to_numpy()
    ttl_s = example.manifest.service.views[view].ttl_s

    found = await online.lookup(example).lookup(example.frame(orders))
    status, age_found_s = state_of(found, view)

    np.testing.assert_allclose(age_found_s, age_s)
    expired = age_s > ttl_s if ttl_s else np.zeros(len(orders), dtype=bool)
    expected = np.select([np.isnan(age_s), expired], [Status.MISSING, Status.DEFAULTED])
    np.testing.assert_array_equal(status, expected)


async def test_lapsed_customers_are_served_without_what_the_store_still_holds(
    example: Example, online: Online, orders: pd.DataFrame
) -> None:
    orders["customer_id"] = LAPSED[-1]
    later = online.settings.model_copy(
        update={"clock": online.settings.clock.model_copy(update={"start": orders_end(orders)})}
    )

    found = await online.lookup(example, later).lookup(example.frame(orders))

    assert set(state_of(found, "buyer")[0]) == {Status.DEFAULTED}
    assert missing_of(found.columns["buyer__orders_30d"]).all()
    assert set(found.columns["buyer__favourite"]) == {None}
    assert np.isnan(found.columns["basket__days_since_last_order"]).all()


def orders_end(orders: pd.DataFrame) -> pd.Timestamp:
    last: pd.Timestamp = orders["event_timestamp"].max()
    return last + pd.Timedelta(days=30)


async def test_the_fields_of_the_request_are_kept(
    example: Example, online: Online, orders: pd.DataFrame
) -> None:
    frame = example.frame(orders)

    found = await online.lookup(example).lookup(frame)

    assert (found.model, found.rows) == (example.id, len(orders))
    for name, column in frame.columns.items():
        assert found.columns[name] is column
