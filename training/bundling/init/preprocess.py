"""The draft of ``preprocess.yaml``: each input of a program from its columns, as they are."""

from collections.abc import Mapping, Sequence
from typing import Any

from deployments.dtypes import type_of
from deployments.model.backends.base import TensorSpec
from training.bundling.init.matching import Columns
from training.bundling.init.text import entries, flow

_SHORT = {"numeric": "float32", "categorical": "int64"}


def preprocess_text(
    program: str,
    inputs: Sequence[TensorSpec],
    matched: Mapping[str, Sequence[str]],
    columns: Columns,
    *,
    learns: bool,
) -> str:
    """The file. What ``learns`` has vocabularies of the training set. Raises ValueError for columns
    that no step makes this input of."""
    documents = {one.name: _input(one, matched[one.name], columns, learns) for one in inputs}
    lines = [
        f"# How the inputs of {program} are made: columns in the order of training, as they were",
        "# then (`scale: none` is as it is). All steps are in docs/bring-your-own.md.",
    ]
    short = {
        one.name: documents[one.name][form]
        for one in inputs
        if (form := one.name) in _SHORT and form in documents[form]
    }
    for one in inputs:
        if one.name in short:
            lines += [f"{one.name}:{_shape(one)}", *entries(short[one.name])]
    if others := [one for one in inputs if one.name not in short]:
        lines.append("inputs:")
        for one in others:
            lines.append(f"  {one.name}:{_shape(one)}")
            for key, value in documents[one.name].items():
                if isinstance(value, list):
                    lines += [f"    {key}:", *entries(value, "      ")]
                else:
                    lines.append(f"    {key}: {flow(value)}")
    return "\n".join(lines) + "\n"


def _shape(one: TensorSpec) -> str:
    sizes = ["N", *("any" if size is None else str(size) for size in one.shape[1:])]
    return f"  # {one.dtype} [{', '.join(sizes)}]"


def _input(one: TensorSpec, names: Sequence[str], columns: Columns, learns: bool) -> dict[str, Any]:
    if one.name in _SHORT and len(one.shape) == 2:
        return _side_by_side(one, names, columns, learns)
    if len(names) == 1 and (alone := _alone(one, names[0], columns)):
        return alone
    document = _side_by_side(one, names, columns, learns)
    return document if len(one.shape) > 1 else {**document, "squeeze": True}


def _alone(one: TensorSpec, name: str, columns: Columns) -> dict[str, Any] | None:
    """A value passed on, or the elements of an array in their order."""
    kind = type_of(columns.dtypes[name])
    dtype = _passed(one.dtype)
    item = kind.item.kind if kind.item else kind.kind
    passes = item in ("int64", "float64", "float32", "bool")
    if len(one.shape) == 1 and not kind.item and passes:
        return {"tensor": {"column": name, "dtype": dtype}}
    if kind.is_list and len(one.shape) == 2 and one.shape[1] is not None and passes:
        return {"tensor": {"column": name, "shape": [one.shape[1]], "dtype": dtype}}
    if kind.is_list and len(one.shape) == 2:
        step = {"op": "numeric", "scale": "none"} if dtype == "float32" else {"op": "vocabulary"}
        return {"sequence": {"column": name, **step}}
    return None


def _side_by_side(
    one: TensorSpec, names: Sequence[str], columns: Columns, learns: bool
) -> dict[str, Any]:
    if _passed(one.dtype) == "float32":
        return {"numeric": [_number(name, columns) for name in names]}
    return {"categorical": [_index(name, columns, learns) for name in names]}


def _number(name: str, columns: Columns) -> dict[str, Any]:
    kind = type_of(columns.dtypes[name])
    if kind.is_list:
        return {"column": name, "op": "array", "length": columns.length(name)}
    if kind.kind in ("string", "uuid"):
        return {"column": name, "op": "one_hot"}
    if kind.item or kind.kind in ("json", "map", "scalar_map", "struct", "bytes"):
        raise ValueError(
            f"{name!r} is a {kind}: no number is made of it as it is; write preprocess.yaml with a "
            "derived `op: path`, or leave it out (--input)"
        )
    return {"column": name, "scale": "none"}


def _index(name: str, columns: Columns, learns: bool) -> dict[str, Any]:
    if columns.dtypes[name] == "int64" and not learns:
        return {"column": name, "op": "index", "size": columns.size(name)}
    return {"column": name}


def _passed(dtype: str) -> str:
    """What preprocessing makes for a program's dtype."""
    if dtype == "bool":
        return "bool"
    return "int64" if dtype.startswith(("int", "uint")) else "float32"
