"""Which training rows a request could hold, and the golden ones among them."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.serving.contract import Contract
from app.serving.errors import InvalidRequest
from deployments.bundle.manifest import FieldSpec
from deployments.columns import Column, Integers, objects
from deployments.json_cells import to_request

_SAMPLES = 3
_SHOWN = 60


def check_examples(contract: Contract) -> None:
    """Raises ValueError naming a field whose example no request may hold."""
    examples = {field.name: field.example for field in contract.fields}
    try:
        contract.rows({name: [example] for name, example in examples.items()})
    except InvalidRequest as error:
        example = examples[str(error.field)]
        raise ValueError(
            f"no request may hold the example {example!r} of {error.field!r}: {error.message}"
        ) from error


def golden_places(
    contract: Contract, columns: Mapping[str, Column], count: int
) -> tuple[npt.NDArray[np.intp], list[str]]:
    """The places of up to ``count`` training rows, evenly spread over those that a request could
    hold by the server's own decoder; and by field, in words, what none could.

    Raises ValueError where no row could be a request.
    """
    sendable = np.ones(len(columns[contract.fields[0].name]), dtype=bool)
    problems = []
    for field in contract.fields:
        codes, distinct = _distinct(columns[field.name])
        values = [_as_sent(field, value) for value in distinct]
        if _refusal(contract, field, values) is None:
            continue
        refusals = [_refusal(contract, field, [value]) for value in values]
        refused = np.array([refusal is not None for refusal in refusals])
        rows = refused[codes]
        sendable &= ~rows
        samples = [
            repr(value)[:_SHOWN] for value, wrong in zip(values, refused, strict=True) if wrong
        ]
        more = ", ..." if len(samples) > _SAMPLES else ""
        problems.append(
            f"{np.count_nonzero(rows)} of {len(rows)} training rows hold values of {field.name!r} "
            f"that no request can send ({', '.join(samples[:_SAMPLES])}{more}): "
            f"{next(filter(None, refusals))}"
        )
    places = np.flatnonzero(sendable)
    if not len(places):
        raise ValueError(f"no training row could be a request: {'; '.join(problems)}")
    spread = np.linspace(0, len(places) - 1, count).astype(int)
    return places[np.unique(spread)], problems


def _distinct(column: Column) -> tuple[npt.NDArray[np.intp], list[Any]]:
    """The different cells of a column, and by row the place of its own; of cells that cannot be
    compared all."""
    if isinstance(column, Integers):
        column = objects(column.tolist())
    if isinstance(column, np.ndarray):
        with suppress(TypeError):
            codes, cells = pd.factorize(column, use_na_sentinel=False)
            return codes, cells.tolist()
    return np.arange(len(column)), column.tolist()


def _refusal(contract: Contract, field: FieldSpec, values: list[Any]) -> str | None:
    """Why the server refuses one of these values of a field, if it does."""
    try:
        contract.column(field.name, values)
    except InvalidRequest as error:
        return error.message
    return None


def _as_sent(field: FieldSpec, cell: Any) -> Any:
    """A cell of a training column as a request would have it."""
    if cell is None or cell != cell:
        return None
    if field.dtype == "float64" or (field.dtype == "bool" and cell not in (0, 1)):
        return cell
    if field.dtype == "int64" and not float(cell).is_integer():
        return cell
    try:
        return to_request(field.dtype, cell)
    except (OverflowError, ValueError):
        return cell
