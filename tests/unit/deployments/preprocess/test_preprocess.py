import shutil
from pathlib import Path

import numpy as np
import pytest

from deployments.bundle.bundle import BundleError, BundleStore
from deployments.frames import Frame
from deployments.preprocess.preprocess import Preprocess
from tests.support.example import NAME, Example


async def test_frames_are_transformed_by_the_version_they_are_stamped_with(
    example: Example,
) -> None:
    bundle = example.bundles.open(example.version)
    golden = bundle.golden().columns
    numeric, categorical = bundle.preprocessor().transform(golden)

    tensors = await Preprocess(example.bundles).transform(Frame(example.version, 64, golden))

    assert tensors.version == example.version
    np.testing.assert_array_equal(tensors.numeric, numeric)
    np.testing.assert_array_equal(tensors.categorical, categorical)


async def test_a_damaged_version_transforms_nothing(example: Example, tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(example.models, models)
    (models / NAME / example.version / "preprocess.json").write_text("{}")

    with pytest.raises(BundleError, match=r"preprocess\.json is damaged"):
        await Preprocess(BundleStore(models, NAME)).transform(Frame(example.version, 0, {}))
