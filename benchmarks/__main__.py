"""Measures Windsock on this machine, beside other ways to serve the same model and by itself.

python -m benchmarks SCENARIO, or make bench, bench-batch, bench-protocols, bench-autoscale, soak,
profile. What is found goes to the terminal and to benchmarks/results/.
"""

import typer

from benchmarks.scenarios.autoscale.command import autoscale
from benchmarks.scenarios.batch import batch
from benchmarks.scenarios.compare.command import compare
from benchmarks.scenarios.guards import guards
from benchmarks.scenarios.guards_micro.command import guards_micro
from benchmarks.scenarios.journal import journal
from benchmarks.scenarios.metrics_micro.command import metrics_micro
from benchmarks.scenarios.model_stage import model_stage
from benchmarks.scenarios.observability import observability
from benchmarks.scenarios.profile.command import profile
from benchmarks.scenarios.protocols.command import protocols
from benchmarks.scenarios.scrape import scrape
from benchmarks.scenarios.soak.command import soak
from benchmarks.scenarios.traces_micro.command import traces_micro

SCENARIOS = (
    *(compare, batch, protocols, autoscale, soak, profile, model_stage),
    *(guards, guards_micro, journal, metrics_micro, traces_micro),
    *(observability, scrape),
)


def program() -> typer.Typer:
    """Each scenario as a command; what one returns is its exit code, 0 where all was measured and
    every bar that it holds was reached."""
    app = typer.Typer(
        help=__doc__, result_callback=_end, no_args_is_help=True, add_completion=False
    )
    for scenario in SCENARIOS:
        app.command()(scenario)
    return app


def _end(code: int) -> None:
    raise typer.Exit(code)


if __name__ == "__main__":
    program()(prog_name="python -m benchmarks")
