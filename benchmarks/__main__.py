"""Measures Windsock and other ways to serve the same model, in turn, on this machine.

make bench, make bench QUICK=1, or: python -m benchmarks --only mosec,windsock-collapsed
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.bars import bars
from benchmarks.bodies import instances
from benchmarks.check import WrongAnswers
from benchmarks.command import Outcome, console, finish, new_folder
from benchmarks.contenders import Contender, contenders
from benchmarks.environments import InstallError, python_of
from benchmarks.keys import key_uses
from benchmarks.load.closed import require_wrk
from benchmarks.load.opened import built
from benchmarks.load.result import LoadError
from benchmarks.machine import describe
from benchmarks.measure import Measurement
from benchmarks.paths import PUBLISHED
from benchmarks.plan import FULL, QUICK, Plan
from benchmarks.plot import plot
from benchmarks.processes import StartError
from benchmarks.report import agreement, tables
from benchmarks.results import Results


def main() -> int:
    """0 where every contender could be measured."""
    arguments = _arguments()
    plan = QUICK if arguments.quick else FULL
    given = {name: getattr(arguments, name) for name in ("rounds", "seconds")}
    plan = replace(plan, **{name: value for name, value in given.items() if value})
    if arguments.report:
        results, folder = Results.read(arguments.report), arguments.report.parent
    else:
        try:
            require_wrk()
            built()
        except LoadError as error:
            console.print(f"[bold red]The benchmark cannot start:[/] {error}")
            return 1
        results, folder = _measured(plan, _chosen(arguments.only)), new_folder()
        results.write(folder / "results.json")
    plot(results, folder / "latency.png")
    finish(outcome(results), folder, publish=arguments.publish)
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


def _measured(plan: Plan, taking_part: Sequence[Contender]) -> Results:
    rows = instances()
    pythons, failures = _installed(taking_part)
    taking_part = [one for one in taking_part if one.name not in failures]
    about = describe(pythons, taking_part) | {"plan": asdict(plan), "requests": len(rows)}
    about["keys"] = {view: asdict(use) for view, use in key_uses(rows).items()}
    if about["load_average_before"] > about["cores"] / 4:
        busy = f"The machine is busy (load average {about['load_average_before']}): expect noise"
        console.print(busy, style="yellow")
    families = {door.name: door.family for c in taking_part for door in c.doors}
    results = Results(about, families, failures=failures)
    started_at = time.monotonic()
    with console.status("Reading the requests") as status:
        measurement = Measurement(plan, rows, results, status.update)
        for number in range(1, plan.rounds + 1):
            console.print(f"Round {number} of {plan.rounds}")
            for contender in taking_part:
                try:
                    measurement.run(contender, pythons[contender.environment or "main"], number)
                except (StartError, WrongAnswers, LoadError) as error:
                    results.failures[contender.name] = f"{type(error).__name__}: {error}"
                    console.print(f"[red]{contender.name} failed[/]: {error}", markup=False)
    results.about["took_minutes"] = round((time.monotonic() - started_at) / 60, 1)
    return results


def _installed(taking_part: Sequence[Contender]) -> tuple[dict[str, Path], dict[str, str]]:
    """Interpreters by environment, and the contenders that cannot be had, with the reason."""
    pythons, failures = {"main": python_of(None, console)}, {}
    for contender in taking_part:
        try:
            name = contender.environment or "main"
            pythons[name] = python_of(contender.environment, console)
        except InstallError as error:
            failures[contender.name] = f"it could not be installed: {error}"
    return pythons, failures


def _chosen(only: str | None) -> list[Contender]:
    everyone = contenders()
    if not only:
        return everyone
    names = only.split(",")
    unknown = sorted(set(names) - {contender.name for contender in everyone})
    if unknown:
        known = ", ".join(contender.name for contender in everyone)
        raise SystemExit(f"no contender is called {unknown[0]!r}; there are {known}")
    return [contender for contender in everyone if contender.name in names]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the essential part, in minutes")
    parser.add_argument("--only", metavar="NAMES", help="contenders to measure, with commas")
    parser.add_argument("--rounds", type=int, help="how often each is started and measured")
    parser.add_argument("--seconds", type=int, help="how long each level of load lasts")
    parser.add_argument("--publish", action="store_true", help=f"also write {PUBLISHED.name}/")
    parser.add_argument(
        "--report", type=Path, metavar="JSON", help="show the results.json of an earlier run"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
