from typing import Any

import numpy as np
import pytest

from app.serving.contract import Contract
from deployments.bundle.manifest import FieldSpec
from deployments.columns import Column, column_of
from deployments.dtypes import DType
from tests.support.manifests import EXAMPLE, epoch, field, manifest, parcels
from tests.support.values import VALUES
from training.bundling.golden import check_examples, golden_places

CONTRACT = Contract(parcels())
ROWS = 10


def columns(**changed: Column) -> dict[str, Column]:
    """Ten rows of the example, as training would hold them."""
    examples = EXAMPLE | {"sent_at": epoch(EXAMPLE["sent_at"]), "insured": 1.0}
    same = {
        name: column_of("string" if isinstance(value, str) else "float64", [value] * ROWS)
        for name, value in examples.items()
    }
    return same | {"lane": np.full(ROWS, 7)} | changed


def test_rows_are_spread_evenly() -> None:
    assert golden_places(CONTRACT, columns(), 4)[0].tolist() == [0, 3, 6, 9]


def test_fewer_rows_than_wanted_are_taken_once_each() -> None:
    places, problems = golden_places(CONTRACT, columns(), 64)

    assert places.tolist() == list(range(ROWS))
    assert problems == []


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("name", "dtype", "values", "problem"),
    [
        ("depot", "string", ["y" * 257, "x" * 300], "'depot' that no request can send ('yyy"),
        ("depot", "string", [None, "x" * 257], "(None, 'xxx"),
        ("lane", "key", [2**63 - 1, -5], None),
        ("weight", "float64", [NAN, INF], "'weight' that no request can send (None, inf): weight"),
        ("weight", "float64", [-0.5, 1000.5], "(-0.5, 1000.5): weight must be a number from 0 to"),
        ("pieces", "float64", [2.5, 100], "'pieces' that no request can send (2.5, 100): pieces"),
        ("pieces", "float64", [NAN, 0], "(None, 0): pieces must be an integer from 1 to 99"),
        ("insured", "float64", [NAN, 2], "'insured' that no request can send (None, 2.0): insured"),
        ("sent_at", "float64", [0, NAN], "('1970-01-01T00:00:00+00:00', None): sent_at must be"),
        ("sent_at", "float64", [1e300, -INF], "(1e+300, -inf): sent_at must be an RFC 3339"),
    ],
)
def test_values_that_no_request_can_send_are_told_and_never_golden(
    name: str, dtype: str, values: list[Any], problem: str | None
) -> None:
    column = columns()[name]
    column[[2, 5]] = values
    column[8] = column[2] if dtype != "key" else column[8]

    places, problems = golden_places(CONTRACT, columns(**{name: column}), 64)

    if problem is None:
        assert (len(places), problems) == (ROWS, [])
        return
    assert places.tolist() == [0, 1, 3, 4, 6, 7, 9]
    (told,) = problems
    assert told.startswith("3 of 10 training rows hold values of ")
    assert problem in told


def test_each_field_is_told_of_and_only_a_few_of_its_values() -> None:
    depot, weight = columns()["depot"], columns()["weight"]
    depot[:2], weight[3:9] = "x" * 257, -np.arange(1.0, 7.0)

    places, (first, second) = golden_places(CONTRACT, columns(depot=depot, weight=weight), 64)

    assert places.tolist() == [2, 9]
    assert first.startswith("2 of 10 training rows hold values of 'depot'")
    assert "6 of 10" in second
    assert "(-1.0, -2.0, -3.0, ...)" in second


def test_rows_none_of_which_could_be_a_request_are_refused() -> None:
    weight = np.full(ROWS, -1.0)

    with pytest.raises(ValueError, match=r"no training row could be a request: 10 of 10 .*'we"):
        golden_places(CONTRACT, columns(weight=weight), 64)


@pytest.mark.parametrize(
    ("dtype", "example", "bounds", "problem"),
    [
        ("string", "x" * 300, {}, "x must be a string of up to 256 characters"),
        ("string", 7, {}, "the example 7 of 'x': x must be a string"),
        ("int64", "7", {}, "the example '7' of 'x': x must be an integer"),
        ("int64", True, {}, "the example True of 'x': x must be an integer"),
        ("int64", 7.5, {}, "the example 7.5 of 'x': x must be an integer"),
        ("int64", 2**70, {}, "x must be an integer: Expected `int` <= 9223372036854775807"),
        ("int64", 7, {"minimum": 8}, "x must be an integer, at least 8"),
        ("bytes", "?", {}, "x must be base64 of up to 4096 bytes"),
        ("array<float32, 2>", [1.0], {}, "x must be a list of 2 numbers"),
        ("decimal", "1,5", {}, "x must be a decimal of up to 38 digits"),
        ("float64", 7, {"maximum": 6.5}, "x must be a number, at most 6.5"),
        ("float64", float("nan"), {}, "the example nan of 'x': x must be a number"),
        ("float64", float("inf"), {}, "the example inf of 'x': x must be a number"),
        ("bool", 1, {}, "the example 1 of 'x': x must be true or false"),
        ("bool", "yes", {}, "x must be true or false"),
        ("timestamp", "2024-05-01", {}, "x must be an RFC 3339 instant with a UTC offset"),
        ("timestamp", "2024-05-01T10:00:00", {}, "x must be an RFC 3339 instant with a UTC"),
        ("timestamp", "1500-01-01T00:00:00Z", {}, "x must be an RFC 3339 instant"),
        ("timestamp", "2024-05-01T10:00:00Z", {"maximum": 0}, "at most|to 1970-01-01T00:00:00Z"),
    ],
)
def test_an_example_that_no_request_may_hold_is_refused_with_its_field(
    dtype: DType, example: Any, bounds: dict[str, float], problem: str
) -> None:
    wrong = field("x", dtype, example=example, **bounds)

    with pytest.raises(ValueError, match=problem):
        check_examples(Contract(manifest(request_features=[wrong])))


def test_the_example_of_a_key_is_judged_as_a_key() -> None:
    check_examples(Contract(manifest(entities=[field("lane", "int64", example=2**63 - 1)])))

    with pytest.raises(ValueError, match="the example 9223372036854775808 of 'lane'"):
        check_examples(Contract(manifest(entities=[field("lane", "int64", example=2**63)])))


@pytest.mark.parametrize("dtype", VALUES)
def test_cells_of_every_type_can_be_sent(dtype: DType) -> None:
    value, cell = VALUES[dtype]
    spec = FieldSpec(name="x", dtype=dtype, example=value, optional=True)
    contract = Contract(manifest(request_features=[spec]))
    check_examples(contract)
    column = column_of(dtype, [cell, None, cell])
    rows = {"depot": column_of("string", ["a"] * 3), "x": column}

    places, problems = golden_places(contract, rows, 64)

    assert (places.tolist(), problems) == ([0, 1, 2], [])


def test_arrays_that_no_request_can_send_are_told() -> None:
    contract = Contract(manifest(request_features=[field("x", "array<int64>", maximum=9)]))
    column = column_of("array<int64>", [[1], [10, 2], None, []])

    places, (told,) = golden_places(
        contract, {"depot": column_of("string", ["a"] * 4), "x": column}, 64
    )

    assert places.tolist() == [0, 3]
    assert told.startswith("2 of 4 training rows hold values of 'x'")
    assert "([10, 2], None): x must be a list of up to 4096 integers, at most 9" in told
