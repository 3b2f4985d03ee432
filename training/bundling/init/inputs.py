"""How an input of a program is made of its columns, by steps that change as little as they can."""

from collections.abc import Sequence
from typing import Any

from deployments.model.backends.base import TensorSpec
from training.bundling.init.columns import Columns

Document = dict[str, Any]
"""An input as ``preprocess.yaml`` has it."""

_PASSED = ("int64", "float64", "float32", "bool")
_TEXTS = ("string", "uuid")


def input_document(
    one: TensorSpec, names: Sequence[str], columns: Columns, *, learns: bool
) -> Document:
    """The input of these columns. What ``learns`` has vocabularies of a training set."""
    if len(names) == 1 and (alone := _alone(one, names[0], columns, learns)):
        return alone
    if made_of(one) == "float32":
        document = {"numeric": [_number(name, columns) for name in names]}
    else:
        document = {"categorical": [_index(name, columns, learns) for name in names]}
    return document if len(one.shape) > 1 else {**document, "squeeze": True}


def made_of(one: TensorSpec) -> str:
    """The dtype that preprocessing makes for a program's."""
    if one.dtype == "bool":
        return "bool"
    return "int64" if one.dtype.startswith(("int", "uint")) else "float32"


def unfit(one: TensorSpec, document: Document, columns: Columns) -> str | None:
    """What is wrong with columns side by side that are not as many as the input takes."""
    steps = document.get("numeric") or document.get("categorical")
    if not steps or len(one.shape) != 2 or one.shape[1] is None:
        return None
    if any(step.get("op") in ("one_hot", "multi_hot") for step in steps):
        return None  # only training tells how many they make
    made = columns.lengths([step["column"] for step in steps])
    if made in (None, one.shape[1]):
        return None
    return f"it takes {one.shape[1]} a row, and these make {made}"


def _alone(one: TensorSpec, name: str, columns: Columns, learns: bool) -> Document | None:
    """A value passed on, or the elements of an array in their order."""
    passes = columns.item(name) in _PASSED
    if not columns.is_list(name):
        whole = passes and len(one.shape) == 1
        return {"tensor": {"column": name, "dtype": made_of(one)}} if whole else None
    if len(one.shape) != 2:
        return None
    size = one.shape[1]
    if passes and size is not None and size == columns.length(name):
        return {"tensor": {"column": name, "shape": [size], "dtype": made_of(one)}}
    if made_of(one) == "float32":
        step = {"column": name, "op": "numeric", "scale": "none"}
    else:
        step = {"op": "vocabulary", **_index(name, columns, learns)}
    return {"sequence": step} if size is None else {"sequence": step, "length": size}


def _number(name: str, columns: Columns) -> Document:
    texts, several = columns.item(name) in _TEXTS, columns.is_list(name)
    if texts:
        return {"column": name, "op": "multi_hot" if several else "one_hot"}
    if several:
        return {"column": name, "op": "array", "length": columns.length(name)}
    return {"column": name, "scale": "none"}


def _index(name: str, columns: Columns, learns: bool) -> Document:
    """Whole numbers as they are, where no training set tells which there are."""
    if learns or columns.item(name) != "int64":
        return {"column": name}
    return {"column": name, "op": "index", "size": columns.size(name)}
