"""Gradient-boosted trees: the teacher of the network, and (tuned anew) its yardstick."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from training.flights.jobs import side_by_side
from training.flights.split import Rows

Floats = NDArray[np.float64]

FIXED: dict[str, Any] = {
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


@dataclass(frozen=True)
class Recipe:
    """What tells one set of trees from another: parameters beside `FIXED`, and how many trees."""

    parameters: dict[str, Any]
    rounds: int


TEACHER = Recipe(
    {"num_leaves": 63, "min_data_in_leaf": 500, "feature_fraction": 0.3, "lambda_l2": 20.0},
    rounds=198,
)
"""The best of `tuning.CANDIDATES` on October, as `make report` found it on 2026-11-29 and checks
each time it runs."""


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


def guess_fold(table: Table, late: Floats, seen: Rows, unseen: Rows, recipe: Recipe) -> Floats:
    """Train on the seen rows and answer probabilities of the unseen ones."""
    booster = lgb.train(FIXED | recipe.parameters, table.dataset(seen, late), recipe.rounds)
    return np.asarray(booster.predict(table.values[unseen]))


def out_of_fold(
    table: Table, late: Floats, train: Rows, folds: Rows, recipe: Recipe = TEACHER
) -> Floats:
    """Probabilities float64 [len(train)], each from trees that have not seen its fold.

    `folds` numbers the fold of each row of the table.
    """
    held_out = [folds[train] == fold for fold in np.unique(folds[train])]
    jobs = [partial(guess_fold, table, late, train[~out], train[out], recipe) for out in held_out]
    probabilities = np.empty(len(train))
    for out, guesses in zip(held_out, side_by_side("teaching", jobs), strict=True):
        probabilities[out] = guesses
    return probabilities
