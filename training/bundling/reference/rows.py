"""Rows of a table, and when they were."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq

from deployments.columns import Column

EVENT_TIME = "event_timestamp"
"""The column that Feast joins by, and keeps."""


@dataclass(frozen=True, slots=True)
class TimedRows:
    """``columns`` as frames carry them, and the ``instants`` of the rows, float64 [N] in epoch
    seconds, None where they are not known."""

    columns: Mapping[str, Column]
    instants: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))


def instants_of(table: Path) -> npt.NDArray[np.float64] | None:
    """The event times of a training set (parquet), None where it has none, or gaps in them."""
    if EVENT_TIME not in pq.read_schema(table).names:
        return None
    times = pd.read_parquet(table, columns=[EVENT_TIME])[EVENT_TIME]
    return epoch_seconds(times)


def epoch_seconds(times: "pd.Series[pd.Timestamp]") -> npt.NDArray[np.float64] | None:
    """Instants (UTC where they have no zone) in epoch seconds; None where one is missing, or where
    they are something else."""
    if not pd.api.types.is_datetime64_any_dtype(times) or times.isna().any():
        return None
    since = pd.to_datetime(times, utc=True) - pd.Timestamp(0, tz="UTC")
    return np.asarray(since / pd.Timedelta(seconds=1), dtype=np.float64)
