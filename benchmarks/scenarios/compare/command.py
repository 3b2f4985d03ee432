"""The command that measures all contenders, or shows an earlier run."""

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

from typer import BadParameter, Option

from benchmarks.bodies import instances
from benchmarks.contender import Contender
from benchmarks.environments import python_of
from benchmarks.runner import (
    Outcome,
    Publish,
    Quick,
    Rounds,
    Seconds,
    Trial,
    console,
    finish,
    measuring,
)
from benchmarks.scenarios.compare.bars import bars
from benchmarks.scenarios.compare.contenders import contenders
from benchmarks.scenarios.compare.keys import key_uses
from benchmarks.scenarios.compare.measure import FULL, QUICK, Measurement, Plan
from benchmarks.scenarios.compare.plot import plot
from benchmarks.scenarios.compare.results import Results
from benchmarks.scenarios.compare.tables import agreement, tables
from benchmarks.unmeasured import Unmeasured


def compare(
    *,
    quick: Quick = False,
    only: Annotated[str, Option(help="Contenders to measure, with commas.")] = "",
    rounds: Rounds = None,
    seconds: Seconds = None,
    report: Annotated[Path | None, Option(help="Show this results.json instead.")] = None,
    publish: Publish = False,
) -> int:
    """Windsock and other ways to serve the same model, in turn: rates, latencies, cost."""
    if report:
        results, folder = Results.read(report), report.parent
    else:
        plan = QUICK if quick else FULL
        plan = replace(plan, rounds=rounds or plan.rounds, seconds=seconds or plan.seconds)
        taking_part = _chosen(only)
        pythons, failures = _installed(taking_part)
        taking_part = [one for one in taking_part if one.name not in failures]
        with measuring("compare", asdict(plan), pythons, taking_part) as run:
            results, folder = _measured(run, plan, taking_part, pythons), run.folder
        results.failures |= failures
    plot(results, folder / "latency.png")
    finish(outcome(results), folder, publish=publish)
    # A missed bar is a finding here, not a failure: which are reached depends on the plan.
    return 1 if results.failures else 0


def outcome(results: Results) -> Outcome:
    """What the comparison found; its document is what ``Results.read`` reads."""
    return Outcome(
        "comparison",
        results.about | {"answers": agreement(results)},
        tables(results),
        {name: part for name, part in asdict(results).items() if name != "about"},
        bars(results),
        ["latency.png"],
    )


def _measured(
    run: Trial, plan: Plan, taking_part: Sequence[Contender], pythons: dict[str, Path]
) -> Results:
    rows = instances()
    run.about["requests"] = len(rows)
    families = {door.name: door.family for one in taking_part for door in one.doors}
    keys = {view: asdict(use) for view, use in key_uses(rows).items()}
    results = Results(run.about, families, keys=keys)
    started_at = time.monotonic()
    measurement = Measurement(plan, rows, results, run.say)
    for number in range(1, plan.rounds + 1):
        console.print(f"Round {number} of {plan.rounds}")
        for contender in taking_part:
            try:
                measurement.run(contender, pythons[contender.venv], number)
            except Unmeasured as error:
                results.failures[contender.name] = f"{type(error).__name__}: {error}"
                console.print(f"{contender.name} failed: {error}", style="red", markup=False)
    results.about["took_minutes"] = round((time.monotonic() - started_at) / 60, 1)
    return results


def _installed(taking_part: Sequence[Contender]) -> tuple[dict[str, Path], dict[str, str]]:
    """Interpreters by environment, and the contenders that cannot be had, with the reason."""
    pythons, failures = {}, {}
    for contender in taking_part:
        try:
            pythons[contender.venv] = python_of(contender.venv, console)
        except Unmeasured as error:
            failures[contender.name] = str(error)
    return pythons, failures


def _chosen(only: str) -> list[Contender]:
    everyone = contenders()
    known = [contender.name for contender in everyone]
    for name in filter(None, only.split(",")):
        if name not in known:
            raise BadParameter(f"no contender is called {name!r}; there are {', '.join(known)}")
    return [one for one in everyone if not only or one.name in only.split(",")]
