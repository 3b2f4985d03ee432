"""How good the model is beside tuned trees: `docs/quality/`.

Run as `python -m training.flights.report`. Tunes LightGBM on the features and split of the network
that `latest` names, and writes both models' figures and a reliability diagram. It refuses where
the network was taught by trees of other parameters than tuning finds.
"""

import json

import numpy as np
import torch
from numpy.typing import NDArray

from deployments.bundle.bundle import LATEST, Bundle, BundleStore
from deployments.model.backends.torch_export import read
from deployments.model_id import ModelId
from training.flights.calibration import fit_platt, sigmoid
from training.flights.diagram import reliability_diagram
from training.flights.figures import Figures, by_period
from training.flights.inputs import tree_table
from training.flights.paths import MODELS, ROOT
from training.flights.prepared import Prepared, prepare
from training.flights.train import MODEL_NAME
from training.flights.trees import TEACHER
from training.flights.tuning import Tuned, tune
from training.progress import Step

REPORT = ROOT / "docs" / "quality"
FLIGHTS = "Flights of November and December 2013, none of them seen in training"
BATCH = 8192

Floats = NDArray[np.float64]


@torch.inference_mode()
def by_network(bundle: Bundle, data: Prepared) -> Floats:
    """What the bundle's program answers for each flight. Raises SystemExit for other flights than
    those that it was trained on."""
    if bundle.manifest.training_data.fingerprint != data.fingerprint:
        raise SystemExit(f"{bundle.path} was trained on another training set: run `make bundle`")
    program = read(bundle.program, torch.device("cpu")).module()
    numeric, categorical = map(torch.from_numpy, data.inputs)
    parts = [
        program(*rows) for rows in zip(numeric.split(BATCH), categorical.split(BATCH), strict=True)
    ]
    return torch.cat(parts).double().numpy()


def by_trees(tuned: Tuned, values: Floats, data: Prepared) -> Floats:
    """What the tuned trees answer for each flight, calibrated on October as the network is."""
    logits = np.asarray(tuned.booster.predict(values, raw_score=True))
    october = data.split.validation
    slope, intercept = fit_platt(logits[october], data.late[october])
    return sigmoid(slope * logits + intercept)


def check_teacher(tuned: Tuned) -> None:
    """Raises SystemExit where the teacher is not what tuning found."""
    if tuned.recipe != TEACHER:
        raise SystemExit(
            f"LightGBM is best with {tuned.recipe} on these flights, but trees.TEACHER is "
            f"{TEACHER}: write the former there, then run `make bundle report`"
        )


def as_markdown(models: dict[str, dict[str, Figures]], version: str) -> str:
    """The page: a table of the test months' figures, and the diagram."""
    network, trees = (models[name]["test"] for name in ("network", "trees"))
    rows = "\n".join(
        f"| {name.replace('_', ' ')} | {network[name]:,.5g} | {trees[name]:,.5g} |"
        for name in network
    )
    return f"""# How good the model is

{FLIGHTS}. LightGBM is tuned on the
same features and split. Written by `make report`, of the network `{version}`.

| | network | LightGBM |
|---|---|---|
{rows}

![Reliability](reliability.png)
"""


def main() -> None:
    """Tune, compare, write."""
    bundle = BundleStore(MODELS).open(ModelId(MODEL_NAME, LATEST))
    with Step("preparing inputs") as step:
        data = prepare()
        table = tree_table(data.preprocessor, data.columns, data.inputs[1])
        step.result = f"{len(data.late):,} flights"
    with Step("asking the network"):
        network = by_network(bundle, data)
    tuned = tune(table, data.late, data.split)
    check_teacher(tuned)
    probabilities = {"network": network, "trees": by_trees(tuned, table.values, data)}
    models = {
        name: by_period(data.late, probability, data.split)
        for name, probability in probabilities.items()
    }
    test = data.split.test
    diagram = reliability_diagram(
        data.late[test],
        {name: probability[test] for name, probability in probabilities.items()},
        FLIGHTS,
    )
    version = bundle.manifest.version
    REPORT.mkdir(parents=True, exist_ok=True)
    (REPORT / "report.json").write_text(json.dumps({"version": version} | models, indent=2) + "\n")
    (REPORT / "reliability.png").write_bytes(diagram)
    (REPORT / "README.md").write_text(as_markdown(models, version))
    print(f"report: {REPORT}")


if __name__ == "__main__":
    main()
