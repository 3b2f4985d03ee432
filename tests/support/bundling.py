"""The bundle command, over the example's files."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from app.cli.main import cli
from tests.support.example import NAME, Example

Edit = Callable[[Any], object]


def windsock_bundle(arguments: Sequence[str]) -> Path:
    """The bundle that `windsock bundle` writes; raises SystemExit where its status is not 0."""
    try:
        cli(["bundle", *arguments])
    except SystemExit as ended:
        if ended.code:
            raise
    models = Path(arguments[arguments.index("--models-dir") + 1])
    name = arguments[arguments.index("--name") + 1]
    return models / name / (models / name / "latest").read_text().strip()


class Command:
    """The command line with which the example is bundled, over files that a test may change."""

    def __init__(self, example: Example, folder: Path) -> None:
        self.models = folder / "models"
        self.folder = folder
        data = example.home / "data"
        for path in (
            example.home / "contract.yaml",
            example.home / "preprocess.yaml",
            data / "preprocess.json",
            data / "model.pt2",
            data / "training.parquet",
        ):
            shutil.copy(path, folder)
        self.options = {
            "--name": NAME,
            "--program": str(folder / "model.pt2"),
            "--feature-repo": str(example.repo),
            "--feature-service": "order_v1",
            "--preprocess": str(folder / "preprocess.yaml"),
            "--contract": str(folder / "contract.yaml"),
            "--data": str(folder / "training.parquet"),
            "--models-dir": str(self.models),
        }

    def __call__(self) -> Path:
        return windsock_bundle([part for option in self.options.items() for part in option])

    def edit(self, name: str, change: Edit) -> None:
        """Change a YAML or JSON file in place."""
        path = self.folder / name
        document = yaml.safe_load(path.read_text())
        change(document)
        path.write_text((json.dumps if path.suffix == ".json" else yaml.safe_dump)(document))

    def data(self, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        path = self.folder / "training.parquet"
        change(pd.read_parquet(path)).to_parquet(path)
