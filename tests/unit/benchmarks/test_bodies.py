import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.bodies import instances, served_instant, write


@pytest.fixture
def flights(tmp_path: Path) -> Path:
    at = pd.Timestamp(served_instant())
    table = pd.DataFrame(
        {
            "carrier": ["AA", "B6", "DL", "UA"],
            "origin": ["JFK", "JFK", "LGA", "EWR"],
            "dest": ["LAX", "BOS", "ATL", "IAH"],
            "tailnum": ["N3", "N2", None, "N1"],
            "scheduled_departure": [at + pd.Timedelta(minutes=m) for m in (30, 0, 10, -5)],
            "arr_delay": [0.0] * 4,
        }
    )
    path = tmp_path / "flights.parquet"
    table.to_parquet(path)
    return path


def test_flights_from_the_served_instant_on_are_sent_in_their_order(flights: Path) -> None:
    rows = instances(10, flights)

    assert [row["tailnum"] for row in rows] == ["N2", "N3"]
    assert rows[0] == {
        "carrier": "B6",
        "origin": "JFK",
        "dest": "BOS",
        "tailnum": "N2",
        "scheduled_departure": served_instant().isoformat(),
    }


def test_a_body_is_a_line(tmp_path: Path) -> None:
    path = write([{"a": 1}, {"a": 2}], tmp_path / "bodies")

    assert [json.loads(line) for line in path.read_text().splitlines()] == [{"a": 1}, {"a": 2}]
