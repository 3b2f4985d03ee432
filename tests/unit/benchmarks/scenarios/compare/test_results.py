import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.samples import Spread, cpu_ms, levels, p50, rate
from benchmarks.scenarios.compare.results import Results
from tests.unit.benchmarks import loads


def test_a_spread_is_the_median_and_the_ends() -> None:
    assert Spread.of([3.0, 1.0, 2.0, 10.0]) == Spread(2.5, 1.0, 10.0)
    assert Spread.of([]) is None


def test_figures_are_medians_over_the_runs_of_a_level() -> None:
    samples = [loads.sample("a", rate=each, p50=each) for each in (100, 300, 200)]
    found = loads.results({"a": "peer"}, *samples, loads.sample("a", "c=1", rate=1))

    assert found.median("a", "c=128", rate) == 200
    assert found.median("a", "c=128", p50) == 200
    assert found.median("a", "c=256", rate) is None


def test_processor_time_is_per_good_answer() -> None:
    assert cpu_ms(loads.sample("a", rate=50)) == pytest.approx(10.0)
    assert cpu_ms(loads.sample("a", rate=0)) != 0


def test_the_best_peer_is_a_peer() -> None:
    found = loads.results(
        {"ours": "windsock", "echo": "floor", "slow": "peer", "fast": "peer"},
        *(
            loads.sample(d, rate=r)
            for d, r in (("ours", 9), ("echo", 99), ("slow", 1), ("fast", 2))
        ),
    )

    assert found.best_peer("c=128") == "fast"
    assert found.best_peer("c=1") is None
    assert found.doors("windsock", "floor") == ["ours", "echo"]


def test_closed_loops_come_first() -> None:
    samples = [loads.sample("a", level) for level in ("500/s", "c=1", "50%", "c=32")]

    assert levels(samples) == ["c=1", "c=32", "500/s", "50%"]


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    found = loads.results({"a": "peer"}, loads.sample("a"))
    found.starts.append(loads.start("a"))
    found.failures["b"] = "it did not start"
    (tmp_path / "results.json").write_text(json.dumps(asdict(found)))

    assert Results.read(tmp_path / "results.json") == found
