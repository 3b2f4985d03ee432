"""The Python client against the running graph, through both doors."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.flights import NOON, departures, instances
from windsock import AsyncWindsock, InvalidRequest, Prediction, RowError, Windsock

PAGE = (Path(__file__).parents[3] / "docs" / "client.md").read_text()


@pytest.fixture
def client(url: str) -> Iterator[Windsock]:
    with Windsock(url, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return instances(departures(NOON, hours=24, count=300))


def test_all_ways_to_ask_give_the_same_answers(
    client: Windsock, url: str, rows: list[dict[str, Any]]
) -> None:
    async def asynchronously() -> tuple[list[Any], dict[int, Any]]:
        async with AsyncWindsock(url, timeout=30) as other:
            singles = await asyncio.gather(*(other.predict(row) for row in rows[:50]))
            streamed = [(row, answer) async for row, answer in other.stream(rows)]
        return singles, {id(row): answer for row, answer in streamed}

    batch = [_risk(answer) for answer in client.predict_batch(rows)]
    frame = client.predict_batch(pd.DataFrame(rows))["late_probability"]
    streamed = {id(row): answer for row, answer in client.stream(rows)}
    singles, streamed_too = asyncio.run(asynchronously())

    assert len(set(batch)) > 200
    assert list(frame) == pytest.approx(batch, abs=1e-6)
    assert [_risk(one) for one in singles] == pytest.approx(batch[:50], abs=1e-6)
    for answers in (streamed, streamed_too):
        assert [_risk(answers[id(row)]) for row in rows] == pytest.approx(batch, abs=1e-6)


def test_what_the_service_says_arrives(client: Windsock, rows: list[dict[str, Any]]) -> None:
    prediction = client.predict(rows[0], values=True)
    health, models = client.health(), client.models()

    assert prediction.features.status in ("fresh", "missing")
    assert prediction.features.views["origin_weather"].age_s is not None
    assert prediction.features.values is not None
    assert "origin_weather__temperature" in prediction.features.values
    assert health.model == prediction.model
    assert (models.name, models.active) == ("flight_delay", prediction.model.version)
    assert models.fields.keys() == rows[0].keys()
    with pytest.raises(InvalidRequest, match="origin is missing") as raised:
        client.predict({name: value for name, value in rows[0].items() if name != "origin"})
    assert (raised.value.code, raised.value.field) == ("missing_field", "origin")


def test_a_bad_row_costs_no_other(client: Windsock, rows: list[dict[str, Any]]) -> None:
    mixed = [rows[0], {**rows[1], "scheduled_departure": "yesterday"}, rows[2]]
    streamed = {id(row): answer for row, answer in client.stream(mixed)}

    for answers in (client.predict_batch(mixed), [streamed[id(row)] for row in mixed]):
        first, second, third = answers
        assert isinstance(first, Prediction)
        assert isinstance(second, RowError)
        assert (second.code, second.field) == ("invalid_field", "scheduled_departure")
        assert isinstance(third, Prediction)


def test_a_large_frame_is_sent_in_parts(client: Windsock, rows: list[dict[str, Any]]) -> None:
    frame = pd.DataFrame(rows * 40)
    frame["scheduled_departure"] = pd.to_datetime(frame["scheduled_departure"], utc=True)

    found = client.predict_batch(frame)

    assert found.index.equals(frame.index)
    assert found["code"].isna().all()
    assert list(found["late_probability"][:300]) == pytest.approx(
        list(found["late_probability"][-300:]), abs=1e-6
    )


def test_the_page_says_what_works(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        if "feedback(" not in block:  # this graph takes no outcomes, the guarded one does
            exec(block.replace("http://127.0.0.1:8001", url), names)

    departing = [{"number": n, "flight": names["flight"]} for n in range(3)]
    asyncio.run(names["follow"](departing))

    shown = capsys.readouterr().out
    assert names["prediction"].features.status in shown
    assert all(f"\n{n} {{'late_probability'" in shown for n in range(3))


def _risk(answer: Any) -> float:
    assert isinstance(answer, Prediction)
    risk = answer.outputs["late_probability"]
    assert isinstance(risk, float)
    return risk
