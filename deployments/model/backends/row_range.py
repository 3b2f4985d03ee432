"""How many rows an exported program takes at once."""

from collections.abc import Sequence
from typing import NamedTuple

from deployments.model.backends.parameters import Parameter

_DO = "export it for any number of them, with torch.export.Dim('rows', min=1)"
# torch takes 0 and 1 for constants, so what it finds by itself begins here.
_AUTO = 2


class RowRange(NamedTuple):
    """From ``fewest`` rows to ``most``, None for any number."""

    fewest: int
    most: int | None


def row_range(parameters: Sequence[Parameter]) -> RowRange:
    """What the export promises of the number of rows, N, for all parameters together.

    Raises ValueError for a program that does not take every number up to its largest; 2 as the
    fewest stands for programs that take one, too (of ``Dim.AUTO``), and is left to be tried.
    """
    for name, _, (rows, *_) in parameters:
        if rows.fixed and rows.fewest != 1:
            raise ValueError(
                f"the program was exported for exactly {rows.fewest} rows of {name!r}: {_DO}"
            )
        if not rows.every:
            raise ValueError(
                f"the program was exported for {rows.form} rows of {name!r} alone: {_DO}"
            )
    ranges = [one.sizes[0] for one in parameters]
    fewest = max((rows.fewest for rows in ranges), default=0)
    if fewest > _AUTO:
        raise ValueError(
            f"the program was exported for {fewest} rows or more, and a request may have one: {_DO}"
        )
    limits = [rows.most for rows in ranges if rows.most is not None]
    return RowRange(fewest, min(limits) if limits else None)
