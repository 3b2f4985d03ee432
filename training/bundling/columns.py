"""A table as the columns that stages exchange."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from deployments.columns import Column
from deployments.dtypes import DType


def columns_of(
    table: pd.DataFrame, dtypes: Mapping[str, DType] | None = None, keys: Collection[str] = ()
) -> dict[str, Column]:
    """Columns as a frame carries them: strings as objects with None for missing, everything else
    as float64 with NaN, instants in epoch seconds (UTC), integers named in ``keys`` as int64.

    A column that ``dtypes`` does not name has the dtype of its values. Raises ValueError naming
    the column whose values are of another dtype.
    """
    known = dtypes or {}
    columns: dict[str, Column] = {}
    for label, values in table.items():
        name = str(label)
        dtype = known.get(name) or _dtype_of(values)
        try:
            columns[name] = _column(values, dtype, name in keys)
            if name in known and dtype == "string":
                _check_texts(columns[name])
        except (ValueError, TypeError) as error:
            raise ValueError(f"column {name!r} does not hold {dtype} values: {error}") from error
    return columns


def _dtype_of(values: "pd.Series[Any]") -> DType:
    if pd.api.types.is_datetime64_any_dtype(values):
        return "timestamp"
    return "float64" if pd.api.types.is_numeric_dtype(values) else "string"


def _column(values: "pd.Series[Any]", dtype: DType, key: bool) -> Column:
    if key and values.isna().any():
        raise ValueError("an entity key is never missing")
    if dtype == "string":
        return values.astype(object).where(values.notna(), None).to_numpy(object)
    if dtype == "timestamp" and not pd.api.types.is_numeric_dtype(values):
        since = pd.to_datetime(values, utc=True) - pd.Timestamp(0, tz="UTC")
        return (since / pd.Timedelta(seconds=1)).to_numpy(np.float64)
    if dtype != "timestamp" and pd.api.types.is_datetime64_any_dtype(values):
        raise ValueError("they are instants")  # NumPy would count their ticks
    if dtype == "int64" and key:
        return _whole(values)
    return values.to_numpy(np.float64, na_value=np.nan)


def _check_texts(column: Column) -> None:
    """Online a string comes as one: a category 7 of training would never be seen again."""
    for value in column:
        if not (value is None or isinstance(value, str)):
            raise ValueError(
                f"it holds {value!s:.40}, a {type(value).__name__}: "
                "make the column what the online store has"
            )


def _whole(values: "pd.Series[Any]") -> Column:
    """Keys, of which NumPy would drop fractions, and what is over 64 bits."""
    keys = values.to_numpy(np.int64)
    if not pd.api.types.is_object_dtype(values) and (changed := keys != values.to_numpy()).any():
        raise ValueError(f"{values[changed].iloc[0]!s:.40} is no integer of 64 bits")
    return keys
