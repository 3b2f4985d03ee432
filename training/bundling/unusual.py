"""Rows that lack what a row may lack, and rows that are as long as they may be."""

from collections.abc import Collection, Mapping, Sequence
from itertools import cycle, islice
from typing import Any, NamedTuple

from app.serving.domain import MAX_LENGTH
from deployments.columns import Column, column_of
from deployments.dtypes import DType, type_of


class Unusual(NamedTuple):
    """A row by its columns, and in words what is special about it."""

    what: str
    columns: dict[str, Column]


def gaps(
    rows: Mapping[str, Column], dtypes: Mapping[str, DType], never_missing: Collection[str]
) -> list[Unusual]:
    """Of the first of these rows all that may come: each column missing, but for those of
    ``never_missing``, each array empty that may be, and all of them together."""
    row = {name: column[:1] for name, column in rows.items()}
    missing = [name for name in row if name not in never_missing]
    empty = [name for name in row if _has_any_length(dtypes[name])]
    return [
        *(_with(row, dtypes, [name], None, f"{name!r} is missing") for name in missing),
        *(_with(row, dtypes, [name], [], f"{name!r} is empty") for name in empty),
        *_together(row, dtypes, missing, None, "all that may be missing is"),
        *_together(row, dtypes, empty, [], "all arrays are empty"),
    ]


def longest(
    rows: Mapping[str, Column], dtypes: Mapping[str, DType], limits: Mapping[str, int | None]
) -> list[Unusual]:
    """The same row with each array as long as it may be: by its limit, or as fields are that have
    none. The elements are those of the first array that has any, over and over."""
    row = {name: column[:1] for name, column in rows.items()}
    found = []
    for name in filter(lambda name: _has_any_length(dtypes[name]), rows):
        limit = limits.get(name) or MAX_LENGTH[type_of(dtypes[name]).kind]
        elements = next((list(cell) for cell in rows[name].tolist() if cell), None)
        if elements:
            cell = list(islice(cycle(elements), limit))
            found.append(_with(row, dtypes, [name], cell, f"{name!r} has {limit} elements"))
    return found


def _has_any_length(dtype: DType) -> bool:
    kind = type_of(dtype)
    return kind.item is not None and kind.length is None


def _together(
    row: Mapping[str, Column],
    dtypes: Mapping[str, DType],
    names: Sequence[str],
    cell: Any,
    what: str,
) -> list[Unusual]:
    return [_with(row, dtypes, names, cell, what)] if len(names) > 1 else []


def _with(
    row: Mapping[str, Column],
    dtypes: Mapping[str, DType],
    names: Sequence[str],
    cell: Any,
    what: str,
) -> Unusual:
    return Unusual(what, {**row, **{name: column_of(dtypes[name], [cell]) for name in names}})
