"""What the commands of the benchmark share: how they describe, show, keep and publish a run."""

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.bars import Bar
from benchmarks.environments import python_of
from benchmarks.load.closed import require_wrk
from benchmarks.load.opened import built
from benchmarks.machine import describe
from benchmarks.paths import PUBLISHED, RESULTS, ROOT
from benchmarks.report import bar_table, machine_table
from benchmarks.tables import Table

# Into a file or a pipe, tables are as wide as they need to be.
console = Console(width=None if sys.stdout.isatty() else 150)


@dataclass(frozen=True)
class Outcome:
    """What one command found: ``tables`` for people, ``document`` for programs, and ``files`` in
    the folder of the run that belong to them. ``about`` says how it was found."""

    name: str
    about: Mapping[str, Any]
    tables: Sequence[Table]
    document: Mapping[str, Any]
    bars: Sequence[Bar] = ()
    files: Sequence[str] = ()

    @property
    def all_tables(self) -> list[Table]:
        bars = [bar_table(self.bars)] if self.bars else []
        return [*self.tables, *bars, machine_table(self.about)]


def about(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The machine, and what was measured how. Raises LoadError where a generator is missing."""
    require_wrk()
    built()
    found = describe({"main": python_of(None, console)}, []) | {"plan": dict(plan)}
    if found["load_average_before"] > found["cores"] / 4:
        busy = f"The machine is busy (load average {found['load_average_before']}): expect noise"
        console.print(busy, style="yellow")
    return found


def new_folder(name: str = "") -> Path:
    """A folder for the results of a run that begins now."""
    stamp = datetime.now().strftime("%Y%m%dT%H%M%S")
    folder = RESULTS / (f"{stamp}-{name}" if name else stamp)
    folder.mkdir(parents=True)
    return folder


def finish(outcome: Outcome, folder: Path, *, publish: bool, target: Path = PUBLISHED) -> int:
    """Show, write and perhaps publish it; 0 where every bar was reached."""
    for table in outcome.all_tables:
        console.print(table.title, style="bold")
        console.print(table.rich())
    document = {"about": outcome.about, **outcome.document}
    (folder / "results.json").write_text(json.dumps(document, indent=1))
    console.print(f"Raw data is in {os.path.relpath(folder, ROOT)}")
    if publish:
        publish_outcome(outcome, folder, target)
        console.print(f"Published in {os.path.relpath(target, ROOT)}")
    return 1 if any(bar.reached is False for bar in outcome.bars) else 0


def publish_outcome(outcome: Outcome, folder: Path, target: Path) -> None:
    """``<name>.md``, ``<name>.json`` and the files, over those of the last time."""
    target.mkdir(parents=True, exist_ok=True)
    page = "\n".join(table.markdown() for table in outcome.all_tables)
    (target / f"{outcome.name}.md").write_text(page)
    shutil.copyfile(folder / "results.json", target / f"{outcome.name}.json")
    for name in outcome.files:
        shutil.copyfile(folder / name, target / name)
