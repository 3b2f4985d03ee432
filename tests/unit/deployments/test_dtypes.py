import pytest
from pydantic import TypeAdapter, ValidationError

from deployments.dtypes import DType, type_of

_KNOWN = [
    "string",
    "int64",
    "zoned_timestamp",
    "array<float32>",
    "array<float32, 128>",
    "set<uuid>",
    "array<array<int64>>",
    "array<set<string>>",
    "struct<name: string, sizes: array<float64, 3>>",
    "struct<of: struct<a b: int64>>",
]


@pytest.mark.parametrize("text", _KNOWN)
def test_a_type_reads_as_it_was_written(text: str) -> None:
    assert str(type_of(text)) == text


def test_spaces_do_not_matter() -> None:
    adapter = TypeAdapter(DType)

    assert adapter.validate_python(" array < float32,128 > ") == "array<float32, 128>"
    assert adapter.validate_python("struct<a:int64,b:string>") == "struct<a: int64, b: string>"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "float32",
        "text",
        "array",
        "array<>",
        "array<float32",
        "array<int64>>",
        "array<int64, 0>",
        "array<int64, -1>",
        "array<int64, many>",
        "set<string, 3>",
        "struct<>",
        "struct<a>",
        "struct<a: int64, a: string>",
        "int64, string",
        "array<" * 20 + "int64" + ">" * 20,
    ],
)
def test_what_names_no_type_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="is no type: use"):
        TypeAdapter(DType).validate_python(text)


def test_lists_of_scalars_are_lists_and_others_are_documents() -> None:
    assert type_of("set<decimal>").is_list
    assert type_of("array<float32, 4>").is_list
    for text in ("string", "json", "array<json>", "array<array<int64>>", "struct<a: int64>"):
        assert not type_of(text).is_list
