"""The bars of the shipped model: figures of its bundle beside those of `make report`."""

import json

from deployments.bundle.bundle import BundleStore
from deployments.model_id import ModelId
from training.flights.paths import MODELS
from training.flights.report import REPORT


def test_the_network_is_as_good_as_tuned_trees_and_calibrated() -> None:
    metrics = BundleStore(MODELS).open(ModelId("flight_delay", "latest")).manifest.metrics
    report = json.loads((REPORT / "report.json").read_text())
    network, trees = metrics["network"]["test"], report["trees"]["test"]

    assert network["rows"] == trees["rows"] == 55_060
    assert network["auc"] >= trees["auc"] > 0.74
    assert network["ece_equal_width"] <= 0.02
