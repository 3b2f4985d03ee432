"""The hash of on-demand code: another where it computes something else, and only there."""

import math
import threading
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from feast import Field, RequestSource
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.types import Float64, Int64

from deployments.features.code_digest import digest

ORDER = RequestSource(name="order", schema=[Field(name="quantity", dtype=Int64)])
TEXT = "def order(inputs):\n    return {'x': [q * used for q in inputs['quantity']]}\n"


def code(text: str = TEXT, mode: str = "python", **module: Any) -> str:
    """The digest of code as it comes out of a registry, where ``module`` is what it could use."""
    names: dict[str, Any] = {"__name__": "__main__", **module}
    exec(text, names)
    view = OnDemandFeatureView(
        name="order",
        sources=[ORDER],
        schema=[Field(name="x", dtype=Float64)],
        mode=mode,
        udf=names["order"],
        udf_string=text,
        singleton=module.pop("singleton", False),
    )
    return digest(OnDemandFeatureView.from_proto(view.to_proto()))


def helper(text: str, **module: Any) -> Any:
    """A function as a notebook would define it."""
    names: dict[str, Any] = {"__name__": "__main__", **module}
    exec(text, names)
    return names["helper"]


@dataclass
class Rate:
    of: float


ALIKE: dict[str, tuple[Any, Any]] = {
    "numbers": (1.19, 1.19),
    "sets": ({"a", "b", "c"}, {"c", "b", "a"}),
    "arrays": (np.arange(3), np.arange(3)),
    "series": (pd.Series({"a": 1.5}), pd.Series({"a": 1.5})),
    "objects": ([Rate(1.0), Decimal("1.5")], [Rate(1.0), Decimal("1.5")]),
    "functions": (helper("def helper(x): return x"), helper("def helper(x):\n    return x  # y")),
    "modules": (math, math),
    "locks": (threading.Lock(), threading.Lock()),
}
APART: dict[str, tuple[Any, Any]] = {
    "numbers": (1.19, 1.2),
    "kinds of numbers": (1, 1.0),
    "sets": ({"a", "b"}, {"a", "c"}),
    "dictionaries": ({"a": 1}, {"a": 2}),
    "arrays": (np.arange(3), np.array([0, 1, 3])),
    "series": (pd.Series({"a": 1.5}), pd.Series({"a": 2.5})),
    "tables": (pd.DataFrame({"a": [1.5]}), pd.DataFrame({"b": [1.5]})),
    "types of tables": (pd.Series([1.5], dtype="float32"), pd.Series([1.5])),
    "objects": (Rate(1.0), Rate(2.0)),
    "functions": (helper("def helper(x): return x"), helper("def helper(x): return x + 1")),
    "what functions use": (
        helper("def helper(x): return x * rate", rate=1),
        helper("def helper(x): return x * rate", rate=2),
    ),
    "defaults of functions": (
        helper("def helper(x, rate=1): return x * rate"),
        helper("def helper(x, rate=2): return x * rate"),
    ),
    "names of modules": (math.sqrt, math.floor),
}


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE)
def test_what_code_uses_counts_by_its_value(one: Any, other: Any) -> None:
    assert code(used=one) == code(used=other)


@pytest.mark.parametrize(("one", "other"), APART.values(), ids=APART)
def test_another_value_of_what_code_uses_is_other_code(one: Any, other: Any) -> None:
    assert code(used=one) != code(used=other)


def test_what_code_does_not_use_is_no_matter() -> None:
    assert code(used=1, unused=1) == code(used=1, unused=2)


def test_text_counts_without_comments_and_layout() -> None:
    commented = TEXT.replace("\n", "  # comment\n", 1).replace("'", '"')

    assert code(commented, used=1) == code(used=1)
    assert code(TEXT.replace("*", "+"), used=1) != code(used=1)


def test_mode_and_form_count() -> None:
    text = "def order(inputs):\n    return inputs\n"

    assert len({code(text), code(text, mode="pandas"), code(text, singleton=True)}) == 3


def test_sources_count() -> None:
    def view(name: str) -> OnDemandFeatureView:
        source = OnDemandFeatureView(
            name="order",
            sources=[ORDER],
            schema=[Field(name="x", dtype=Float64)],
            mode="python",
            udf=helper("def helper(inputs): return inputs"),
            udf_string="def helper(inputs): return inputs",
        )
        source.source_feature_view_projections = {name: source.projection}
        return source

    assert digest(view("shelf")) != digest(view("rack"))
