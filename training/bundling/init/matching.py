"""Which columns each input of a program takes, by name, by type and by number."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from deployments.dtypes import TEXTS
from deployments.model.backends.base import TensorSpec
from training.bundling.column_names import named
from training.bundling.init.columns import Columns

_NUMBERS = ("int64", "float64", "float32", "bool", "timestamp", "decimal")
_TEXTS = ("string", "uuid")
_CATEGORIES = (*_TEXTS, "int64", "bool")


def bare(program: Path, inputs: Sequence[TensorSpec], columns: Columns) -> bool:
    """Whether a program takes columns as they are: an ONNX graph that names them, of such types."""
    names = {one.name: named(one.name, columns.dtypes) for one in inputs}
    return program.suffix == ".onnx" and all(
        (name := names[one.name]) is not None
        and (one.dtype == "string" or columns.dtypes[name] not in TEXTS)
        for one in inputs
    )


def matched(
    inputs: Sequence[TensorSpec], columns: Columns, given: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """For each input its columns: as ``given``, by its name, or of its type. None are left for one
    that nothing fits. Raises ValueError for names that there are not."""
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
        if one.name not in found:
            taken = {name for names in found.values() for name in names}
            found[one.name] = _fitting(one, columns, taken)
    return {one.name: found[one.name] for one in inputs}


def _fitting(one: TensorSpec, columns: Columns, taken: Collection[str]) -> list[str]:
    """What there is for an input whose name tells nothing: an array of its size, or else all
    features of its type, with those of the request where they are as many only with them."""
    kinds = _NUMBERS if one.dtype.startswith(("float", "bfloat")) else _CATEGORIES
    if one.dtype == "bool" or len(one.shape) > 2:
        return []
    left = [
        name
        for name in {**columns.features, **columns.request}
        if name not in taken and columns.item(name) in kinds
    ]
    size = one.shape[1] if len(one.shape) == 2 else 1
    arrays = [name for name in left if columns.is_list(name)]
    if len(one.shape) == 2:
        alone = [name for name in arrays if size is None or columns.length(name) == size]
        if len(alone) == 1 and (size is None or size > 1):
            return alone
    left = [name for name in left if columns.length(name) is not None]
    features = [name for name in left if name in columns.features]
    texts = [name for name in features if columns.item(name) in _TEXTS]
    wholes = [name for name in features if name not in arrays]
    choices = [features, wholes, left] if kinds is _NUMBERS else [texts, wholes, features, left]
    fitting = (names for names in choices if names and columns.lengths(names) == size)
    return next(fitting, [] if len(one.shape) == 1 else next(filter(None, choices), []))
