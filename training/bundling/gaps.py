"""Rows that lack what a row may lack."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from deployments.columns import Column, column_of
from deployments.dtypes import DType, type_of


class Gap(NamedTuple):
    """A row by its columns, and in words what it lacks."""

    what: str
    columns: dict[str, Column]


def gaps(
    row: Mapping[str, Column], dtypes: Mapping[str, DType], never_missing: Collection[str]
) -> list[Gap]:
    """Of ``row``, as columns of one, all that may come: each column missing, but for those of
    ``never_missing``, each array empty that may be, and all of them together."""
    missing = [name for name in row if name not in never_missing]
    empty = [name for name in row if _may_be_empty(dtypes[name])]
    return [
        *(_gap(row, dtypes, [name], None, f"{name!r} is missing") for name in missing),
        *(_gap(row, dtypes, [name], [], f"{name!r} is empty") for name in empty),
        *_together(row, dtypes, missing, None, "all that may be missing is"),
        *_together(row, dtypes, empty, [], "all arrays are empty"),
    ]


def _together(
    row: Mapping[str, Column],
    dtypes: Mapping[str, DType],
    names: Sequence[str],
    cell: Any,
    what: str,
) -> list[Gap]:
    return [_gap(row, dtypes, names, cell, what)] if len(names) > 1 else []


def _gap(
    row: Mapping[str, Column],
    dtypes: Mapping[str, DType],
    names: Sequence[str],
    cell: Any,
    what: str,
) -> Gap:
    return Gap(what, {**row, **{name: column_of(dtypes[name], [cell]) for name in names}})


def _may_be_empty(dtype: DType) -> bool:
    kind = type_of(dtype)
    return kind.item is not None and kind.length is None
