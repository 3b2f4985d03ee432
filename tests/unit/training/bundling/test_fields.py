from math import inf, nan
from typing import Any

import pytest
from pydantic import ValidationError

from deployments.bundle.schema import ServiceSchema
from training.bundling.fields import entity_fields, instant, request_fields

SCHEMA = ServiceSchema(
    service="v1",
    entities={"store": "int64", "town": "string"},
    request={"placed_at": "timestamp"},
    views={},
    on_demand={},
    columns={"shelf__price": "float64"},
)
STORE = {"name": "store", "example": 7}
TOWN = {"name": "town", "example": "Bonn"}
GIFT = {"name": "gift", "dtype": "bool", "example": False}
COUNT = {"name": "count", "dtype": "int64", "example": 1}
PLACED = {"name": "placed_at", "example": "2024-03-01T12:00:00Z"}


def test_fields_have_the_types_of_the_service_in_the_order_of_the_contract() -> None:
    town, store = entity_fields(SCHEMA, [TOWN, STORE])

    assert (town.name, town.dtype) == ("town", "string")
    assert (store.name, store.dtype) == ("store", "int64")


def test_bounds_of_an_instant_become_epoch_seconds() -> None:
    (placed,) = request_fields(
        SCHEMA,
        [PLACED | {"minimum": "2024-01-01T00:00:00Z", "maximum": "2025-01-01T01:00:00+01:00"}],
    )

    assert (placed.minimum, placed.maximum) == (1704067200.0, 1735689600.0)
    assert placed.example == "2024-03-01T12:00:00Z"


def test_a_field_that_only_the_preprocessing_reads_says_its_dtype() -> None:
    assert request_fields(SCHEMA, [PLACED, GIFT])[1].dtype == "bool"


@pytest.mark.parametrize(
    ("documents", "problem"),
    [
        ([STORE], r"keys are \['store', 'town'\], described are \['store'\]"),
        ([STORE, TOWN, PLACED], r"described are \['placed_at', 'store', 'town'\]"),
        ([STORE, STORE, TOWN], r"\['store'\] are described twice"),
        ([STORE | {"dtype": "string"}, TOWN], "'store' is int64 in the feature service, not str"),
    ],
)
def test_entity_keys_that_the_service_does_not_have_so_are_refused(
    documents: list[dict[str, Any]], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        entity_fields(SCHEMA, documents)


@pytest.mark.parametrize(
    ("documents", "problem"),
    [
        ([], r"also takes the request features \['placed_at'\]"),
        ([PLACED, STORE], r"\['store'\] are entity keys: do not describe them twice"),
        ([PLACED, {"name": "gift", "example": True}], "takes no field 'gift': give its dtype"),
        ([PLACED | {"minimum": "2024-03-01"}], "'2024-03-01' has no UTC offset"),
        ([PLACED | {"minimum": "tomorrow"}], "minimum of 'placed_at' is no instant: Invalid iso"),
        ([PLACED, {"name": "shelf__price", "dtype": "float64", "example": 1}], "are features, wh"),
        ([PLACED, GIFT | {"max_length": 9}], "the max_length of 'gift' means nothing: bool has"),
        ([PLACED | {"dtype": "int64"}], "'placed_at' is timestamp in the feature service, not int"),
        ([PLACED, GIFT | {"minimum": 0}], "the minimum of 'gift' means nothing: a bool has none"),
        ([PLACED, COUNT | {"maximum": inf}], "the maximum of 'count' is inf: leave it out where"),
        ([PLACED, COUNT | {"minimum": nan}], "the minimum of 'count' is nan: leave it out where"),
        ([PLACED, COUNT | {"minimum": "2024-01-01T00:00:00Z"}], "of 'count' is '2024.*not a num"),
    ],
)
def test_request_features_that_cannot_be_are_refused(
    documents: list[dict[str, Any]], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        request_fields(SCHEMA, documents)


def test_a_word_that_a_field_does_not_have_is_refused() -> None:
    with pytest.raises(ValidationError, match="colour"):
        entity_fields(SCHEMA, [STORE | {"colour": "red"}, TOWN])


def test_an_instant_is_read_in_its_own_offset() -> None:
    assert instant("2013-12-03T09:15:00-05:00") == 1386080100


def test_an_instant_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="no UTC offset"):
        instant("2013-12-03T09:15:00")


ARRAYS = SCHEMA.model_copy(update={"request": {"scores": "array<float32>"}})
SCORES = {"name": "scores", "example": [0.5, 1.0]}


def test_bounds_are_of_elements_and_whole_numbers_stay_whole() -> None:
    limits = {"minimum": 0, "maximum": 2**53 + 1, "max_length": 9}

    (scores,) = request_fields(ARRAYS, [SCORES | limits])

    assert (scores.minimum, scores.maximum, scores.max_length) == (0, 2**53 + 1, 9)


def test_a_contract_may_say_how_long_arrays_are() -> None:
    (scores,) = request_fields(ARRAYS, [SCORES | {"dtype": "array<float32, 2>"}])

    assert scores.dtype == "array<float32, 2>"
    with pytest.raises(ValueError, match="'scores' is array<float32> in the feature serv"):
        request_fields(ARRAYS, [SCORES | {"dtype": "array<string>"}])
    with pytest.raises(ValueError, match="the max_length of 'scores' means nothing"):
        request_fields(ARRAYS, [SCORES | {"dtype": "array<float32, 2>", "max_length": 2}])


@pytest.mark.parametrize(
    ("said", "gappy", "optional"),
    [
        ({}, [], False),
        ({}, ["placed_at"], True),
        ({"optional": True}, [], True),
        ({"optional": False}, ["placed_at"], False),
    ],
)
def test_a_field_is_optional_where_it_says_so_or_training_saw_gaps(
    said: dict[str, bool], gappy: list[str], optional: bool
) -> None:
    (placed,) = request_fields(SCHEMA, [PLACED | said], gappy)

    assert placed.optional == optional


def test_entity_keys_are_never_optional() -> None:
    with pytest.raises(ValueError, match=r"\['town'\] cannot be optional: entity keys are never"):
        entity_fields(SCHEMA, [STORE, TOWN | {"optional": True}])
