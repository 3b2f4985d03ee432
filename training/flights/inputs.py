"""What the model reads: columns of the training set, and how they are prepared."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deployments.columns import Column
from deployments.preprocess.cells import as_floats
from deployments.preprocess.declared import DeclaredPreprocessor
from deployments.preprocess.derive import derive
from deployments.preprocess.spec import PreprocessSpec
from training.flights.flights import NEW_YORK
from training.flights.split import Rows
from training.flights.trees import Table

REQUEST = "scheduled_departure"
SINCE = {
    f"hours_since_{name}": f"aircraft_last_flight__{name}_at"
    for name in ("last_departed", "last_landed", "earliest_return")
}

DERIVED: list[dict[str, Any]] = [
    {"name": "hour", "op": "hour_of_day", "of": REQUEST, "timezone": NEW_YORK},
    {"name": "weekday", "op": "day_of_week", "of": REQUEST, "timezone": NEW_YORK},
    {"name": "hour_sin", "op": "sin", "of": "hour", "period": 24},
    {"name": "hour_cos", "op": "cos", "of": "hour", "period": 24},
    {"name": "route", "op": "concat", "of": ["origin", "dest"]},
    {"name": "carrier_dest", "op": "concat", "of": ["carrier", "dest"]},
    {"name": "carrier_origin", "op": "concat", "of": ["carrier", "origin"]},
    *(
        {"name": name, "op": "hours_between", "of": REQUEST, "minus": instant}
        for name, instant in SINCE.items()
    ),
    *(
        {"name": f"wind_{op}", "op": op, "of": "origin_weather__wind_direction", "period": 360}
        for op in ("sin", "cos")
    ),
]

# Bounded and symmetric enough as they are; everything else is mapped to a normal shape.
PLAIN = ("hour", "hour_sin", "hour_cos", "wind_sin", "wind_cos")
RARE_GAPS = 0.01
STRINGS = ("aircraft__manufacturer", "aircraft__model")

CATEGORICAL = {
    "carrier": 1,
    "origin": 1,
    "dest": 50,
    "route": 100,
    "carrier_dest": 100,
    "carrier_origin": 100,
    "aircraft__model": 200,
    "weekday": 1,
}


def numeric_inputs(features: list[str]) -> list[str]:
    """Numeric columns: the features but for strings and instants, and what derives from them."""
    stored = [
        name
        for name in features
        if name not in STRINGS
        and not name.endswith("_at")
        and name != "origin_weather__wind_direction"
    ]
    return [*PLAIN, *SINCE, *stored]


def spec_for(table: pd.DataFrame, train: Rows) -> PreprocessSpec:
    """The preprocessing of a training set; columns with gaps in `train` say so by an indicator."""
    features = [name for name in table.columns if "__" in name]
    gaps = table.loc[train].isna().mean()
    numeric = [
        {
            "column": name,
            "scale": "standard" if name in PLAIN else "quantile_normal",
            "fill": "median",
            "indicator": name not in PLAIN and bool(gaps[SINCE.get(name, name)] > RARE_GAPS),
            "clip": (-4.0, 4.0),
        }
        for name in numeric_inputs(features)
    ]
    categorical = [{"column": name, "min_count": count} for name, count in CATEGORICAL.items()]
    return PreprocessSpec.model_validate(
        {"derived": DERIVED, "numeric": numeric, "categorical": categorical}
    )


def tree_table(
    preprocessor: DeclaredPreprocessor, columns: dict[str, Column], codes: NDArray[np.int64]
) -> Table:
    """The same inputs for trees: numbers unscaled and with their gaps, categories as the codes
    int64 [N, C] that `preprocessor` gives them."""
    spec = preprocessor.state.spec
    full = dict(columns)
    for step in spec.derived:
        full[step.name] = derive(step, full)
    numeric = [step.column for step in spec.numeric]
    categorical = [f"{name}_code" for name in preprocessor.categorical_names]
    values = [as_floats(full[name]) for name in numeric]
    return Table(np.column_stack([*values, codes]), [*numeric, *categorical], categorical)
