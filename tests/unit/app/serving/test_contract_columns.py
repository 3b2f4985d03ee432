"""Rows that come by column are judged as rows are."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.serving.contract import Contract
from app.serving.errors import ErrorCode, InvalidRequest
from tests.support.manifests import EXAMPLE, field, manifest, parcels

CONTRACT = Contract(parcels())

repeatable = settings(derandomize=True, deadline=None, database=None, max_examples=150)


def by_column(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in EXAMPLE}


def test_columns_become_the_rows_that_their_json_would() -> None:
    rows = [EXAMPLE, EXAMPLE | {"depot": "süd", "lane": -1, "weight": 0}]

    assert CONTRACT.rows(by_column(rows)) == [
        CONTRACT.decode(json.dumps(row).encode()) for row in rows
    ]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("depot", "x" * 257, ErrorCode.OUT_OF_RANGE),
        ("depot", 1, ErrorCode.INVALID_FIELD),
        ("depot", b"north", ErrorCode.INVALID_FIELD),
        ("lane", 2**63, ErrorCode.OUT_OF_RANGE),
        ("lane", 1.0, ErrorCode.INVALID_FIELD),
        ("lane", True, ErrorCode.INVALID_FIELD),
        ("weight", 1001, ErrorCode.OUT_OF_RANGE),
        ("weight", float("nan"), ErrorCode.OUT_OF_RANGE),
        ("pieces", 0, ErrorCode.OUT_OF_RANGE),
        ("insured", 1, ErrorCode.INVALID_FIELD),
        ("sent_at", "2019-12-31T23:59:59Z", ErrorCode.OUT_OF_RANGE),
        ("sent_at", "2024-05-01", ErrorCode.INVALID_FIELD),
        ("sent_at", None, ErrorCode.INVALID_FIELD),
    ],
)
def test_a_wrong_value_is_named_by_field_and_row(name: str, value: Any, code: ErrorCode) -> None:
    with pytest.raises(InvalidRequest) as caught:
        CONTRACT.rows(by_column([EXAMPLE, EXAMPLE, EXAMPLE | {name: value}]))

    error = caught.value
    assert (error.code, error.field, error.row) == (code, name, 2)
    assert error.message.startswith(f"{name} must be ")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_no_number_is_not_carried_where_any_number_is(number: float) -> None:
    contract = Contract(manifest(request_features=[field("weight", "float64")]))

    with pytest.raises(InvalidRequest) as caught:
        contract.rows({"depot": ["a", "b"], "weight": [1.0, number]})

    assert (caught.value.field, caught.value.row) == ("weight", 1)


@pytest.mark.parametrize(
    ("names", "code", "field"),
    [
        (["depot"], ErrorCode.MISSING_FIELD, "lane"),
        ([*EXAMPLE, "colour"], ErrorCode.UNKNOWN_FIELD, "colour"),
        ([*EXAMPLE, "lane"], ErrorCode.INVALID_FIELD, "lane"),
        ([], ErrorCode.MISSING_FIELD, "depot"),
    ],
)
def test_each_field_has_one_column(names: list[str], code: ErrorCode, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        CONTRACT.check_names(names)

    assert (caught.value.code, caught.value.field) == (code, field)


def test_their_order_is_free() -> None:
    CONTRACT.check_names(list(reversed(EXAMPLE)))
    columns = dict(reversed(by_column([EXAMPLE]).items()))

    assert CONTRACT.rows(columns) == [CONTRACT.decode(json.dumps(EXAMPLE).encode())]


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@repeatable
@given(st.sampled_from(list(EXAMPLE)), scalars | st.datetimes().map(lambda at: f"{at}Z"))
def test_any_value_is_judged_as_in_a_row(name: str, value: Any) -> None:
    row = EXAMPLE | {name: value}
    verdicts: list[Any] = []
    judges: tuple[Callable[[], Any], ...] = (
        lambda: CONTRACT.rows(by_column([row]))[0],
        lambda: CONTRACT.decode(json.dumps(row, allow_nan=True).encode()),
    )
    for judge in judges:
        try:
            verdicts.append(judge())
        except InvalidRequest as error:
            verdicts.append(None if error.code is ErrorCode.MALFORMED_JSON else error.field)

    by_columns, alone = verdicts
    assert by_columns == alone or alone is None
