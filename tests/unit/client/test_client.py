"""Both clients against the real edge, over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pandas as pd
import pytest

from tests.support.manifests import EXAMPLE
from tests.unit.client.clients import Client
from tests.unit.client.conftest import Opened
from windsock import InvalidRequest, Prediction, RowError, View


@pytest.fixture
async def client(edge_url: str, opened: Opened) -> AsyncIterator[Client]:
    async with opened(edge_url, batch_rows=40) as client:
        yield client


def frame(rows: int) -> pd.DataFrame:
    weights = [float(n % 1000) for n in range(rows)]
    sent_at = pd.Timestamp(EXAMPLE["sent_at"]) + pd.to_timedelta(range(rows), unit="min")
    index = pd.Index([f"parcel-{n}" for n in range(rows)], name="parcel")
    return pd.DataFrame({**EXAMPLE, "weight": weights, "sent_at": sent_at}, index=index)


async def test_a_prediction_has_all_that_the_server_says(client: Client) -> None:
    prediction = await client.predict(**EXAMPLE)

    assert prediction.outputs == {"late": 0.25, "cost": 500}
    assert (prediction.model.name, prediction.model.version) == ("parcels", "1")
    assert prediction.features.status == "fresh"
    assert not prediction.features.degraded
    assert prediction.features.oldest_age_s == 60
    assert prediction.features.views["fleet"] == View("fresh", 60)
    assert prediction.features.unseen == []
    assert prediction.features.values is None
    assert prediction.request_id is not None
    assert len(prediction.request_id) == 32


async def test_fields_come_by_name_or_as_a_mapping(client: Client) -> None:
    light = {name: value for name, value in EXAMPLE.items() if name != "weight"}

    for prediction in (
        await client.predict(EXAMPLE),
        await client.predict(light, weight=250),
        await client.predict(EXAMPLE | {"sent_at": pd.Timestamp(EXAMPLE["sent_at"])}),
    ):
        assert prediction.outputs == {"late": 0.25, "cost": 500}


async def test_the_feature_values_are_there_if_asked_for(client: Client) -> None:
    prediction = await client.predict(EXAMPLE, values=True)

    assert prediction.features.values == {"load__hourly": 250, "fleet__vans": 250}


async def test_a_wrong_request_is_raised_with_what_is_wrong(client: Client) -> None:
    with pytest.raises(InvalidRequest, match="weight must be a number from 0 to 1000") as raised:
        await client.predict(EXAMPLE | {"weight": 1001})
    assert (raised.value.code, raised.value.field) == ("out_of_range", "weight")
    assert raised.value.tries == 1
    assert raised.value.endpoint == client.client.endpoint


async def test_a_value_that_json_cannot_hold_is_never_sent(client: Client) -> None:
    with pytest.raises(InvalidRequest, match="weight") as raised:
        await client.predict(EXAMPLE | {"weight": float("nan")})
    assert raised.value.endpoint is None


async def test_rows_are_answered_in_order_and_bad_ones_by_themselves(client: Client) -> None:
    rows: list[dict[str, Any]] = [EXAMPLE | {"weight": weight} for weight in range(100)]
    rows[3] = rows[3] | {"pieces": "three"}
    rows[70] = rows[70] | {"weight": float("inf")}

    answers = await client.predict_batch(row for row in rows)

    assert len(answers) == 100
    bad = {place: one.field for place, one in enumerate(answers) if isinstance(one, RowError)}
    assert bad == {3: "pieces", 70: "weight"}
    for weight, answer in enumerate(answers):
        if isinstance(answer, Prediction):
            assert answer.outputs["cost"] == 2 * weight


async def test_a_frame_gives_a_frame(client: Client) -> None:
    asked = frame(100)
    asked.loc["parcel-7", "weight"] = None
    asked.loc["parcel-8", "depot"] = None
    asked["pieces"] = asked["pieces"].astype(float)
    asked.loc["parcel-9", "pieces"] = None

    found = await client.predict_batch(asked)

    assert found.index.equals(asked.index)
    assert found["code"].dropna().to_dict() == {
        "parcel-7": "missing_field",
        "parcel-8": "missing_field",
        "parcel-9": "missing_field",
    }
    assert "weight is missing" in found.loc["parcel-7", "message"]
    good = found[found["code"].isna()]
    assert (good["cost"] == 2 * asked.loc[good.index, "weight"]).all()
    assert set(good["status"]) == {"fresh"}
    assert set(good["oldest_age_s"]) == {60.0}
    assert not good["degraded"].any()


async def test_a_frame_may_hold_the_feature_values(client: Client) -> None:
    found = await client.predict_batch(frame(3), values=True)

    assert list(found["load__hourly"]) == [0, 1, 2]


async def test_a_server_that_takes_fewer_rows_is_sent_fewer(edge_url: str, opened: Opened) -> None:
    async with opened(edge_url, batch_rows=1000) as client:
        found = await client.predict_batch(frame(230))  # the server takes 50

    assert found["code"].isna().all()
    assert list(found["cost"]) == [2 * n for n in range(230)]


@pytest.mark.parametrize("rows", [[], frame(0)], ids=["list", "frame"])
async def test_no_rows_are_no_request(opened: Opened, rows: Any) -> None:
    async with opened("http://127.0.0.1:9") as client:
        assert len(await client.predict_batch(rows)) == 0


async def test_what_serves_can_be_read(client: Client) -> None:
    health, models = await client.health(), await client.models()

    assert health.status == "ok"
    assert health.problem is None
    assert health.model is not None
    assert (health.model.name, health.model.version) == ("parcels", "1")
    assert (models.name, models.active, sorted(models.versions)) == ("parcels", "1", ["1", "2"])
    assert models.fields["sent_at"] == "timestamp"
    assert models.outputs == ["late", "cost"]
    assert models.metrics == {"auc": 0.75}


@pytest.mark.parametrize("connections", [100, 3])
async def test_calls_may_run_side_by_side(edge_url: str, opened: Opened, connections: int) -> None:
    rows = [EXAMPLE | {"weight": weight} for weight in range(200)]
    async with opened(edge_url, connections=connections, timeout=30) as client:
        found = await asyncio.gather(*(client.predict(row) for row in rows))

    assert [one.outputs["cost"] for one in found] == [2 * weight for weight in range(200)]


async def test_a_prefix_is_part_of_the_address(edge_url: str, opened: Opened) -> None:
    async with opened(f"{edge_url}/risk/") as client:
        assert (await client.predict(EXAMPLE)).outputs["cost"] == 500


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"connect_timeout": -1},
        {"batch_rows": 0},
        {"window": 0},
        {"retry_share": -1},
    ],
)
async def test_options_that_make_no_sense_are_refused(
    opened: Opened, options: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        async with opened("http://127.0.0.1:9", **options):
            pass
