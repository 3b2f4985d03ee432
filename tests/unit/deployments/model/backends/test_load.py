import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from deployments.bundle.bundle import GOLDEN, MANIFEST, Bundle, BundleError, sha256
from deployments.bundle.manifest import ProgramSpec
from deployments.frames import TensorFrame
from deployments.model.backends.base import BACKENDS
from deployments.model.backends.load import load
from deployments.model.golden_rows import golden_frame
from deployments.model.options import ModelOptions
from tests.support.example import NAME, Example
from tests.support.manifests import PROGRAM
from tests.support.preprocessing import preprocessor_of
from tests.unit.deployments.model.backends import remembered

CPU = ModelOptions(device="cpu")


def test_a_bundle_that_answers_its_golden_rows_is_loaded(example: Example) -> None:
    bundle = example.bundle
    golden = bundle.golden()

    runtime = load(bundle, CPU)

    frame = TensorFrame(bundle.manifest.id, preprocessor_of(bundle).transform(golden.columns))
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
        load(bundle, CPU)


def test_a_program_that_torch_cannot_read_is_refused(bundle: Bundle) -> None:
    program = bundle.path / PROGRAM
    program.write_bytes(b"not a program")
    files = bundle.manifest.files | {PROGRAM: sha256(program)}
    forged = bundle.manifest.model_copy(update={"files": files})
    (bundle.path / MANIFEST).write_text(forged.model_dump_json())

    with pytest.raises(BundleError, match=r"model\.pt2 is no program that torch .* can load"):
        load(bundle, CPU)


def test_a_bundle_without_golden_answers_is_refused(bundle: Bundle) -> None:
    path = bundle.path / GOLDEN
    golden = json.loads(path.read_text())
    path.write_text(json.dumps(golden | {"outputs": {}}))

    with pytest.raises(BundleError, match="no golden rows for each of its outputs"):
        load(bundle, CPU)


def test_a_program_for_a_platform_that_is_not_known_is_refused(bundle: Bundle) -> None:
    program = ProgramSpec(file=PROGRAM, platform="abacus_beads")
    other = Bundle(bundle.path, bundle.manifest.model_copy(update={"program": program}))

    with pytest.raises(BundleError, match=r"for 'abacus_beads', .*: it runs pytorch_export"):
        load(other, CPU)


def test_another_backend_is_a_module_and_an_entry(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BACKENDS, "numpy_rows", remembered.BACKEND)
    program = ProgramSpec(file="model.npz", platform="numpy_rows")
    remembered.write(bundle.path / program.file, *golden_frame(bundle))
    other = Bundle(bundle.path, bundle.manifest.model_copy(update={"program": program}))

    runtime = load(other, ModelOptions(inline_s=60))

    assert isinstance(runtime, remembered.Remembered)
    assert set(runtime.ran) == {64, 1, 2, 300}, "its golden rows, at each of its sizes"
    assert runtime.inline_rows >= 64
