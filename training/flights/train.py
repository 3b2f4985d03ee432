"""Trains the flight delay model and bundles it.

Run as `python -m training.flights.train`. LightGBM is tuned first: it is the yardstick, and out of
fold it teaches the network what single labels are too noisy to show. The network averages a few
seeds and is calibrated on October. November and December are read for the report alone.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from feast import FeatureStore
from numpy.typing import NDArray
from rich import print as show
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable

from deployments.frames import Column
from deployments.preprocess.transform import Preprocessor
from training.bundling.columns import columns_of
from training.bundling.writer import export_program, write_bundle
from training.flights import contract
from training.flights.calibration import fit_platt, sigmoid
from training.flights.dataset import FEATURE_SERVICE
from training.flights.fit import Inputs, fit_member, score, soften, weights_sha256
from training.flights.inputs import spec_for, tree_table
from training.flights.jobs import side_by_side
from training.flights.network import Ensemble, Hinges, for_serving
from training.flights.paths import FEATURE_REPO, MODELS, TRAINING_SET
from training.flights.report import figures, reliability_diagram
from training.flights.split import Rows, Split, week_folds
from training.flights.trees import out_of_fold, tune

MODEL_NAME = "flight_delay"
SEEDS = (11, 12, 13)
FOLDS = 4

Floats = NDArray[np.float64]
Report = dict[str, dict[str, dict[str, float]]]


@dataclass(frozen=True)
class Prepared:
    """The training set as models read it; arrays hold all rows, `split` says which are which."""

    fingerprint: str
    split: Split
    folds: Rows
    late: Floats
    columns: dict[str, Column]
    preprocessor: Preprocessor
    inputs: Inputs

    @property
    def training_columns(self) -> dict[str, Column]:
        """The raw columns of the training rows."""
        return {name: values[self.split.train] for name, values in self.columns.items()}


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
    preprocessor = Preprocessor.fit(
        spec_for(flights, split.train),
        {name: values[split.train] for name, values in columns.items()},
    )
    return Prepared(
        fingerprint=fingerprint(flights),
        split=split,
        folds=week_folds(flights["scheduled_departure"], FOLDS),
        late=flights["late"].to_numpy(np.float64),
        columns=columns,
        preprocessor=preprocessor,
        inputs=preprocessor.transform(columns),
    )


def train_network(data: Prepared, teacher: Floats, progress: Progress) -> Ensemble:
    """One member per seed, not calibrated yet."""
    rows = data.split.train
    inputs = (data.inputs[0][rows], data.inputs[1][rows])
    target = soften(data.late[rows], teacher)
    names = data.preprocessor.numeric_names
    hinges = Hinges([at for at, name in enumerate(names) if not name.endswith(":missing")])
    sizes = data.preprocessor.cardinalities
    jobs = [partial(fit_member, hinges, inputs, target, sizes, seed) for seed in SEEDS]
    return Ensemble(hinges, side_by_side("training the network", jobs, progress)).eval()


def calibration_of(data: Prepared, logits: Floats) -> tuple[float, float]:
    """Slope and intercept from October, which neither model was fitted on."""
    rows = data.split.validation
    return fit_platt(logits[rows], data.late[rows])


def report_on(data: Prepared, probabilities: dict[str, Floats]) -> Report:
    """Figures by model and period."""
    periods = {"validation": data.split.validation, "test": data.split.test}
    return {
        model: {
            period: figures(data.late[rows], probability[rows]) for period, rows in periods.items()
        }
        for model, probability in probabilities.items()
    }


def print_report(report: Report, seconds: float) -> None:
    """The test figures of both models, side by side."""
    grid = RichTable("November and December", *report)
    for name in report["network"]["test"]:
        values = (f"{periods['test'][name]:,.5g}" for periods in report.values())
        grid.add_row(name.replace("_", " "), *values)
    show(grid, f"trained in {seconds:.0f} s")


def bundle(data: Prepared, ensemble: Ensemble, metrics: dict[str, Any], diagram: bytes) -> Path:
    """Write the bundle and return its folder."""
    return write_bundle(
        models_dir=MODELS,
        name=MODEL_NAME,
        program=export_program(for_serving(ensemble), data.preprocessor),
        preprocessor=data.preprocessor,
        store=FeatureStore(repo_path=str(FEATURE_REPO)),
        feature_service=FEATURE_SERVICE,
        entities=contract.ENTITIES,
        request_features=contract.REQUEST_FEATURES,
        outputs=contract.OUTPUTS,
        training_columns=data.training_columns,
        metrics=metrics,
        fingerprint=data.fingerprint,
        description=contract.DESCRIPTION,
        extra_files={
            "reliability.png": diagram,
            "report.json": json.dumps(metrics, indent=2).encode(),
        },
    )


def main() -> None:
    """Train, report, bundle."""
    started = perf_counter()
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn()) as progress:
        task = progress.add_task("preparing inputs", total=1)
        data = prepare()
        table = tree_table(data.preprocessor, data.columns)
        progress.advance(task)
        trees = tune(table, data.late, data.split, progress)
        teacher = out_of_fold(
            table, data.late, data.split.train, data.folds, trees, progress=progress
        )
        ensemble = train_network(data, teacher, progress)

    logits = score(ensemble, data.inputs)
    slope, intercept = calibration_of(data, logits)
    ensemble.calibrate(slope, intercept)
    tree_logits = np.asarray(trees.booster.predict(table.values, raw_score=True))
    tree_slope, tree_intercept = calibration_of(data, tree_logits)
    probabilities = {
        "network": sigmoid(slope * logits + intercept),
        "trees": sigmoid(tree_slope * tree_logits + tree_intercept),
    }
    report = report_on(data, probabilities)
    print_report(report, perf_counter() - started)
    metrics = {
        **report,
        "trees_parameters": trees.parameters | {"rounds": trees.rounds},
        "calibration": {"slope": slope, "intercept": intercept},
        "weights_sha256": weights_sha256(ensemble),
    }
    rows = data.split.test
    diagram = reliability_diagram(
        data.late[rows],
        {name: values[rows] for name, values in probabilities.items()},
        "Flights of November and December 2013, none of them seen in training",
    )
    folder = bundle(data, ensemble, metrics, diagram)
    show(f"bundle: {folder}\nweights: {metrics['weights_sha256']}")


if __name__ == "__main__":
    main()
