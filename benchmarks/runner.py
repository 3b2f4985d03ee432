"""What every scenario shares: how a run is described, shown, kept and published."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
from rich.console import Console
from rich.markup import escape
from typer import Option

from benchmarks.bars import Bar, bar_table
from benchmarks.contender import Contender
from benchmarks.load.closed import require_wrk
from benchmarks.load.opened import built
from benchmarks.machine import describe
from benchmarks.paths import PUBLISHED, RESULTS, ROOT
from benchmarks.tables import Table
from benchmarks.unmeasured import Unmeasured

# Into a file or a pipe, tables are as wide as they need to be.
console = Console(width=None if sys.stdout.isatty() else 150)

Quick = Annotated[bool, Option("--quick", help="The essential part of it.")]
Publish = Annotated[bool, Option("--publish", help=f"Also write {PUBLISHED.relative_to(ROOT)}/.")]
Rounds = Annotated[int | None, Option(min=1, help="How often each is measured.")]
Seconds = Annotated[int | None, Option(min=1, help="How long each load lasts.")]


@dataclass(frozen=True)
class Trial:
    """A run that is under way: what is known of the machine and of the plan, the folder that keeps
    what it finds, and how to say what it is doing."""

    about: dict[str, Any]
    folder: Path
    say: Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What one run found: ``tables`` for people, ``document`` for programs, and ``files`` in its
    folder that belong to them. ``about`` says how it was found."""

    name: str
    about: Mapping[str, Any]
    tables: Sequence[Table]
    document: Mapping[str, Any]
    bars: Sequence[Bar] = ()
    files: Sequence[str] = ()

    @property
    def all_tables(self) -> list[Table]:
        bars = [bar_table(self.bars)] if self.bars else []
        return [*self.tables, *bars, _machine(self.about)]


@contextmanager
def measuring(
    name: str,
    plan: Mapping[str, Any],
    pythons: Mapping[str, Path] | None = None,
    contenders: Sequence[Contender] = (),
    *,
    loads: bool = True,
) -> Iterator[Trial]:
    """A run that begins now, with the load generators there if it ``loads``. What cannot be
    measured ends the program with 1, and says why."""
    try:
        if loads:
            require_wrk()
            built()
        about = describe({"main": Path(sys.executable), **(pythons or {})}, contenders)
        if about["load_average_before"] > about["cores"] / 4:
            busy = f"The machine is busy (load average {about['load_average_before']})"
            console.print(f"{busy}: expect noise", style="yellow")
        folder = RESULTS / f"{datetime.now():%Y%m%dT%H%M%S}-{name}"
        folder.mkdir(parents=True)
        with console.status("Starting") as status:
            yield Trial(about | {"plan": dict(plan)}, folder, status.update)
    except (Unmeasured, httpx.HTTPError) as error:
        console.print(f"[bold red]Not measured:[/] {escape(str(error))}")
        raise SystemExit(1) from error


def finish(outcome: Outcome, folder: Path, *, publish: bool, target: Path = PUBLISHED) -> int:
    """Show, write and perhaps publish it; 0 where every bar was reached."""
    for table in outcome.all_tables:
        console.print(table.title, style="bold")
        console.print(table.rich())
    document = {"about": outcome.about, **outcome.document}
    (folder / "results.json").write_text(json.dumps(document, indent=1))
    console.print(f"Raw data is in {os.path.relpath(folder, ROOT)}")
    if publish:
        _publish(outcome, folder, target)
        console.print(f"Published in {os.path.relpath(target, ROOT)}")
    return 1 if any(bar.reached is False for bar in outcome.bars) else 0


def _publish(outcome: Outcome, folder: Path, target: Path) -> None:
    """``<name>.md``, ``<name>.json`` and the files, over those of the last time."""
    target.mkdir(parents=True, exist_ok=True)
    page = "\n".join(table.markdown() for table in outcome.all_tables)
    (target / f"{outcome.name}.md").write_text(page)
    shutil.copyfile(folder / "results.json", target / f"{outcome.name}.json")
    for name in outcome.files:
        shutil.copyfile(folder / name, target / name)


def _machine(about: Mapping[str, Any]) -> Table:
    rows = [[name.replace("_", " "), _text(value)] for name, value in about.items()]
    return Table("Machine and versions", ("", ""), rows, prose=True)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return str(value)
