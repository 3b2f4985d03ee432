from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from app.observability.replay.asker import Asker
from app.observability.replay.pace import Pace
from app.observability.replay.progress import Progress
from app.observability.replay.table import line, table
from app.observability.replay.tally import Tally
from windsock import (
    Features,
    Model,
    Outcome,
    Overloaded,
    Prediction,
    RowError,
    View,
    WindsockError,
)

START = datetime(2024, 3, 1, tzinfo=UTC)


class Service:
    """Answers with the number that it is asked with, refuses where that is negative, and keeps what
    it is told."""

    def __init__(self) -> None:
        self.told: list[Outcome] = []
        self.asked = 0
        self.refuses: WindsockError | None = None
        self.unknown: set[str] = set()

    async def predict(self, row: Mapping[str, Any], /) -> Prediction:
        self.asked += 1
        if row["n"] < 0:
            raise Overloaded("busy", code="overloaded")
        views = {"fresh": View("fresh", 60.0), "old": View("defaulted", 7200.0 * row["n"])}
        features = Features("defaulted", row["n"] > 0.5, 7200.0, views, [], None)
        outputs = {"first": row["n"], "second": 1 - row["n"]}
        return Prediction(outputs, Model("m", "1"), features, f"r{self.asked}")

    async def feedback_batch(self, outcomes: Iterable[Outcome], /) -> list[str | RowError]:
        if self.refuses:
            raise self.refuses
        told = list(outcomes)
        self.told += told
        missing = RowError("not_found", "no such request")
        return [missing if one.of in self.unknown else "known" for one in told]


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def tally() -> Tally:
    return Tally()


async def test_outcomes_go_back_under_the_id_of_their_request(
    service: Service, tally: Tally
) -> None:
    asker = Asker(service, service, tally)
    await asker.happen([("a", {"n": 0.25}), ("b", {"n": 0.75})], [])
    await asker.happen([], [("b", True), ("a", False), ("unknown", True)])

    assert service.told == [
        Outcome("r2", True),
        Outcome("r1", False),
    ]
    assert (tally.asked, tally.answered, tally.degraded) == (2, 2, 1)
    assert (tally.outcomes, tally.labelled) == (2, 2)
    assert tally.scores.summary() == {"auc": 1.0, "brier": 0.0625, "base_rate": 0.5}


async def test_the_output_that_is_named_is_scored(service: Service, tally: Tally) -> None:
    asker = Asker(service, None, tally, output="second")
    await asker.happen([("a", {"n": 0.25})], [])
    await asker.happen([], [("a", True)])

    assert tally.scores.summary()["brier"] == 0.0625
    assert (tally.outcomes, service.told) == (0, [])


async def test_what_is_asked_often_has_one_outcome(service: Service, tally: Tally) -> None:
    asker = Asker(service, service, tally, repeat=5)
    await asker.happen([("a", {"n": 0.25})], [])
    await asker.happen([], [("a", True)])

    assert (service.asked, tally.asked, len(service.told), tally.scores.count) == (5, 5, 1, 1)


async def test_errors_are_counted_by_their_code(service: Service, tally: Tally) -> None:
    asker = Asker(service, service, tally)
    await asker.happen([("a", {"n": -1}), ("b", {"n": 0.5})], [])
    service.refuses = WindsockError("no", code="forbidden")
    await asker.happen([], [("a", True), ("b", True)])

    assert tally.errors == {"overloaded": 1}
    assert tally.feedback_errors == {"forbidden": 1}
    assert (tally.failed, tally.outcomes, tally.labelled) == (2, 1, 0)


async def test_outcomes_that_are_refused_one_by_one_are_counted(
    service: Service, tally: Tally
) -> None:
    asker = Asker(service, service, tally)
    await asker.happen([("a", {"n": 0.25}), ("b", {"n": 0.75})], [])
    service.unknown = {"r1"}
    await asker.happen([], [("a", True), ("b", True)])

    assert (tally.outcomes, tally.labelled, tally.failed) == (2, 1, 1)
    assert tally.feedback_errors == {"not_found": 1}


async def test_the_table_and_the_line_tell_it(service: Service) -> None:
    wall = [100.0]
    tally = Tally(lambda: wall[0])
    asker = Asker(service, service, tally)
    await asker.happen([("a", {"n": 0.25}), ("b", {"n": 0.75}), ("c", {"n": -1})], [])
    await asker.happen([], [("a", True), ("b", False)])
    tally.pushed(1234)
    pace = Pace(60, START, lambda: wall[0])
    wall[0] += 2.0
    at = START + timedelta(seconds=60)
    pace.reached(at)
    progress = Progress(
        start=START,
        end=START + timedelta(minutes=4),
        asks=3,
        pace=pace,
        tally=tally,
        store="sqlite online_store.db",
        url="http://127.0.0.1:8001",
        at=at,
    )
    console = Console(record=True, width=110, file=StringIO())
    console.print(table(progress))
    shown = console.export_text()

    for text in (
        "replay of 2024-03-01, through http://127.0.0.1:8001",
        "2024-03-01 00:01 UTC",
        "25%, 0:06 left",
        "30x of 60x, 1 min behind",
        "1 (overloaded 1)",
        "50.0%",
        "1,234 (sqlite online_store.db)",
        "2, 2 taken",
        "1 h 30 min",
        "100%",
    ):
        assert text in shown, shown
    assert line(progress).startswith("2024-03-01 00:01 UTC  30x  3 asked  1.5/s  p50 ")
    assert "1 failed (overloaded 1)  50.0% degraded  2 outcomes" in line(progress)
    summary = progress.summary()
    assert (summary["requests"], summary["errors"], summary["speed"]) == (3, {"overloaded": 1}, 30)
    assert summary["views"]["old"] == {"oldest_age_s": 5400.0, "not_fresh": 1.0}
