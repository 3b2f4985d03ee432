"""Drift as the node's process aside tells it."""

from collections.abc import Iterator

from app.observability.aside.work import Sample
from app.observability.drift.comparison import Comparison, Comparisons
from app.observability.drift.settings import DriftSettings
from deployments.bundle.bundle import BundleStore
from deployments.log import get_logger
from deployments.metrics.catalogue.drift import (
    CHI2,
    DRIFT_ROWS,
    DRIFTING,
    JS,
    JS_CHANCE,
    PSI,
    PSI_CHANCE,
)
from deployments.model_id import ModelId

logger = get_logger(__name__)


class DriftWork:
    """Compares the newest rows with training; what begins to drift, or does no more, it logs."""

    name = "drift"

    def __init__(self, settings: DriftSettings, bundles: BundleStore) -> None:
        self.every_s = settings.every_s
        self._comparisons = Comparisons(settings, bundles)
        self._drifting: set[tuple[ModelId, str]] = set()

    def turn(self) -> list[Sample]:
        """What is drifting now. Raises JournalUnusable, KeyringError or OSError."""
        compared = self._comparisons.now()
        self._log(compared)
        return [sample for model, one in compared.items() for sample in _samples(model, one)]

    def _log(self, compared: dict[ModelId, Comparison]) -> None:
        now = {(model, name) for model, one in compared.items() for name in one.drifting}
        for model, name in sorted(now - self._drifting, key=str):
            verdict = compared[model].verdicts[name]
            logger.warning(
                "drift: %s of %s is not as in training: PSI %.3f of %d rows, and %.3f is tolerated",
                *(name, model, verdict.psi, verdict.rows, verdict.bound),
            )
        for model, name in sorted(self._drifting - now, key=str):
            logger.info("drift: %s of %s drifts no more", name, model)
        self._drifting = now


def _samples(model: ModelId, compared: Comparison) -> Iterator[Sample]:
    version = model.name, model.version
    yield Sample(DRIFT_ROWS.name, version, compared.window.rows)
    for name, verdict in compared.verdicts.items():
        labels = *version, name
        yield Sample(PSI.name, labels, verdict.psi)
        yield Sample(PSI_CHANCE.name, labels, verdict.psi_chance)
        yield Sample(JS.name, labels, verdict.js)
        yield Sample(JS_CHANCE.name, labels, verdict.js_chance)
        if verdict.chi_square is not None:
            yield Sample(CHI2.name, labels, verdict.chi_square)
        yield Sample(DRIFTING.name, labels, float(verdict.drifting))
