import shutil
from pathlib import Path

import numpy as np
import pytest

from deployments.bundle.bundle import BundleError, BundleStore
from deployments.frames import Frame
from deployments.preprocess.stage import Preprocessing
from tests.support.example import NAME, Example
from tests.support.preprocessing import preprocessor_of


async def test_frames_are_transformed_by_the_version_they_are_stamped_with(
    example: Example,
) -> None:
    bundle = example.bundle
    golden = bundle.golden().columns
    numeric, categorical = preprocessor_of(bundle).transform(golden)

    tensors = await Preprocessing(example.bundles).transform(Frame(example.id, 64, golden))

    assert tensors.model == example.id
    np.testing.assert_array_equal(tensors.numeric, numeric)
    np.testing.assert_array_equal(tensors.categorical, categorical)


async def test_a_damaged_version_transforms_nothing(example: Example, tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(example.models, models)
    (models / NAME / example.version / "preprocess.json").write_text("{}")

    with pytest.raises(BundleError, match=r"preprocess\.json is damaged"):
        await Preprocessing(BundleStore(models)).transform(Frame(example.id, 0, {}))
