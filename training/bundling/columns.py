"""A table as the columns that stages exchange."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from deployments.columns import Column, Integers, column_of, key_column
from deployments.dtypes import DType, type_of
from training.bundling.cells import reader


def columns_of(
    table: pd.DataFrame, dtypes: Mapping[str, DType] | None = None, keys: Collection[str] = ()
) -> dict[str, Column]:
    """The columns that a frame would carry for a table's; those named in ``keys`` are entity keys.

    A column that ``dtypes`` does not name has the dtype of its values: timestamp, float64 or
    string. Raises ValueError naming the column whose values are of another dtype.
    """
    known = dtypes or {}
    columns: dict[str, Column] = {}
    for label, values in table.items():
        name = str(label)
        dtype = known.get(name)
        try:
            if name in keys and values.isna().any():
                raise ValueError("an entity key is never missing")
            columns[name] = (
                _column(values, dtype, name in keys) if dtype else _untyped(values, name in keys)
            )
        except (ValueError, TypeError, OverflowError) as error:
            told = dtype or _dtype_of(values)
            raise ValueError(f"column {name!r} does not hold {told} values: {error}") from error
    return columns


def _untyped(values: "pd.Series[Any]", key: bool) -> Column:
    dtype = _dtype_of(values)
    if dtype == "string":
        return values.astype(object).where(values.notna(), None).to_numpy(object)
    return _column(values, dtype, key)


def _dtype_of(values: "pd.Series[Any]") -> DType:
    if pd.api.types.is_datetime64_any_dtype(values):
        return "timestamp"
    if pd.api.types.is_integer_dtype(values):
        return "int64"  # which online keeps what a float would round
    return "float64" if pd.api.types.is_numeric_dtype(values) else "string"


def _column(values: "pd.Series[Any]", dtype: DType, key: bool) -> Column:
    if dtype == "timestamp" and not pd.api.types.is_numeric_dtype(values):
        since = pd.to_datetime(values, utc=True) - pd.Timestamp(0, tz="UTC")
        return (since / pd.Timedelta(seconds=1)).to_numpy(np.float64)
    if dtype in ("int64", "float64", "bool") and pd.api.types.is_datetime64_any_dtype(values):
        raise ValueError("they are instants")  # NumPy would count their ticks
    if dtype in ("float64", "bool", "timestamp"):
        return values.to_numpy(np.float64, na_value=np.nan)
    if dtype == "int64" and pd.api.types.is_numeric_dtype(values):
        whole = _whole(values)
        return whole.values if key else whole
    read = reader(type_of(dtype))
    cells = [read(value) for value in values.astype(object)]
    return (key_column if key else column_of)(dtype, cells)


def _whole(values: "pd.Series[Any]") -> Integers:
    """Integers to the last bit, of which NumPy would drop fractions, and what is over 64 bits."""
    floats, filled = values.to_numpy(np.float64, na_value=np.nan), values.fillna(0)
    with np.errstate(invalid="ignore"):
        whole = filled.to_numpy(np.int64)
    changed = whole != filled.to_numpy()
    if changed.any():
        raise ValueError(f"{values[changed].iloc[0]!s:.40} is no integer of 64 bits")
    return Integers(whole, floats)
