"""The feed as a real process, over a real repo and a source of its own."""

import signal
from pathlib import Path

import pandas as pd
import pytest
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, PushSource, ValueType
from feast.types import Float64, Int64

from app.observability.replay.feeding import FeedFailed, Feeding
from app.observability.replay.messages import Begin, Begun, Happened, Next, Rewind, Seek, Sought
from deployments.features import watermark
from tests.support.repos import applied

SOURCE = """
from datetime import UTC, datetime, timedelta
import numpy as np
import pandas as pd
from app.observability.replay.source import Ask, Moment, Outcome, Rows

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)

def prices(at, **prices):
    return Rows("prices", pd.DataFrame({"store_id": [int(one[1:]) for one in prices],
        "price": [*prices.values()], "event_timestamp": at}))

def state(store, at):
    yield prices(at, s1=1.0 if at == NOON else 0.0)

class Day:
    start = NOON
    def moments(self):
        def at(minute):
            return NOON + timedelta(minutes=minute)
        yield Moment(at(1), [prices(at(1), s1=2.0, s2=2.0)], [Ask("a", {"store_id": 1})])
        yield Moment(at(2), [prices(at(2), s1=np.nan)])
        yield Moment(at(3), [], [], [Outcome("a", True)])

def day(store, day):
    if day is not None:
        raise ValueError("there is one day alone")
    return Day()
"""
NOON = "2024-03-01T12:00:00+00:00"
BEFORE = "2024-03-01T11:00:00+00:00"


@pytest.fixture
def repo(tmp_path: Path) -> FeatureStore:
    (tmp_path / "played.py").write_text(SOURCE)
    store = Entity(name="store", join_keys=["store_id"], value_type=ValueType.INT64)
    path = tmp_path / "prices.parquet"
    at = pd.Timestamp(NOON)
    pd.DataFrame({"store_id": [1], "price": [1.0], "event_timestamp": [at]}).to_parquet(path)
    batch = FileSource(name="batch", path=str(path), timestamp_field="event_timestamp")
    schema = [Field(name="store_id", dtype=Int64), Field(name="price", dtype=Float64)]
    live = PushSource(name="live", batch_source=batch)
    return applied(
        tmp_path, store, FeatureView(name="prices", entities=[store], schema=schema, source=live)
    )


def begin(folder: Path, **other: str) -> Begin:
    said = {"source": "played", "folder": str(folder), "repo": str(folder), "yaml": None}
    return Begin(**(said | {"clock": str(folder / "clock"), "starts": BEFORE} | other))  # type: ignore[arg-type]


def online(repo: FeatureStore) -> list[float | None]:
    """The prices of both stores."""
    found = repo.get_online_features(["prices:price"], [{"store_id": 1}, {"store_id": 2}])
    return list(found.to_dict()["price"])


async def test_the_clock_is_moved_when_the_rows_are_there(
    repo: FeatureStore, tmp_path: Path
) -> None:
    clock = tmp_path / "clock"
    async with Feeding() as feed:
        begun = await feed.tell(begin(tmp_path), Begun)
        assert (begun.start, begun.end, begun.asks) == (NOON, "2024-03-01T12:03:00+00:00", 1)
        assert not clock.exists()
        sought = await feed.tell(Seek(), Sought)
        assert (watermark.read(clock), online(repo)) == (at(NOON), [1.0, None])
        first = await feed.tell(Next(), Happened)
        assert (first.at, first.rows, first.asks) == (sought.next, 2, [("a", {"store_id": 1})])
        assert (watermark.read(clock), online(repo)) == (at(first.at), [2.0, 2.0])
        await feed.tell(Next(), Happened)
        assert online(repo) == [None, 2.0]  # a row that says that nothing is known
        last = await feed.tell(Next(), Happened)
        assert (last.outcomes, last.next) == ([("a", True)], None)
        with pytest.raises(FeedFailed, match="the day is over"):
            await feed.tell(Next(), Happened)

        await feed.tell(Seek(), Sought)
        assert (watermark.read(clock), online(repo)) == (at(NOON), [1.0, None])
        await feed.tell(Rewind(), Sought)
        assert (clock.exists(), online(repo)) == (False, [0.0, None])


@pytest.mark.parametrize("known", [True, False], ids=["ended while filling", "clock removed"])
async def test_nothing_of_later_days_is_left(
    repo: FeatureStore, tmp_path: Path, known: bool
) -> None:
    repo.push("live", rows_of_later())
    if known:
        watermark.write(tmp_path / "clock.filled", pd.Timestamp("2024-03-09", tz="UTC"))

    async with Feeding() as feed:
        await feed.tell(begin(tmp_path), Begun)
        await feed.tell(Seek(), Sought)

    assert online(repo) == [1.0, None]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"source": "nowhere"}, "'nowhere' cannot be imported"),
        ({"source": "json"}, "has no function 'state'"),
        ({"day": "2024-03-02"}, "there is one day alone"),
        ({"repo": "/nowhere"}, "no Feast repo"),
    ],
)
async def test_what_cannot_be_played_is_told(
    repo: FeatureStore, tmp_path: Path, other: dict[str, str], why: str
) -> None:
    async with Feeding() as feed:
        with pytest.raises(FeedFailed, match=why):
            await feed.tell(begin(tmp_path, **other), Begun)


async def test_a_feed_that_is_killed_is_told(repo: FeatureStore, tmp_path: Path) -> None:
    (tmp_path / "played.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")

    async with Feeding() as feed:
        with pytest.raises(FeedFailed, match=f"status -{int(signal.SIGKILL)}"):
            await feed.tell(begin(tmp_path), Begun)


def at(text: str) -> float:
    return pd.Timestamp(text).timestamp()


def rows_of_later() -> pd.DataFrame:
    later = pd.Timestamp("2024-03-09", tz="UTC")
    return pd.DataFrame({"store_id": [2], "price": [9.0], "event_timestamp": [later]})
