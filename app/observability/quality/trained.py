"""What training said of its versions, beside what is measured live."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.observability.aside.work import Sample
from deployments.bundle.bundle import BundleError, BundleStore
from deployments.metrics.catalogue.labels import VERSION
from deployments.metrics.catalogue.quality import MEASURE, TRAINED
from deployments.model_id import ModelId

_NAMES = {
    "ece_equal_width": "calibration_error",
    "ece": "calibration_error",
    "roc_auc": "auc",
    "brier_score": "brier",
    "base_rate": "positive_ratio",
    "mean_probability": "mean_score",
} | {name: name for name in MEASURE.values}
"""Measures by what bundles call them."""
_TESTS = ("test", "validation")


class Trained:
    """Reads the metrics of each version once."""

    def __init__(self, bundles: BundleStore, name: str) -> None:
        self._bundles = bundles
        self._name = name
        self._known: dict[str, dict[str, float]] = {}

    def samples(self) -> Iterator[Sample]:
        """Of the newest versions on disk."""
        there = self._bundles.versions(self._name)[-VERSION.bound :]
        self._known = {version: self._of(version) for version in there}
        for version, measures in self._known.items():
            for measure, value in measures.items():
                yield Sample(TRAINED.name, (self._name, version, measure), value)

    def _of(self, version: str) -> dict[str, float]:
        if version in self._known:
            return self._known[version]
        try:
            return measures_of(self._bundles.open(ModelId(self._name, version)).manifest.metrics)
        except (BundleError, OSError):  # which the replica that serves it tells
            return {}


def measures_of(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The measures of the test set among a bundle's metrics, which may be nested: of
    ``{"network": {"test": {"auc": ...}}}`` those of ``test``, or else what stands there plainly."""
    for name in _TESTS:
        for found in _named(metrics, name):
            if told := _plain(found):
                return told
    return _plain(metrics)


def _named(metrics: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    for key, value in metrics.items():
        if isinstance(value, Mapping):
            if key == name:
                yield value
            yield from _named(value, name)


def _plain(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {
        _NAMES[name]: float(value)
        for name, value in metrics.items()
        if name in _NAMES and isinstance(value, int | float) and not isinstance(value, bool)
    }
