import numpy as np
import pandas as pd
import pytest

from deployments.features.lookup import LookupSettings
from deployments.frames import Frame, Status
from examples.store_orders.build import join
from examples.store_orders.tables import tables
from tests.support.example import Example, orders_at
from tests.unit.deployments.features.conftest import Online


@pytest.fixture
def orders(online: Online) -> pd.DataFrame:
    return orders_at(online.until, 250)


async def test_features_are_those_of_the_point_in_time_join(
    example: Example, online: Online, orders: pd.DataFrame
) -> None:
    expected = example.columns(online.store, join(online.store, orders))

    found = await online.lookup(example).lookup(example.frame(orders))

    columns = example.bundles.open(example.version).manifest.service.columns
    for name in columns:
        np.testing.assert_array_equal(found.columns[name], expected[name], err_msg=name)
