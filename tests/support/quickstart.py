"""Feast's own quickstart, as `feast init -t local` writes it, applied and filled as it says."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import torch
from torch import Tensor, nn

NAME = "drivers"


def quickstart(folder: Path) -> Path:
    """The repo, with a filled online store."""
    repo = folder / "drivers" / "feature_repo"
    until = datetime.now(UTC)
    _feast(
        (folder, ["init", "-t", "local", "drivers"]),
        (repo, ["apply"]),
        (repo, ["materialize", f"{until - timedelta(days=20):%FT%T}", f"{until:%FT%T}"]),
    )
    return repo


# In one process: what a command takes is the import of Feast.
_COMMANDS = """
import json, os, sys
from feast.cli.cli import cli
for folder, arguments in json.loads(sys.argv[1]):
    os.chdir(folder)
    cli(arguments, standalone_mode=False)
"""


def _feast(*commands: tuple[Path, list[str]]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _COMMANDS, json.dumps([(str(at), given) for at, given in commands])],
        # Feast writes times in the zone of the process, and reads them as UTC.
        env={**os.environ, "TZ": "UTC"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


class Of(nn.Module):
    """Answers what a function makes of its only input."""

    def __init__(self, answer: Callable[[Tensor], Tensor | Mapping[str, Tensor]]) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, numeric: Tensor) -> Tensor | Mapping[str, Tensor]:
        return self.answer(numeric)


def export(module: nn.Module, path: Path, columns: int) -> Path:
    """A program of so many numbers a row."""
    rows = torch.export.Dim("rows", min=1)
    with torch.no_grad():
        program = torch.export.export(
            module.eval(), (torch.zeros(2, columns),), dynamic_shapes=({0: rows},)
        )
    torch.export.save(program, path)
    return path
