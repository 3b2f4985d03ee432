"""Trains the flight delay model and bundles it.

Run as `python -m training.flights.train`. LightGBM teaches the network, out of fold, what single
labels are too noisy to show. The network averages a few seeds and is calibrated on October.
November and December are read for the figures alone; `make report` compares them with LightGBM's.
"""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.bundling.export import export_program
from training.bundling.writer import write_bundle
from training.flights import contract
from training.flights.calibration import fit_platt, sigmoid
from training.flights.dataset import FEATURE_SERVICE
from training.flights.figures import by_period
from training.flights.fit import fit_member, score, soften, weights_sha256
from training.flights.inputs import tree_table
from training.flights.jobs import side_by_side
from training.flights.network import Ensemble, Hinges, for_serving
from training.flights.paths import FEATURE_REPO, MODELS
from training.flights.prepared import Prepared, prepare
from training.flights.trees import TEACHER, out_of_fold
from training.progress import Step

MODEL_NAME = "flight_delay"
SEEDS = (11, 12, 13)

Floats = NDArray[np.float64]


def train_network(data: Prepared, teacher: Floats) -> Ensemble:
    """One member per seed, not calibrated yet."""
    rows = data.split.train
    inputs = (data.inputs[0][rows], data.inputs[1][rows])
    target = soften(data.late[rows], teacher)
    names = data.preprocessor.numeric_names
    hinges = Hinges([at for at, name in enumerate(names) if not name.endswith(":missing")])
    sizes = data.preprocessor.cardinalities
    jobs = [partial(fit_member, hinges, inputs, target, sizes, seed) for seed in SEEDS]
    return Ensemble(hinges, side_by_side("training the network", jobs)).eval()


def bundle(data: Prepared, ensemble: Ensemble, metrics: dict[str, Any]) -> Path:
    """Write the bundle and return its folder."""
    with TemporaryDirectory() as scratch:
        return write_bundle(
            models_dir=MODELS,
            name=MODEL_NAME,
            program=export_program(
                for_serving(ensemble),
                {"numeric": data.inputs[0], "categorical": data.inputs[1]},
                Path(scratch) / "model.pt2",
            ),
            preprocessor=data.preprocessor,
            feature_repo=FEATURE_REPO,
            feature_service=FEATURE_SERVICE,
            entities=contract.ENTITIES,
            request_features=contract.REQUEST_FEATURES,
            outputs=contract.OUTPUTS,
            training_columns=data.training_columns,
            instants=data.instants[data.split.train],
            metrics=metrics,
            fingerprint=data.fingerprint,
            description=contract.DESCRIPTION,
        )


def main() -> None:
    """Teach, train, calibrate, bundle."""
    with Step("preparing inputs") as step:
        data = prepare()
        table = tree_table(data.preprocessor, data.columns, data.inputs[1])
        step.result = f"{len(data.late):,} flights"
    teacher = out_of_fold(table, data.late, data.split.train, data.folds)
    ensemble = train_network(data, teacher)
    with Step("calibrating") as step:
        logits = score(ensemble, data.inputs)
        october = data.split.validation
        slope, intercept = fit_platt(logits[october], data.late[october])
        ensemble.calibrate(slope, intercept)
        figures = by_period(data.late, sigmoid(slope * logits + intercept), data.split)
        step.result = f"AUC {figures['test']['auc']:.3f}"
    metrics = {
        "network": figures,
        "teacher": TEACHER.parameters | {"rounds": TEACHER.rounds},
        "calibration": {"slope": slope, "intercept": intercept},
        "weights_sha256": weights_sha256(ensemble),
    }
    with Step("writing the bundle"):
        folder = bundle(data, ensemble, metrics)
    print(f"bundle: {folder}\nweights: {metrics['weights_sha256']}")


if __name__ == "__main__":
    main()
