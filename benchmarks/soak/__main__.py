"""Watches memory for ten minutes at 80 % of capacity, through the fast lane.

make soak, make soak MINUTES=30, or: python -m benchmarks.soak
"""

import argparse
import sys
from dataclasses import asdict

from benchmarks import windsock
from benchmarks.bodies import instances
from benchmarks.command import Outcome, about, console, finish, new_folder
from benchmarks.contenders import FAST_PORT, PORT
from benchmarks.dashboard import DashboardError
from benchmarks.graph import serving
from benchmarks.load.opened import open_loop
from benchmarks.load.result import LoadError
from benchmarks.processes import StartError
from benchmarks.soak.growth import TOLERANCE
from benchmarks.soak.memory import Recorder
from benchmarks.soak.plot import plot
from benchmarks.soak.report import bars, growths, tables

_EVERY_S = 5.0
_CONNECTIONS = 128
# The generator counts microseconds in 32 bits.
_LONGEST_MIN = 70


def main() -> int:
    """0 where memory did not grow and no request was lost."""
    arguments = _arguments()
    try:
        rows = instances()
        described = about(
            {
                "layout": arguments.layout,
                "replicas": "one of each: a replica more is no leak",
                "minutes": arguments.minutes,
                "share of capacity": arguments.share,
                "memory read every s": _EVERY_S,
                "tolerance": f"{TOLERANCE:.0%} of all PSS",
            }
        )
        folder = new_folder("soak")
        document = windsock.config(arguments.layout, PORT, FAST_PORT)
        with (
            console.status("The graph is starting") as status,
            serving(document, rows) as graph,
        ):
            status.update("Measuring its capacity")
            capacity = graph.capacity("fast", _CONNECTIONS, 5, repeats=3)
            rate = capacity * arguments.share
            status.update(f"{rate:,.0f} requests a second for {arguments.minutes} minutes")
            recorder = Recorder(graph.server, _EVERY_S)
            with recorder.recording():
                steps = [(rate, arguments.minutes * 60.0)]
                arrivals = open_loop(graph.url("fast"), graph.bodies, steps)
    except (StartError, LoadError, DashboardError) as error:
        console.print(f"[bold red]Not measured:[/] {error}")
        return 1
    minutes = {
        minute + 1: arrivals.between(minute * 60, (minute + 1) * 60).summary(60.0, minute * 60.0)
        for minute in range(arguments.minutes)
    }
    found = growths(recorder.series)
    plot(recorder.series, folder / "soak.png", f"Memory at {rate:,.0f} requests a second")
    outcome = Outcome(
        "soak",
        described | {"capacity": f"{capacity:,.0f}/s", "rate": f"{rate:,.0f}/s"},
        tables(recorder.series, found, minutes),
        {
            "growth": [asdict(one) for one in found],
            "minutes": {minute: asdict(load) for minute, load in minutes.items()},
            "memory": [asdict(one) for one in recorder.series],
        },
        bars(found, minutes),
        ["soak.png"],
    )
    return finish(outcome, folder, publish=arguments.publish)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.soak", description=(__doc__ or "").replace("%", "%%")
    )
    parser.add_argument("--layout", choices=windsock.LAYOUTS, default="distributed")
    parser.add_argument(
        "--minutes",
        type=int,
        default=10,
        choices=range(1, _LONGEST_MIN + 1),
        metavar="1..70",
        help="growth needs at least 4",
    )
    parser.add_argument("--share", type=float, default=0.8, help="of the measured capacity")
    parser.add_argument("--publish", action="store_true", help="also write docs/performance/")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
