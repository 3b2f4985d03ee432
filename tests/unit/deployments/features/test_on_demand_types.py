"""On-demand views that answer values of every type."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from feast import Field, RequestSource
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.types import Array, FeastType, Float32, Int64, Json, Map, Set, Uuid

from deployments.columns import Column, column_of, missing_of
from deployments.features.dtypes import dtype_of
from deployments.features.on_demand import compute, compute_rows
from deployments.features.plan import OnDemandView
from deployments.features.store.values import decoder_of
from deployments.stage.isolation import Isolation
from tests.unit.deployments.features.conformance.every_type import TYPES, proto
from tests.unit.deployments.features.conformance.test_code_types import NOT_IN_TABLES

CODE = {
    "python": "def out(inputs):\n    return {'out': inputs['given']}\n",
    "singleton": "def out(inputs):\n    return {'out': inputs['given']}\n",
    "pandas": "def out(inputs):\n    return pd.DataFrame({'out': inputs['given']})\n",
}


def computation(dtype: FeastType, code: str, mode: str = "python") -> OnDemandView:
    """A view that makes ``out`` of the request's ``given``, both of this type."""
    names: dict[str, Any] = {"pd": pd, "np": np}
    exec(code, names)
    made = OnDemandFeatureView(
        name="it",
        sources=[RequestSource(name="request", schema=[Field(name="given", dtype=dtype)])],
        schema=[Field(name="out", dtype=dtype)],
        mode="pandas" if mode == "pandas" else "python",
        singleton=mode == "singleton",
        udf=names["out"],
        udf_string=code,
    )
    return OnDemandView("it", made, {}, {"out": dtype_of(made.features[0], "out")})


def plain(column: Column, name: str = "") -> list[Any]:
    """The cells of a column; those of a set in one order, since theirs means nothing."""
    cells = zip(column.tolist(), missing_of(column), strict=True)
    of_set = name.endswith("_set")
    return [None if gone else sorted(one, key=repr) if of_set else one for one, gone in cells]


# Arrow gives all dictionaries of a list the keys of each.
NOT_AS_THEY_WERE = (*NOT_IN_TABLES, "trait_list")
CASES = [
    (name, mode)
    for name in TYPES
    for mode in CODE
    if mode != "pandas" or name not in NOT_AS_THEY_WERE
]


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_what_code_is_given_it_may_answer(name: str, mode: str) -> None:
    feast, values = TYPES[name]
    view = computation(feast, CODE[mode], mode)
    (dtype,) = view.features.values()
    decode = decoder_of(dtype)
    given = column_of(dtype, [decode(proto(name, one)) for one in [*values, None]])

    answer = compute(view, {"given": given}, {"given": dtype})["it__out"]

    assert type(answer) is type(given)
    assert plain(answer, name) == plain(given, name)
    assert missing_of(answer).tolist() == missing_of(given).tolist()


@pytest.mark.parametrize(
    ("feast", "answer", "expected"),
    [
        (Array(Float32), "np.array([0.5, 2], np.float32)", [0.5, 2.0]),
        (Array(Float32), "[1, 2]", None),
        (Array(Int64), "[1.5]", None),
        (Array(Float32), "[float('inf')]", None),
        (Set(Int64), "[3, 3]", [3]),
        (Json, "'{\"a\": 1}'", {"a": 1}),
        (Json, "'{'", None),
        (Map, "[1]", None),
        (Uuid, "'0190F5F6-0000-7000-8000-00000000000A'", "0190f5f6-0000-7000-8000-00000000000a"),
        (Uuid, "'no id'", None),
        (Int64, "2**62 + 1", 2**62 + 1),
        (Int64, "2**64", None),
    ],
)
def test_an_answer_is_taken_as_feast_takes_it_or_is_its_rows_alone(
    feast: FeastType, answer: str, expected: Any
) -> None:
    code = f"def out(inputs):\n    return {{'out': {answer} if inputs['given'] else None}}\n"
    view = computation(feast, code, "singleton")
    given = column_of("int64", [0, 1])

    columns, failed = compute_rows(
        view, {"given": given}, {"given": "int64"}, Isolation("features")
    )

    assert plain(columns["it__out"]) == [None, expected]
    assert list(failed) == ([] if expected is not None else [1])


CHANGED = """
def out(inputs):
    for one in inputs["given"]:
        one["seen"] = "yes"
    return {"out": inputs["given"]}
"""


def test_documents_that_code_changes_are_its_own() -> None:
    given = column_of("map", [{"a": {"b": "c"}}])

    found = compute(computation(Map, CHANGED), {"given": given}, {"given": "map"})

    assert found["it__out"].tolist() == [{"a": {"b": "c"}, "seen": "yes"}]
    assert given.tolist() == [{"a": {"b": "c"}}]
