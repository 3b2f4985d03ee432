"""Each column of a model has bins, or a reason why it has none."""

from typing import Any

import numpy as np
import pytest

from deployments.columns import column_of, key_column
from training.bundling.reference import make
from training.bundling.reference.predicted import Predictions
from training.bundling.reference.rows import TimedRows

N = 300


def made(dtype: str, cells: list[Any], *, key: bool = False) -> Any:
    """The bins of a column, or why it has none."""
    column = (key_column if key else column_of)(dtype, cells)
    rows = TimedRows({"x": column})
    found, odd = make.reference(rows, {"x": dtype}, ["x"] if key else [], Predictions({}))
    assert odd == []
    return found.columns.get("x") or found.left_out["x"]


@pytest.mark.parametrize(
    ("dtype", "cell", "aspect"),
    [
        ("float64", 2.5, "value"),
        ("int64", 3, "value"),
        ("bool", True, "value"),
        ("string", "a", "value"),
        ("uuid", "5f1c1f7e-6a3c-4a38-8d0c-0f0a2c8f8a11", "value"),
        ("bytes", b"a", "value"),
        ("array<float32, 2>", [1.0, 2.0], "mean"),
        ("array<float64>", [1.0, 2.0], "length"),
        ("array<string>", ["a"], "length"),
        ("set<int64>", [1], "length"),
    ],
)
def test_what_is_counted_of_each_type(dtype: str, cell: Any, aspect: str) -> None:
    bins = made(dtype, [cell] * N + [None] * 30)
    assert bins.aspect == aspect
    assert bins.counts[-1] == 30
    assert max(bins.counts) == N


@pytest.mark.parametrize(
    ("dtype", "cell", "why"),
    [
        ("timestamp", 1.7e9, make.INSTANTS),
        ("json", {"a": 1}, make.DOCUMENT),
        ("map", {"a": 1}, make.DOCUMENT),
        ("struct<a: int64>", {"a": 1}, make.DOCUMENT),
    ],
)
def test_what_has_no_bins_says_why(dtype: str, cell: Any, why: str) -> None:
    assert made(dtype, [cell] * N) == why


def test_keys_are_categories_or_names() -> None:
    assert made("int64", [1, 2] * N, key=True).categories == ["1", "2"]
    assert made("int64", list(range(5 * N)), key=True) == make.NAMES
    assert made("string", [str(n) for n in range(5 * N)]) == make.NAMES


def test_outputs_of_every_form() -> None:
    scores = np.tile([0.1, 0.7, 0.2], (N, 1)).astype(np.float32)
    outputs = {
        "risk": np.linspace(0, 1, N, dtype=np.float32),
        "scores": scores,
        "vector": scores,
        "label": np.array(["yes", "no"] * (N // 2), dtype=object),
        "count": np.arange(N) % 3,
        "matrix": np.zeros((N, 2, 2)),
    }
    predictions = Predictions(outputs, scores=frozenset(["scores"]), failed=4)
    rows = TimedRows({"risk": np.zeros(N)})
    found, odd = make.reference(rows, {"risk": "float64"}, [], predictions)
    aspects = {name: one.aspect for name, one in found.outputs.items()}
    assert aspects == {
        **{"risk": "value", "scores": "top", "vector": "mean", "label": "value", "count": "value"}
    }
    assert found.outputs["scores"].counts == [N, 0, 0]
    assert found.left_out == {"matrix": make.TENSOR}
    assert set(found.named) >= {"risk", "risk (output)"}
    assert "4 rows have no prediction" in odd[0]
