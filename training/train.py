"""Trains the flight delay model and bundles it.

Run as `python -m training.train`. LightGBM is tuned first: it is the yardstick, and out of fold
it teaches the network what single labels are too noisy to show. The network averages a few
seeds and is calibrated on October. November and December are read for the report alone.
"""

import hashlib
import json
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from feast import FeatureStore
from numpy.typing import NDArray
from rich import print as show
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable

from deployments.preprocess.transform import Preprocessor
from training import contract
from training.bundle import export_program, write_bundle
from training.calibration import fit_platt, sigmoid
from training.dataset import FEATURE_SERVICE
from training.fit import Floats32, Inputs, fit_member, score, soften, weights_sha256
from training.inputs import columns_of, spec_for, tree_table
from training.jobs import side_by_side
from training.network import Ensemble, Hinges
from training.paths import FEATURE_REPO, MODELS, TRAINING_SET
from training.report import figures, reliability_diagram
from training.split import Split, week_folds
from training.trees import out_of_fold, tune

MODEL_NAME = "flight_delay"
SEEDS = (11, 12, 13)
FOLDS = 4

Floats = NDArray[np.float64]


def fingerprint(table: pd.DataFrame) -> str:
    """SHA-256 over the rows of the training set and their column names."""
    digest = hashlib.sha256(",".join(table.columns).encode())
    digest.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def train_network(
    preprocessor: Preprocessor, inputs: Inputs, target: Floats32, progress: Progress
) -> Ensemble:
    """One member per seed, not calibrated yet."""
    scaled = [
        place
        for place, name in enumerate(preprocessor.numeric_names)
        if not name.endswith(":missing")
    ]
    hinges = Hinges(scaled)
    jobs = [
        partial(fit_member, hinges, inputs, target, preprocessor.cardinalities, seed)
        for seed in SEEDS
    ]
    return Ensemble(hinges, side_by_side("training the network", jobs, progress)).eval()


def report_on(
    late: Floats, split: Split, probabilities: dict[str, Floats]
) -> dict[str, dict[str, dict[str, float]]]:
    """Figures by model and period."""
    periods = {"validation": split.validation, "test": split.test}
    return {
        model: {period: figures(late[rows], probability[rows]) for period, rows in periods.items()}
        for model, probability in probabilities.items()
    }


def print_report(report: dict[str, dict[str, dict[str, float]]], seconds: float) -> None:
    """The test figures of both models, side by side."""
    grid = RichTable(title=f"November and December, after {seconds:.0f} s", title_justify="left")
    grid.add_column("")
    for name in report["network"]["test"]:
        grid.add_column(name.replace("_", " "), justify="right")
    for model, periods in report.items():
        grid.add_row(model, *(f"{value:,.5g}" for value in periods["test"].values()))
    show(grid)


def main() -> None:
    """Train, report, bundle."""
    started = perf_counter()
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn()) as progress:
        task = progress.add_task("preparing inputs", total=1)
        flights = pd.read_parquet(TRAINING_SET)
        split = Split.of(flights["scheduled_departure"])
        folds = week_folds(flights["scheduled_departure"], FOLDS)
        late = flights["late"].to_numpy(np.float64)
        raw = columns_of(flights.drop(columns=["late", "event_timestamp"]))
        training_columns = {name: values[split.train] for name, values in raw.items()}
        preprocessor = Preprocessor.fit(spec_for(flights, split.train), training_columns)
        inputs = preprocessor.transform(raw)
        table = tree_table(preprocessor, raw)
        progress.advance(task)

        tuned = tune(table, late, split, progress)
        teacher = out_of_fold(table, late, split.train, folds, tuned, progress=progress)
        target = soften(late[split.train], teacher)
        seen = (inputs[0][split.train], inputs[1][split.train])
        ensemble = train_network(preprocessor, seen, target, progress)

    logits = score(ensemble, inputs)
    slope, intercept = fit_platt(logits[split.validation], late[split.validation])
    ensemble.calibrate(slope, intercept)
    tree_logits = tuned.booster.predict(table.values, raw_score=True)
    tree_slope, tree_intercept = fit_platt(tree_logits[split.validation], late[split.validation])
    probabilities = {
        "network": sigmoid(slope * logits + intercept),
        "trees": sigmoid(tree_slope * tree_logits + tree_intercept),
    }
    report: dict[str, Any] = report_on(late, split, probabilities)
    print_report(report, perf_counter() - started)
    metrics = report | {
        "trees_parameters": tuned.parameters | {"rounds": tuned.rounds},
        "calibration": {"slope": slope, "intercept": intercept},
        "weights_sha256": weights_sha256(ensemble),
    }
    diagram = reliability_diagram(
        late[split.test],
        {name: values[split.test] for name, values in probabilities.items()},
        "Do the probabilities mean what they say? November and December 2013",
    )
    folder = write_bundle(
        models_dir=MODELS,
        name=MODEL_NAME,
        program=export_program(ensemble, preprocessor),
        preprocessor=preprocessor,
        store=FeatureStore(repo_path=str(FEATURE_REPO)),
        feature_service=FEATURE_SERVICE,
        entities=contract.ENTITIES,
        request_features=contract.REQUEST_FEATURES,
        outputs=contract.OUTPUTS,
        training_columns=training_columns,
        metrics=metrics,
        fingerprint=fingerprint(flights),
        description=contract.DESCRIPTION,
        extra_files={
            "reliability.png": diagram,
            "report.json": json.dumps(metrics, indent=2).encode(),
        },
    )
    show(f"bundle: {folder}\nweights: {metrics['weights_sha256']}")


if __name__ == "__main__":
    main()
