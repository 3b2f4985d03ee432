"""Tunes LightGBM: the yardstick of the network, and whence the teacher has its parameters."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import lightgbm as lgb

from training.flights.jobs import side_by_side
from training.flights.split import Split
from training.flights.trees import FIXED, Floats, Recipe, Table

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
class Tuned:
    """Trees that stopped where the validation rows told them to."""

    booster: lgb.Booster
    recipe: Recipe
    validation_auc: float


def try_out(table: Table, late: Floats, split: Split, candidate: dict[str, Any]) -> Tuned:
    """Train one candidate with early stopping on the validation rows."""
    train = table.dataset(split.train, late)
    booster = lgb.train(
        FIXED | candidate,
        train,
        MAX_ROUNDS,
        valid_sets=[table.dataset(split.validation, late, reference=train)],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
    )
    recipe = Recipe(candidate, booster.best_iteration)
    return Tuned(booster, recipe, booster.best_score["valid_0"]["auc"])


def tune(table: Table, late: Floats, split: Split) -> Tuned:
    """Try every candidate and keep the best on the validation rows."""
    jobs = [partial(try_out, table, late, split, candidate) for candidate in CANDIDATES]
    tried = side_by_side("tuning LightGBM", jobs)
    return max(tried, key=lambda trees: trees.validation_auc)
