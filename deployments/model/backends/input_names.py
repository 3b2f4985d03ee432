"""Which of the inputs that preprocessing makes are those of a program."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from deployments.frames import Inputs


def matched(names: Sequence[str], made: Inputs) -> Sequence[str]:
    """For each of the program's inputs the name of the one that is made for it: the same. Where no
    name is, they are taken by order, if that leaves no doubt: for a single one, or for those that
    differ in kind or in dimensions. What is [N, 0], as of no categorical columns, may be left out.

    Raises ValueError naming both sides where they do not fit.
    """
    columns = {name: one for name, one in made.items() if one.shape[1:] != (0,)}
    if columns.keys() <= set(names) <= made.keys():
        return names
    for some in (made, columns):
        forms = {(one.dtype.kind, one.ndim) for one in some.values()}
        if len(some) == len(names) == len(forms) and some.keys().isdisjoint(names):
            return list(some)
    raise ValueError(
        f"the program takes {_listed(names)}, preprocessing makes {_listed(made)}: name the "
        "arguments of forward, or the inputs of the graph, as preprocessing names its own"
    )


def described(array: npt.NDArray[Any]) -> str:
    """As messages show what preprocessing makes."""
    return f"{array.dtype} [{', '.join(['N', *map(str, array.shape[1:])])}]"


def _listed(names: Sequence[str] | Mapping[str, Any]) -> str:
    return ", ".join(map(repr, names)) or "nothing"
