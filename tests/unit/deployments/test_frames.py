import pickle

import numpy as np
import pytest

from deployments.columns import column_of, key_column
from deployments.dtypes import DType
from deployments.frames import Frame, Predicted, TensorFrame, ViewStates
from tests.support.manifests import PARCELS


def frame(*names: str | None) -> Frame:
    rows = len(names)
    sizes = np.arange(rows, dtype=np.float64)
    return Frame(
        PARCELS,
        rows,
        {"name": column_of("string", names), "size": sizes},
        ViewStates(("view",), np.arange(rows, dtype=np.int8)[None], sizes[None] * 10),
    )


def test_integer_keys_keep_all_their_bits() -> None:
    big = 2**63 - 1

    column = key_column("int64", [big, -big])

    assert column.dtype == np.int64
    assert column.tolist() == [big, -big]


def test_string_columns_hold_python_strings_and_none() -> None:
    column = column_of("string", iter(["a", None, ""]))

    assert column.dtype == object
    assert column.tolist() == ["a", None, ""]


@pytest.mark.parametrize("dtype", ["int64", "float64", "bool", "timestamp"])
def test_values_that_are_no_strings_become_floats_with_nan_for_missing(dtype: DType) -> None:
    column = column_of(dtype, [1, None, True])

    assert column.dtype == np.float64
    np.testing.assert_array_equal(column, [1.0, np.nan, 1.0])


@pytest.mark.parametrize("names", [("a", None), ()])
def test_frames_survive_the_way_between_processes(names: tuple[str | None, ...]) -> None:
    sent = frame(*names)
    sent.columns["key"] = key_column("int64", range(len(names)))
    sent.columns["price"] = np.full(len(names), np.nan)

    sent.budget_s = 0.5
    sent.failed = {0: "no price"}

    received = pickle.loads(pickle.dumps(sent))

    assert (received.model, received.rows, received.budget_s) == (PARCELS, len(names), 0.5)
    assert received.failed == sent.failed
    assert received.columns.keys() == sent.columns.keys()
    for name, column in sent.columns.items():
        assert received.columns[name].dtype == column.dtype
        np.testing.assert_array_equal(received.columns[name], column)
    assert sent.views is not None
    assert received.views.names == sent.views.names
    np.testing.assert_array_equal(received.views.status, sent.views.status)
    np.testing.assert_array_equal(received.views.age_s, sent.views.age_s)


def test_a_frame_without_number_columns_survives_too() -> None:
    sent = Frame(PARCELS, 1, {"name": column_of("string", ["a"])})

    received = pickle.loads(pickle.dumps(sent))

    assert received.columns["name"].tolist() == ["a"]
    assert received.views is None


def test_a_tensor_frame_counts_its_rows() -> None:
    tensors = TensorFrame(PARCELS, {"none": np.zeros((3, 0)), "two": np.zeros((3, 2))})

    assert tensors.rows == 3


def test_a_part_of_what_is_predicted_counts_its_own_rows() -> None:
    predicted = Predicted({"late": np.arange(5.0)}, {1: "first", 3: "second"})

    part = predicted.part(2, 5)

    assert part.outputs["late"].tolist() == [2, 3, 4]
    assert part.failed == {1: "second"}
