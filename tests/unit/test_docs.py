"""docs/bring-your-own.md says what works."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor, nn

from app.config import FeatureStoreArgs, ModelArgs
from deployments.features.settings import LookupSettings
from deployments.preprocess.spec import PreprocessSpec
from examples.repos import quiet
from examples.store_orders.tables import orders
from tests.support.bundling import windsock_bundle
from tests.support.example import NAME, Example
from training.bundling.contract_file import ContractFile
from training.bundling.program import backend_of

PAGE = (Path(__file__).parents[2] / "docs" / "bring-your-own.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


class Total(nn.Module):
    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        return numeric.sum(1) + categorical.sum(1)


def test_the_python_on_the_page_makes_a_training_set_and_a_program(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {
        "store": example.store(),
        "rows": orders(50),
        "path": example.home / "preprocess.yaml",
        "module": Total(),
    }

    for block in blocks("python"):
        with quiet():
            exec(block, names)

    assert (tmp_path / "training.parquet").is_file()
    program = torch.export.load(tmp_path / "model.pt2").module()
    assert program(names["numeric"], names["categorical"]).shape == (50,)


def test_the_program_of_the_quickstart_takes_three_numbers_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (script,) = blocks("py")

    exec(script, {})

    (numeric,) = backend_of(tmp_path / "model.pt2")[1].signature(tmp_path / "model.pt2").inputs
    assert numeric == ("numeric", "float32", (None, 3))


def test_the_yaml_on_the_page_is_a_spec_a_contract_and_settings() -> None:
    spec, contract, settings = (yaml.safe_load(block) for block in blocks("yaml"))

    assert len(PreprocessSpec.model_validate(spec).derived) == 4
    assert len(ContractFile.model_validate(contract).request_features) == 3
    assert ModelArgs.model_validate(settings["model"]).name == NAME
    folder = Path(__file__).parents[2] / "examples" / NAME
    repo = FeatureStoreArgs.model_validate(settings["feature_store"], context=folder).repo
    assert (repo / "feature_store.yaml").is_file()
    LookupSettings.model_validate({"clock": settings["clock"]})


def test_the_command_on_the_page_writes_a_bundle(example: Example, tmp_path: Path) -> None:
    (command,) = re.findall(r"^    windsock bundle (--name .*?)\n\n", PAGE, re.M | re.S)
    arguments = shlex.split(command.replace("\\\n", " "))
    place = arguments.index("--models-dir") + 1
    arguments[place] = str(tmp_path)

    folder = windsock_bundle(
        [part.replace("examples/store_orders", str(example.home)) for part in arguments]
    )

    assert folder.parent == tmp_path / NAME
