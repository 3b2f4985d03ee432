import pickle
from typing import Any

import numpy as np
import pytest

from deployments.columns import column_of, key_column
from deployments.frames import Failure, Frame, Predicted, TensorFrame, ViewStates
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


@pytest.mark.parametrize("names", [("a", None), ()])
def test_frames_survive_the_way_between_processes(names: tuple[str | None, ...]) -> None:
    sent = frame(*names)
    sent.columns["key"] = key_column("int64", range(len(names)))
    sent.columns["price"] = np.full(len(names), np.nan)

    sent.budget_s = 0.5
    sent.failed = {0: Failure("no price")}

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


def test_columns_of_every_kind_survive_beside_each_other() -> None:
    cells: dict[str, list[Any]] = {
        "whole": [2**53 + 1, None],
        "arrays": [[1.0], None],
        "gone": [None, None],
    }
    sent = Frame(
        PARCELS,
        2,
        {
            "whole": column_of("int64", cells["whole"]),
            "number": np.array([0.5, np.nan]),
            "arrays": column_of("array<float32>", cells["arrays"]),
            "gone": column_of("int64", cells["gone"]),
        },
    )

    received = pickle.loads(pickle.dumps(sent))

    assert received.columns.keys() == sent.columns.keys()
    assert {name: received.columns[name].tolist() for name in cells} == cells
    np.testing.assert_array_equal(received.columns["number"], [0.5, np.nan])


def test_parts_of_a_tensor_frame_are_joined_again() -> None:
    whole = TensorFrame(PARCELS, {"a": np.arange(6).reshape(3, 2), "b": np.arange(3.0)})

    again = TensorFrame.joined([whole.at(slice(2)), whole.at(np.array([2]))])

    for name, values in whole.inputs.items():
        np.testing.assert_array_equal(again.inputs[name], values)


def test_inputs_that_are_padded_to_their_own_length_get_zeros_behind() -> None:
    short = TensorFrame(PARCELS, {"history": np.array([[1, 2]]), "mask": np.array([[True, True]])})
    long = TensorFrame(
        PARCELS, {"history": np.array([[3, 4, 5]]), "mask": np.array([[True, True, True]])}
    )

    together = TensorFrame.joined([short, long]).inputs

    assert together["history"].tolist() == [[1, 2, 0], [3, 4, 5]]
    assert together["mask"].tolist() == [[True, True, False], [True, True, True]]


def test_a_tensor_frame_counts_its_rows() -> None:
    tensors = TensorFrame(PARCELS, {"none": np.zeros((3, 0)), "two": np.zeros((3, 2))})

    assert tensors.rows == 3


def test_a_part_of_what_is_predicted_counts_its_own_rows() -> None:
    predicted = Predicted({"late": np.arange(5.0)}, {1: Failure("first"), 3: Failure("second")})

    part = predicted.part(2, 5)

    assert part.outputs["late"].tolist() == [2, 3, 4]
    assert part.failed == {1: Failure("second")}
