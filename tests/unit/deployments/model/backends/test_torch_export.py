import re
import zipfile
from pathlib import Path

import pytest
import torch

from deployments.bundle.manifest import OutputSpec
from deployments.model.backends import torch_export
from deployments.model.backends.load import load
from deployments.model.backends.torch_export import pick_device
from deployments.model.options import Device, ModelOptions
from tests.support.example import Example
from tests.unit.deployments.model.backends.programs import Last, exported, tensors


def test_auto_takes_a_gpu_only_where_there_is_one() -> None:
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert pick_device("cpu") == torch.device("cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_not_silently_replaced() -> None:
    with pytest.raises(RuntimeError, match="this replica sees no GPU: set num_gpus or device: cpu"):
        pick_device("cuda")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_a_precision_for_gpus_is_not_silently_another_on_cpu(
    example: Example, device: Device
) -> None:
    with pytest.raises(RuntimeError, match="precision: bfloat16 is for GPUs"):
        load(example.bundle, ModelOptions(device=device, precision="bfloat16"))


@pytest.mark.parametrize("threads", [2, 1])
def test_the_threads_of_a_forward_pass_are_those_configured(example: Example, threads: int) -> None:
    load(example.bundle, ModelOptions(device="cpu", threads=threads))

    assert torch.get_num_threads() == threads


def rewritten(path: Path, **changes: str) -> Path:
    """A program whose own account of itself says something else."""
    torch.export.save(exported(Last()), path)
    with zipfile.ZipFile(path) as archive:
        content = {info: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for info, data in content.items():
            told = data.decode() if info.filename.endswith(".json") else ""
            for key, value in changes.items():
                told = re.sub(rf'"{key}": ("[^"]*"|\d+)', f'"{key}": {value}', told)
            archive.writestr(info, told or data)
    return path


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"type": '"cuda"'},
            r"on a GPU \(cuda\): call module\.cpu\(\) before torch\.export\.export",
        ),
        (
            {"torch_version": '"9.9.0"', "major": "99"},
            r"exported by torch 9\.9\.0, and torch 2\S+ cannot load it: export it again with this",
        ),
        ({"major": "99"}, r"is no program that torch 2\S+ can load, as torch\.export\.save writes"),
    ],
    ids=["on a GPU", "another torch", "damaged"],
)
def test_a_program_from_elsewhere_is_told_apart(
    tmp_path: Path, changes: dict[str, str], problem: str
) -> None:
    program = rewritten(tmp_path / "model.pt2", **changes)

    with pytest.raises(ValueError, match=problem):
        torch_export.load(
            program, [OutputSpec(name="last")], tensors(1), ModelOptions(device="cpu")
        )
