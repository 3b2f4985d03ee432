"""The training set as models read it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deployments.columns import Column
from deployments.preprocess.declared import DeclaredPreprocessor
from training.bundling.columns import columns_of
from training.bundling.reference.rows import TimedRows, epoch_seconds
from training.flights.inputs import spec_for
from training.flights.paths import TRAINING_SET
from training.flights.split import Rows, Split, week_folds

FOLDS = 4

Floats = NDArray[np.float64]
Inputs = tuple[NDArray[np.float32], NDArray[np.int64]]
"""`numeric` [N, F] and `categorical` [N, C], as preprocessing gives them."""


@dataclass(frozen=True)
class Prepared:
    """The training set as models read it; arrays hold all rows, `split` says which are which."""

    fingerprint: str
    split: Split
    folds: Rows
    late: Floats
    instants: Floats
    columns: dict[str, Column]
    preprocessor: DeclaredPreprocessor
    inputs: Inputs

    @property
    def training_columns(self) -> Mapping[str, Column]:
        """The raw columns of the training rows."""
        return self.rows(self.split.train).columns

    def rows(self, rows: Rows) -> TimedRows:
        """The raw columns of these rows, and the instants as of which they are."""
        taken = {name: values[rows] for name, values in self.columns.items()}
        return TimedRows(taken, self.instants[rows])


def fingerprint(table: pd.DataFrame) -> str:
    """SHA-256 over the rows of the training set and their column names."""
    digest = hashlib.sha256(",".join(table.columns).encode())
    digest.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def prepare() -> Prepared:
    """Read the training set and fit the preprocessing on its training rows."""
    flights = pd.read_parquet(TRAINING_SET)
    split = Split.of(flights["scheduled_departure"])
    columns = columns_of(flights.drop(columns=["late", "event_timestamp"]))
    preprocessor = DeclaredPreprocessor.fit(
        spec_for(flights, split.train),
        {name: values[split.train] for name, values in columns.items()},
    )
    inputs = preprocessor.transform(columns)
    instants = epoch_seconds(flights["event_timestamp"])
    assert instants is not None
    return Prepared(
        fingerprint=fingerprint(flights),
        split=split,
        folds=week_folds(flights["scheduled_departure"], FOLDS),
        late=flights["late"].to_numpy(np.float64),
        instants=instants,
        columns=columns,
        preprocessor=preprocessor,
        inputs=(inputs["numeric"], inputs["categorical"]),
    )
