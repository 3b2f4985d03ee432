"""How many rows an exported program takes at once."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch.utils._sympy.numbers import int_oo

_DO = "export it for any number of them, with torch.export.Dim('rows', min=1)"
# torch takes 0 and 1 for constants, so what it finds by itself begins here.
_AUTO = 2


class RowRange(NamedTuple):
    """From ``fewest`` rows to ``most``, None for any number."""

    fewest: int
    most: int | None


def row_range(program: torch.export.ExportedProgram) -> RowRange:
    """What the export promises of the number of rows, N, for all of its inputs together.

    Raises ValueError for a program that does not take every number up to its largest; 2 as the
    fewest stands for programs that take one, too (of ``Dim.AUTO``), and is left to be tried.
    """
    ranges = list(_ranges(program))
    fewest = max((one.fewest for one in ranges), default=0)
    if fewest > _AUTO:
        raise ValueError(
            f"the program was exported for {fewest} rows or more, and a request may have one: {_DO}"
        )
    limits = [one.most for one in ranges if one.most is not None]
    return RowRange(fewest, min(limits) if limits else None)


def _ranges(program: torch.export.ExportedProgram) -> Iterator[RowRange]:
    given = set(program.graph_signature.user_inputs)
    for node in program.graph.find_nodes(op="placeholder"):
        tensor = node.meta.get("val")
        if node.name not in given or not isinstance(tensor, torch.Tensor) or not tensor.ndim:
            continue
        rows = tensor.shape[0]
        if not isinstance(rows, torch.SymInt):
            if rows != 1:
                raise ValueError(
                    f"the program was exported for exactly {rows} rows of {node.name!r}: {_DO}"
                )
            yield RowRange(1, 1)
            continue
        form = rows.node.expr
        if not form.is_Symbol:
            raise ValueError(
                f"the program was exported for {form} rows of {node.name!r} alone: {_DO}"
            )
        allowed = program.range_constraints.get(form)
        if allowed is not None:
            most = None if allowed.upper is int_oo else int(allowed.upper)
            yield RowRange(int(allowed.lower), most)
