import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from deployments.bundle.bundle import GOLDEN, MANIFEST, PROGRAM, Bundle, BundleError, sha256
from deployments.frames import TensorFrame
from deployments.model.backends.runtime import TorchRuntime, pick_device
from tests.support.example import NAME, Example
from tests.unit.deployments.model.backends.programs import Last, Sums, exported, tensors, totals

CPU = torch.device("cpu")


@pytest.mark.parametrize("rows", [1, 2, 500])
def test_outputs_are_named_in_the_order_of_the_program(rows: int) -> None:
    outputs = TorchRuntime(exported(Sums()), ["flat", "column", "pair"], CPU).run(tensors(rows))

    np.testing.assert_array_equal(outputs["flat"], totals(rows))
    np.testing.assert_array_equal(outputs["pair"], np.stack([totals(rows), -totals(rows)], 1))


@pytest.mark.parametrize("rows", [1, 2])
def test_a_column_of_width_one_is_a_number_per_row(rows: int) -> None:
    outputs = TorchRuntime(exported(Sums()), ["flat", "column", "pair"], CPU).run(tensors(rows))

    np.testing.assert_array_equal(outputs["column"], totals(rows))


def test_a_program_with_one_answer_needs_no_tuple() -> None:
    outputs = TorchRuntime(exported(Last()), ["last"], CPU).run(tensors(3))

    assert outputs["last"].dtype == np.float32
    assert outputs["last"].tolist() == [1, 3, 5]


def test_as_many_outputs_as_names() -> None:
    with pytest.raises(ValueError, match="answers 3 tensors, the contract names 2 outputs"):
        TorchRuntime(exported(Sums()), ["flat", "pair"], CPU).run(tensors(1))


def test_auto_takes_a_gpu_only_where_there_is_one() -> None:
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert pick_device("cpu") == CPU


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_not_silently_replaced() -> None:
    with pytest.raises(RuntimeError, match="this replica sees no GPU: set num_gpus or device: cpu"):
        pick_device("cuda")


def test_a_bundle_that_answers_its_golden_rows_is_loaded(example: Example) -> None:
    bundle = example.bundles.open(example.version)
    golden = bundle.golden()

    runtime = TorchRuntime.load(bundle, CPU)

    frame = TensorFrame("", *bundle.preprocessor().transform(golden.columns))
    for name, values in runtime.run(frame).items():
        np.testing.assert_allclose(values, golden.outputs[name], atol=1e-5)
    assert np.ptp(golden.outputs["return_probability"]) > 0.05


@pytest.fixture
def bundle(example: Example, tmp_path: Path) -> Bundle:
    """A copy of the example's bundle, for a test to forge."""
    folder = tmp_path / "models" / NAME / example.version
    shutil.copytree(example.folder, folder)
    return Bundle(folder, example.manifest)


@pytest.mark.parametrize("wrong", [0.01, None], ids=["off", "nan"])
def test_a_bundle_that_fails_its_golden_rows_is_refused(
    bundle: Bundle, wrong: float | None
) -> None:
    path = bundle.path / GOLDEN
    golden = json.loads(path.read_text())
    column = golden["outputs"]["return_probability"]
    column[-1] = None if wrong is None else column[-1] + wrong
    path.write_text(json.dumps(golden))

    with pytest.raises(BundleError, match=r"fails its golden rows here: output 'return_prob"):
        TorchRuntime.load(bundle, CPU)


def test_a_program_that_torch_cannot_read_is_refused(bundle: Bundle) -> None:
    program = bundle.path / PROGRAM
    program.write_bytes(b"not a program")
    files = bundle.manifest.files | {PROGRAM: sha256(program)}
    forged = bundle.manifest.model_copy(update={"files": files})
    (bundle.path / MANIFEST).write_text(forged.model_dump_json())

    with pytest.raises(BundleError, match=r"model\.pt2 is no program that torch .* can load"):
        TorchRuntime.load(bundle, CPU)


def test_a_bundle_without_golden_answers_is_refused(bundle: Bundle) -> None:
    path = bundle.path / GOLDEN
    golden = json.loads(path.read_text())
    path.write_text(json.dumps(golden | {"outputs": {}}))

    with pytest.raises(BundleError, match="no golden rows for each of its outputs"):
        TorchRuntime.load(bundle, CPU)
