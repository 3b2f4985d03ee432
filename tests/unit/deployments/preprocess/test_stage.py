import shutil
from pathlib import Path

import numpy as np
import pytest

from deployments.bundle.bundle import BundleError, BundleStore
from deployments.columns import Column, column_of, key_column
from deployments.frames import Failure, Frame
from deployments.preprocess.stage import Preprocessing
from tests.support.example import NAME, Example
from tests.support.preprocessing import preprocessor_of
from tests.support.shop import KNOWN, SIZED, UNKNOWN, UNSIZED, shop


async def test_frames_are_transformed_by_the_version_they_are_stamped_with(
    example: Example,
) -> None:
    bundle = example.bundle
    golden = bundle.golden().columns
    expected = preprocessor_of(bundle).transform(golden)

    tensors = await Preprocessing(example.bundles).transform(Frame(example.id, 64, golden))

    assert tensors.model == example.id
    np.testing.assert_equal(tensors.inputs, expected)


async def test_a_damaged_version_transforms_nothing(example: Example, tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(example.models, models)
    (models / NAME / example.version / "preprocess.json").write_text("{}")

    with pytest.raises(BundleError, match=r"preprocess\.json is damaged"):
        await Preprocessing(BundleStore(models)).transform(Frame(example.id, 0, {}))


async def test_a_row_that_no_step_takes_fails_alone(tmp_path: Path) -> None:
    built = shop(tmp_path)
    stage = Preprocessing(built.bundles)
    columns: dict[str, Column] = {
        "order_value__value": column_of("float64", [2.5, 5.0, 7.5]),
        "quantity": column_of("int64", [1, 2, 3]),
        "size": column_of("string", [SIZED, UNSIZED, SIZED]),
        "product_id": key_column("int64", [KNOWN, KNOWN, UNKNOWN]),
    }

    tensors = await stage.transform(Frame(built.id, 3, columns))

    assert tensors.failed == {
        1: Failure(
            "the preprocessing failed for this row: no step can take what 'size' holds", "size"
        )
    }
    np.testing.assert_array_equal(
        tensors.inputs["numeric"], [[2.5, 1, 12], [0, 0, 0], [7.5, 3, 12]]
    )
    np.testing.assert_array_equal(tensors.inputs["categorical"], [[1], [0], [0]])
    assert {name: rows.tolist() for name, rows in tensors.unseen.items()} == {"product_id": [2]}
