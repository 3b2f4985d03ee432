from typing import Any

from deployments.columns import column_of, key_column, missing_of
from training.bundling.unusual import gaps, longest

DTYPES = {
    "id": "int64",
    "size": "string",
    "price": "float64",
    "items": "array<int64>",
    "tags": "set<string>",
    "image": "array<float32, 2>",
    "profile": "json",
}
CELLS: dict[str, Any] = {
    "size": "large",
    "price": 2.5,
    "items": [1, 2],
    "tags": ["new"],
    "image": [0.5, 1.5],
    "profile": {"city": "Bonn"},
}
ROW = {"id": key_column("int64", [7])} | {
    name: column_of(DTYPES[name], [cell]) for name, cell in CELLS.items()
}


def lacking(never_missing: set[str]) -> dict[str, dict[str, Any]]:
    """By what a row lacks, its cells that differ from those of the whole row."""
    whole = {name: column.tolist() for name, column in ROW.items()}
    return {
        gap.what: {
            name: None if missing_of(column)[0] else column.tolist()[0]
            for name, column in gap.columns.items()
            if column.tolist() != whole[name]
        }
        for gap in gaps(ROW, DTYPES, never_missing)
    }


def test_each_column_may_be_missing_and_each_array_empty_and_all_together() -> None:
    missing = dict.fromkeys(CELLS)

    assert lacking({"id"}) == {
        **{f"{name!r} is missing": {name: None} for name in CELLS},
        "'items' is empty": {"items": []},
        "'tags' is empty": {"tags": []},
        "all that may be missing is": missing,
        "all arrays are empty": {"items": [], "tags": []},
    }


def test_what_a_request_must_give_is_never_missing_but_may_be_empty() -> None:
    found = lacking({"id", "size", "items"})

    assert "'size' is missing" not in found
    assert found["all that may be missing is"].keys() == CELLS.keys() - {"size", "items"}
    assert found["'items' is empty"] == {"items": []}


def test_each_array_is_as_long_as_it_may_be() -> None:
    found = {one.what: one.columns for one in longest(ROW, DTYPES, {"items": 5, "price": None})}

    assert found.keys() == {"'items' has 5 elements", "'tags' has 4096 elements"}
    assert found["'items' has 5 elements"]["items"].tolist() == [[1, 2, 1, 2, 1]]
    assert found["'tags' has 4096 elements"]["tags"].tolist() == [["new"] * 4096]


def test_of_an_array_that_no_row_has_none_is_made() -> None:
    none = {"items": column_of("array<int64>", [[], None])}

    assert longest(none, DTYPES, {}) == []
