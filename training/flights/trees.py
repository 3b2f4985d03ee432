"""The gradient-boosted trees: the yardstick of the network, and its teacher."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from training.flights.jobs import side_by_side
from training.flights.split import Rows, Split

Floats = NDArray[np.float64]

FIXED = {
    "objective": "binary",
    "metric": "auc",
    "learning_rate": 0.05,
    "bagging_freq": 1,
    "bagging_fraction": 0.7,
    "cat_smooth": 50.0,
    "max_bin": 255,
    "feature_pre_filter": False,
    "seed": 7,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
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
    """Trees that stopped where the validation rows told them to."""

    booster: lgb.Booster
    parameters: dict[str, Any]
    rounds: int
    validation_auc: float


def try_out(table: Table, late: Floats, split: Split, candidate: dict[str, Any]) -> Tuned:
    """Train one candidate with early stopping on the validation rows."""
    parameters = FIXED | candidate
    train = table.dataset(split.train, late)
    booster = lgb.train(
        parameters,
        train,
        MAX_ROUNDS,
        valid_sets=[table.dataset(split.validation, late, reference=train)],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
    )
    return Tuned(booster, parameters, booster.best_iteration, booster.best_score["valid_0"]["auc"])


def tune(table: Table, late: Floats, split: Split, progress: Progress) -> Tuned:
    """Try every candidate and keep the best on the validation rows."""
    jobs = [partial(try_out, table, late, split, candidate) for candidate in CANDIDATES]
    tried = side_by_side("tuning LightGBM", jobs, progress)
    return max(tried, key=lambda trees: trees.validation_auc)


def guess_fold(table: Table, late: Floats, seen: Rows, unseen: Rows, tuned: Tuned) -> Floats:
    """Train as `tuned` was on the seen rows and answer probabilities of the unseen ones."""
    booster = lgb.train(tuned.parameters, table.dataset(seen, late), tuned.rounds)
    return np.asarray(booster.predict(table.values[unseen]))


def out_of_fold(
    table: Table, late: Floats, train: Rows, folds: Rows, tuned: Tuned, *, progress: Progress
) -> Floats:
    """Probabilities float64 [len(train)], each from trees that have not seen its fold.

    `folds` numbers the fold of each row of the table.
    """
    held_out = [folds[train] == fold for fold in np.unique(folds[train])]
    jobs = [partial(guess_fold, table, late, train[~out], train[out], tuned) for out in held_out]
    probabilities = np.empty(len(train))
    for out, guesses in zip(held_out, side_by_side("teaching", jobs, progress), strict=True):
        probabilities[out] = guesses
    return probabilities
