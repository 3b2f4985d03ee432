"""What stands in a document at a path."""

from typing import Any

import pytest

from deployments.columns import column_of, objects
from deployments.preprocess.declared import DeclaredPreprocessor
from deployments.preprocess.derive import derive
from deployments.preprocess.derived_steps import Path
from deployments.preprocess.paths import NoSuchPlace, found, parsed
from deployments.preprocess.spec import PreprocessSpec
from deployments.stage.isolation import RowProblem
from tests.support.preprocessing import fitted

DOCUMENT = {
    "name": "Ada",
    "address": {"city": "Paris", "zip": None, "geo": None},
    "tags": ["a", "b"],
    "items": [{"sku": 7, "tags": [1]}, {"sku": 9, "tags": []}],
    "a.b": {"c d": 1},
    7: "seven",
    True: "yes",
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "Ada"),
        ("address.city", "Paris"),
        ("address.zip", None),
        ("address.geo.lat", None),
        ("tags[0]", "a"),
        ("tags[-1]", "b"),
        ("items[1].sku", 9),
        ("items[*].sku", [7, 9]),
        ("items[*].tags[*]", [[1], []]),
        ('["a.b"].c d', 1),
        ('["a.b"]["c d"]', 1),
        ("7", "seven"),
        ("true", "yes"),
    ],
)
def test_a_path_leads_to_a_value(path: str, value: Any) -> None:
    assert found(DOCUMENT, parsed(path)) == value


@pytest.mark.parametrize(
    "path", ["none", "address.none", "tags[2]", "tags.a", "name[0]", "name.a", "name[*]"]
)
def test_a_path_that_leads_nowhere_says_so(path: str) -> None:
    with pytest.raises(NoSuchPlace):
        found(DOCUMENT, parsed(path))


@pytest.mark.parametrize("path", ["", "a..b", "a[", "a[x]", "a]b", "[0]a", "a."])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is no path into a document"):
        Path(name="out", op="path", of="x", path=path)


def test_a_document_without_the_place_is_named_unless_that_is_optional() -> None:
    column = column_of("json", [{"a": 1}, None, {"a": None}, {"b": 2}])
    step = Path(name="out", op="path", of="profile", path="a")

    with pytest.raises(RowProblem, match="'profile' has nothing at a") as caught:
        derive(step, {"profile": column})
    assert caught.value.column == "profile"

    optional = derive(step.model_copy(update={"optional": True}), {"profile": column})
    assert optional.tolist() == [1, None, None, None]


def test_what_a_path_finds_becomes_numbers_categories_and_sequences() -> None:
    documents = [
        {"age": 30, "city": "Paris", "visits": [1, 2]},
        {"age": None, "city": "Rome", "visits": []},
    ]
    preprocessor = fitted(
        {"profile": column_of("json", documents)},
        derived=[
            {"name": name, "op": "path", "of": "profile", "path": name}
            for name in ("age", "city", "visits")
        ],
        numeric=[{"column": "age", "scale": "none", "indicator": True}],
        categorical=[{"column": "city"}],
        inputs={"visits": {"sequence": {"column": "visits", "op": "index", "size": 10}}},
    )

    inputs = preprocessor.transform({"profile": column_of("json", documents)})

    assert preprocessor.inputs == ["profile"]
    assert inputs["numeric"].tolist() == [[30, 0], [30, 1]]
    assert inputs["categorical"].tolist() == [[1], [2]]
    assert inputs["visits"].tolist() == [[1, 2], [0, 0]]


def test_a_place_that_the_training_set_lacks_is_told_with_what_to_write() -> None:
    with pytest.raises(ValueError, match=r"'x' has nothing at a: `optional: true` makes it"):
        fitted(
            {"x": objects([{}])},
            derived=[{"name": "out", "op": "path", "of": "x", "path": "a"}],
            categorical=[{"column": "out"}],
        )


def test_what_a_path_finds_of_another_type_is_told_of_the_document() -> None:
    spec = PreprocessSpec.model_validate(
        {
            "derived": [{"name": "a", "op": "path", "of": "profile", "path": "a"}],
            "numeric": [{"column": "a", "scale": "none"}],
        }
    )
    documents = {"profile": column_of("json", [{"a": 1}])}
    preprocessor = DeclaredPreprocessor.fit(spec, documents)

    with pytest.raises(RowProblem, match="no step can take what 'a' holds") as caught:
        preprocessor.transform({"profile": column_of("json", [{"a": "x"}])})

    assert caught.value.column == "profile"
