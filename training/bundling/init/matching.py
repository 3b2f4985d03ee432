"""Which columns each input of a program takes, by name, by type and by number."""

from collections.abc import Callable, Collection, Mapping, Sequence
from math import prod
from pathlib import Path

from deployments.bundle.schema import ServiceSchema
from deployments.columns import Column
from deployments.dtypes import TEXTS, DType, type_of
from deployments.model.backends.base import TensorSpec
from training.bundling.column_names import named

Ask = Callable[[str, list[str]], list[str]]
"""Which columns an input takes, in words, and those that it may be; may raise ValueError."""

_NUMBERS = ("int64", "float64", "bool", "timestamp", "decimal")
_CATEGORIES = ("string", "uuid", "bool", "int64")


class Columns:
    """All columns that preprocessing may read: features in the order of the service, then request
    features, then entity keys."""

    def __init__(self, schema: ServiceSchema, values: Mapping[str, Column]) -> None:
        self.features, self.request = dict(schema.columns), dict(schema.request)
        self.dtypes: dict[str, DType] = {**schema.entities, **self.request, **self.features}
        self._values = values

    def all_named(self, names: Collection[str]) -> list[str]:
        """The columns of these names. Raises ValueError for one that is none."""
        found = []
        for name in names:
            column = named(name, self.dtypes)
            if column is None:
                raise ValueError(f"there is no column {name!r}: there are {', '.join(self.dtypes)}")
            found.append(column)
        return found

    def length(self, name: str) -> int | None:
        """That of its arrays, where all are as long; 1 of what is no array."""
        kind = type_of(self.dtypes[name])
        if not kind.is_list or kind.length:
            return kind.length or 1
        cells = self._values[name].tolist() if name in self._values else []
        lengths = {len(cell) for cell in cells if cell is not None}
        return lengths.pop() if len(lengths) == 1 else None

    def size(self, name: str) -> int:
        """One more than its largest whole number."""
        values = self._values[name].tolist() if name in self._values else []
        return 1 + int(max((value for value in values if value is not None), default=0))


def bare(program: Path, inputs: Sequence[TensorSpec], columns: Columns) -> bool:
    """Whether a program takes columns as they are: an ONNX graph that names them, of such types."""
    names = {one.name: named(one.name, columns.dtypes) for one in inputs}
    return program.suffix == ".onnx" and all(
        (name := names[one.name]) is not None
        and (one.dtype == "string" or columns.dtypes[name] not in TEXTS)
        for one in inputs
    )


def matched(
    inputs: Sequence[TensorSpec], columns: Columns, given: Mapping[str, Sequence[str]], ask: Ask
) -> dict[str, list[str]]:
    """For each input its columns: as ``given``, by its name, or all that are of its type where
    their number fits; else they are asked for. Raises ValueError."""
    if unknown := given.keys() - {one.name for one in inputs}:
        raise ValueError(
            f"the program has no input {min(unknown)!r}: it has "
            f"{', '.join(one.name for one in inputs)}"
        )
    found = {name: columns.all_named(names) for name, names in given.items()}
    for one in inputs:
        if one.name not in found and (column := named(one.name, columns.dtypes)):
            found[one.name] = [column]
    for one in inputs:
        if one.name in found:
            continue
        left = {name for name in columns.dtypes if not any(name in took for took in found.values())}
        chosen = _fitting(one, columns, left)
        found[one.name] = chosen or columns.all_named(
            ask(_told(one), [name for name in columns.features if name in left])
        )
    return {one.name: found[one.name] for one in inputs}


def _fitting(one: TensorSpec, columns: Columns, left: Collection[str]) -> list[str]:
    """All features that it can take, or all with the request's, if they are as many as it takes."""
    wanted = prod(size for size in one.shape[1:] if size is not None)
    any_number = None in one.shape[1:]
    takes = _NUMBERS if one.dtype.startswith(("float", "bfloat")) else _CATEGORIES
    if not takes or len(one.shape) > 2:
        return []
    for names in (columns.features, {**columns.features, **columns.request}):
        fits = [name for name in names if name in left and _taken(columns, name, takes)]
        if takes is _CATEGORIES and (texts := [n for n in fits if names[n] in ("string", "uuid")]):
            fits = texts if len(texts) == wanted or any_number else fits
        widths = [columns.length(name) or 0 for name in fits]
        if fits and (any_number or sum(widths) == wanted):
            return fits
    return []


def _taken(columns: Columns, name: str, dtypes: Collection[str]) -> bool:
    kind = type_of(columns.dtypes[name])
    if kind.item is not None:
        return columns.length(name) is not None and kind.item.kind in (*dtypes, "float32")
    return kind.kind in dtypes


def _told(one: TensorSpec) -> str:
    shape = ", ".join("any" if size is None else str(size) for size in one.shape[1:])
    return f"input {one.name!r} of the program ({one.dtype} [N{', ' if shape else ''}{shape}])"
