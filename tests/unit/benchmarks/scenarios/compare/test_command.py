from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.runner import finish
from benchmarks.scenarios.compare.command import outcome
from benchmarks.scenarios.compare.names import MONOLITH, MOSEC
from benchmarks.scenarios.compare.plot import plot
from benchmarks.scenarios.compare.results import Results
from benchmarks.scenarios.compare.tables import tables
from tests.unit.benchmarks import loads


@pytest.fixture
def measured() -> Results:
    found = loads.results(
        {MOSEC: "peer", MONOLITH: "peer"},
        *(loads.sample(MOSEC, rate=rate) for rate in (1000, 1200, 1100)),
        loads.sample(MONOLITH, rate=100, refused=3, lost=4),
        loads.sample(MOSEC, "50%", rate=500, p99=3, offered=500),
        loads.sample(MOSEC, "100%", rate=1000, p99=30, offered=1000),
    )
    found.starts.append(loads.start(MOSEC))
    found.failures["bentoml"] = "WrongAnswers: 3 of 200 answers differ"
    return found


def test_a_rate_is_shown_with_its_range_and_ratios(measured: Results) -> None:
    rates = tables(measured)[0]

    assert rates.rows == [
        [MOSEC, "1,100 (1,000-1,200)", "11.00", "1.00", "0"],
        [MONOLITH, "100", "1.00", "0.09", "7"],
    ]


def test_failures_are_shown(measured: Results) -> None:
    assert tables(measured)[-1].rows == [("bentoml", "WrongAnswers: 3 of 200 answers differ")]


def test_every_table_can_be_shown_in_a_terminal(measured: Results) -> None:
    console = Console(width=120)
    with console.capture() as shown:
        for table in tables(measured):
            console.print(table.rich())

    assert "WrongAnswers" in shown.get()


def test_the_published_page_holds_all_tables(measured: Results, tmp_path: Path) -> None:
    folder, target = tmp_path / "run", tmp_path / "docs"
    folder.mkdir()
    plot(measured, folder / "latency.png")
    finish(outcome(measured), folder, publish=True, target=target)

    page = (target / "comparison.md").read_text()
    assert "| mosec | 1,100 (1,000-1,200) | 11.00 | 1.00 | 0 |" in page
    assert page.count("### ") == len(tables(measured)) + len(("bars", "machine"))
    assert (target / "latency.png").stat().st_size > 10_000


def test_the_raw_data_can_be_reported_again(measured: Results, tmp_path: Path) -> None:
    finish(outcome(measured), tmp_path, publish=False)

    again = Results.read(tmp_path / "results.json")
    assert tables(again) == tables(measured)
