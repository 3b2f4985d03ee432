from typing import Any

import pytest
from feast import Field
from feast.types import (
    Array,
    Decimal,
    FeastType,
    Float32,
    Int32,
    Json,
    PdfBytes,
    Set,
    String,
    Struct,
    TimeUuid,
    UnixTimestamp,
)

from deployments.features.dtypes import dtype_of
from deployments.features.plan import ServiceError

PERSON = Struct({"name": String, "weights": Array(Float32), "height": Float32})


def field(dtype: FeastType, **options: Any) -> Field:
    stored: Field = Field.from_proto(Field(name="it", dtype=dtype, **options).to_proto())
    return stored


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (Float32, "float64"),
        (Int32, "int64"),
        (PdfBytes, "bytes"),
        (TimeUuid, "uuid"),
        (Array(Float32), "array<float32>"),
        (Array(Int32), "array<int64>"),
        (Set(Decimal), "set<decimal>"),
        (Array(Json), "array<json>"),
        (Array(Array(Float32)), "array<array<float32>>"),
        (Array(Set(UnixTimestamp)), "array<set<timestamp>>"),
        (PERSON, "struct<name: string, weights: array<float32>, height: float64>"),
        (Array(Struct({"at": UnixTimestamp})), "array<struct<at: timestamp>>"),
    ],
    ids=str,
)
def test_a_type_is_that_of_the_registry(dtype: FeastType, expected: str) -> None:
    assert dtype_of(field(dtype), "v__it") == expected


def test_an_array_whose_length_the_registry_knows_is_of_that_length() -> None:
    vector = field(Array(Float32), vector_index=True, vector_length=128)

    assert dtype_of(vector, "v__it") == "array<float32, 128>"
    assert dtype_of(field(String, vector_length=3), "v__it") == "string"


@pytest.mark.parametrize("name", ["a:b", "a<b", "a, b"])
def test_a_struct_with_a_name_that_no_dtype_writes_is_refused_by_name(name: str) -> None:
    with pytest.raises(ServiceError, match=r"'v__it' has the type Struct.*field name with one of"):
        dtype_of(field(Struct({name: String})), "v__it")
