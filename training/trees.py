"""The gradient-boosted trees: the yardstick of the network, and its teacher."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from training.split import Rows, Split

Floats = NDArray[np.float64]

FIXED = {
    "objective": "binary",
    "metric": "auc",
    "learning_rate": 0.05,
    "bagging_freq": 1,
    "cat_smooth": 50.0,
    "max_bin": 255,
    "feature_pre_filter": False,
    "seed": 7,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
CANDIDATES: list[dict[str, Any]] = [
    {"num_leaves": 15, "min_data_in_leaf": 200, "feature_fraction": 0.3, "lambda_l2": 5.0},
    {"num_leaves": 31, "min_data_in_leaf": 200, "feature_fraction": 0.3, "lambda_l2": 5.0},
    {"num_leaves": 31, "min_data_in_leaf": 500, "feature_fraction": 0.3, "lambda_l2": 20.0},
    {"num_leaves": 31, "min_data_in_leaf": 500, "feature_fraction": 0.6, "lambda_l2": 20.0},
    {"num_leaves": 63, "min_data_in_leaf": 500, "feature_fraction": 0.3, "lambda_l2": 20.0},
    {"num_leaves": 63, "min_data_in_leaf": 2000, "feature_fraction": 0.3, "lambda_l2": 20.0},
    {"num_leaves": 127, "min_data_in_leaf": 1000, "feature_fraction": 0.2, "lambda_l2": 50.0},
]
BAGGING_FRACTION = 0.7
MAX_ROUNDS = 1500
PATIENCE = 60


@dataclass(frozen=True)
class Table:
    """What the trees read: float64 [N, F] with NaN for missing; codes where categorical."""

    values: Floats
    names: list[str]
    categorical: list[str]

    def dataset(
        self, rows: Rows, late: Floats, reference: lgb.Dataset | None = None
    ) -> lgb.Dataset:
        """The rows as LightGBM wants them."""
        return lgb.Dataset(
            self.values[rows],
            late[rows],
            reference=reference,
            feature_name=self.names,
            categorical_feature=self.categorical,
            params={"feature_pre_filter": False, "max_bin": FIXED["max_bin"], "verbosity": -1},
        )


@dataclass(frozen=True)
class Tuned:
    """The winner of the search on the validation rows."""

    booster: lgb.Booster
    parameters: dict[str, Any]
    rounds: int
    validation_auc: float


def tune(
    table: Table, late: Floats, split: Split, threads: int, on_step: Callable[[], None]
) -> Tuned:
    """Train every candidate with early stopping on the validation rows and keep the best."""
    train = table.dataset(split.train, late)
    validation = table.dataset(split.validation, late, reference=train)
    best: Tuned | None = None
    for candidate in CANDIDATES:
        parameters = {
            **FIXED,
            **candidate,
            "bagging_fraction": BAGGING_FRACTION,
            "num_threads": threads,
        }
        booster = lgb.train(
            parameters,
            train,
            MAX_ROUNDS,
            valid_sets=[validation],
            callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
        )
        score = booster.best_score["valid_0"]["auc"]
        if best is None or score > best.validation_auc:
            best = Tuned(booster, parameters, booster.best_iteration, score)
        on_step()
    assert best is not None
    return best


def out_of_fold(
    table: Table,
    late: Floats,
    train: Rows,
    folds: Rows,
    tuned: Tuned,
    *,
    on_step: Callable[[], None],
) -> Floats:
    """Probabilities float64 [len(train)], each from trees that have not seen its fold.

    `folds` numbers the fold of each row of the table.
    """
    probabilities = np.empty(len(train))
    for fold in np.unique(folds[train]):
        held_out = folds[train] == fold
        booster = lgb.train(tuned.parameters, table.dataset(train[~held_out], late), tuned.rounds)
        probabilities[held_out] = booster.predict(table.values[train[held_out]])
        on_step()
    return probabilities
