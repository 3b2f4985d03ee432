"""When two cells are the same value."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from math import isclose
from typing import Any

import numpy as np

from deployments.dtypes import Type

_ZERO = 1e-12
"""Numbers that are smaller are 0: sums of the same numbers in another order may differ by it."""
_INSTANT_S = 1.0
"""Online stores keep instants in whole seconds."""


def same(kind: Type, one: Any, other: Any, relative: float) -> bool:
    """Whether two cells (None for missing) of this type are the same: numbers within ``relative``
    of the larger, instants within the second that they are stored in, sets in any order; all else
    to the last bit."""
    if one is None or other is None:
        return one is other
    if kind.item is not None:
        return (_same_set if kind.kind == "set" else _same_list)(kind.item, one, other, relative)
    if kind.fields:
        return all(
            same(part, one.get(name), other.get(name), relative) for name, part in kind.fields
        )
    if kind.is_document:
        return _same_document(one, other, relative)
    return _SCALARS.get(kind.kind, _equal)(one, other, relative)


def _equal(one: Any, other: Any, _: float) -> bool:
    return bool(one == other)


def _instants(one: float, other: float, _: float) -> bool:
    return abs(one - other) < _INSTANT_S


def _zoned(one: Any, other: Any, _: float) -> bool:
    return isinstance(other, datetime) and abs((one - other).total_seconds()) < _INSTANT_S


def _close(one: float, other: Any, relative: float) -> bool:
    if not isinstance(other, int | float) or one != one or other != other:
        return one != one and other != other
    return isclose(one, other, rel_tol=relative, abs_tol=_ZERO)


_SCALARS: dict[str, Callable[[Any, Any, float], bool]] = {
    "float64": _close,
    "float32": _close,
    "timestamp": _instants,
    "zoned_timestamp": _zoned,
}


def _same_list(item: Type, one: Any, other: Any, relative: float) -> bool:
    ours, theirs = _elements(one), _elements(other)
    return len(ours) == len(theirs) and all(
        same(item, a, b, relative) for a, b in zip(ours, theirs, strict=True)
    )


def _same_set(item: Type, one: Any, other: Any, relative: float) -> bool:
    ours, left = _elements(one), list(_elements(other))
    if len(ours) != len(left):
        return False
    for cell in ours:
        found = next((n for n, there in enumerate(left) if same(item, cell, there, relative)), None)
        if found is None:
            return False
        del left[found]
    return True


def _elements(cell: Any) -> Sequence[Any]:
    if isinstance(cell, np.ndarray):
        listed: list[Any] = cell.tolist()
        return listed
    return cell if isinstance(cell, Sequence) else list(cell)


def _same_document(one: Any, other: Any, relative: float) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        ours = {str(name): value for name, value in one.items()}
        theirs = {str(name): value for name, value in other.items()}
        return ours.keys() == theirs.keys() and all(
            _same_document(ours[name], theirs[name], relative) for name in ours
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(
            _same_document(a, b, relative) for a, b in zip(one, other, strict=True)
        )
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, float) or isinstance(other, float):
        numbers = isinstance(one, int | float) and isinstance(other, int | float)
        return numbers and _close(float(one), float(other), relative)
    return bool(one == other)
