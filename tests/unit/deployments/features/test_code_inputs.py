from pathlib import Path
from typing import Any

import pytest
from feast import FeatureService, Field, RequestSource
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.types import Array, Float64, Int64

from deployments.features.code_inputs import inputs_named
from deployments.features.resolve import resolve
from tests.support.repos import STORE, applied, view

SCHEMA = [
    Field(name="store_id", dtype=Int64),
    Field(name="price", dtype=Float64),
    Field(name="embedding", dtype=Array(Float64)),
]


def computed(source: Any, code: str, *sources: Any) -> OnDemandFeatureView:
    text = f"def double(inputs):\n    {code}\n"
    names: dict[str, Any] = {}
    exec(text, names)
    return OnDemandFeatureView(
        name="double",
        sources=[source, *sources],
        schema=[Field(name="x", dtype=Float64)],
        mode="python",
        udf=names["double"],
        udf_string=text,
    )


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("return {'x': inputs['price']}", {"price"}),
        (
            "return {'x': [p for p in inputs['price']], 'y': inputs.get('stock')}",
            {"price", "stock"},
        ),
        ("return {'x': inputs['shelf__price']}", {"shelf__price"}),
        ("return inputs[['price', 'stock']]", {"price", "stock"}),
        ("return {'x': [1.0]}", set()),
        ("return {'x': inputs.price}", None),
        ("return {'x': [len(inputs)]}", None),
        ("return {'x': [inputs[name] for name in inputs]}", None),
        ("other = inputs; return {'x': other['price']}", None),
        ("return {'x': inputs['pri' + 'ce']}", None),
    ],
)
def test_inputs_are_known_where_each_is_taken_by_name(
    tmp_path: Path, code: str, named: set[str] | None
) -> None:
    shelf = view(tmp_path, "shelf", [STORE], SCHEMA)

    assert inputs_named(computed(shelf, code)) == named


def test_a_column_that_the_code_never_takes_is_not_read(
    tmp_path: Path,
) -> None:
    shelf = view(tmp_path, "shelf", [STORE], SCHEMA)
    double = computed(shelf, "return {'x': [2 * p for p in inputs['price']]}")
    service = FeatureService(name="v1", features=[double])

    plan = resolve(applied(tmp_path, STORE, shelf, double, service), "v1")

    assert dict(plan.on_demand[0].inputs) == {"shelf__price": "float64"}
    assert dict(plan.stored[0].features) == {"price": "float64"}


def test_code_that_may_take_any_is_given_all_of_any_type(tmp_path: Path) -> None:
    shelf = view(tmp_path, "shelf", [STORE], SCHEMA)
    double = computed(shelf, "return {'x': [float(len(inputs))]}")
    service = FeatureService(name="v1", features=[double])

    plan = resolve(applied(tmp_path, STORE, shelf, double, service), "v1")

    inputs = {"shelf__price": "float64", "shelf__embedding": "array<float64>"}
    assert dict(plan.on_demand[0].inputs) == inputs


def test_a_view_of_which_the_code_takes_nothing_is_not_asked_for(tmp_path: Path) -> None:
    shelf = view(tmp_path, "shelf", [STORE], SCHEMA)
    request = RequestSource(name="order", schema=[Field(name="amount", dtype=Float64)])
    double = computed(shelf, "return {'x': [2 * a for a in inputs['amount']]}", request)
    service = FeatureService(name="v1", features=[double])

    plan = resolve(applied(tmp_path, STORE, shelf, double, service), "v1")

    assert (plan.stored, plan.schema.entities) == ((), {})
    assert plan.schema.request == {"amount": "float64"}


def test_a_view_of_which_the_code_takes_the_key_alone_is_asked_by_it(tmp_path: Path) -> None:
    shelf = view(tmp_path, "shelf", [STORE], SCHEMA)
    double = computed(shelf, "return {'x': [2.0 * one for one in inputs.get('store_id', [1])]}")
    service = FeatureService(name="v1", features=[double])

    plan = resolve(applied(tmp_path, STORE, shelf, double, service), "v1")

    assert plan.schema.entities == {"store_id": "int64"}
    assert not plan.on_demand[0].inputs
