from pathlib import Path
from typing import Any

import pytest
from feast import FeatureService, Field
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.types import Array, Float64, Int64

from deployments.features.code_inputs import inputs_named
from deployments.features.plan import ServiceError
from deployments.features.resolve import resolve
from tests.support.repos import STORE, applied, view

SCHEMA = [
    Field(name="store_id", dtype=Int64),
    Field(name="price", dtype=Float64),
    Field(name="embedding", dtype=Array(Float64)),
]


def computed(source: Any, code: str) -> OnDemandFeatureView:
    text = f"def double(inputs):\n    {code}\n"
    names: dict[str, Any] = {}
    exec(text, names)
    return OnDemandFeatureView(
        name="double",
        sources=[source],
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


def test_a_column_that_no_frame_carries_is_left_out_where_the_code_never_takes_it(
    tmp_path: Path,
) -> None:
    shelf = view(tmp_path, "shelf", [STORE], SCHEMA)
    double = computed(shelf, "return {'x': [2 * p for p in inputs['price']]}")
    service = FeatureService(name="v1", features=[double])

    plan = resolve(applied(tmp_path, STORE, shelf, double, service), "v1")

    assert dict(plan.on_demand[0].inputs) == {"shelf__price": "float64"}


@pytest.mark.parametrize(
    "code",
    [
        "return {'x': [float(e[0]) for e in inputs['embedding']]}",
        "return {'x': [float(len(inputs))]}",
    ],
)
def test_one_that_the_code_may_take_is_refused_by_its_type(tmp_path: Path, code: str) -> None:
    shelf = view(tmp_path, "shelf", [STORE], SCHEMA)
    double = computed(shelf, code.replace("float(e[0])", "float(bool(e))"))
    service = FeatureService(name="v1", features=[double])
    store = applied(tmp_path, STORE, shelf, double, service)

    with pytest.raises(ServiceError, match="'shelf__embedding' has the type Array"):
        resolve(store, "v1")
