"""Drift as the node's process aside tells it."""

import time
from collections.abc import Callable, Iterator

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
    PSI_BOUND,
    PSI_CHANCE,
)
from deployments.model_id import ModelId

logger = get_logger(__name__)


class DriftWork:
    """Compares the newest rows with training; what begins to drift, or does no more, it logs. Of a
    version that is not served any more it tells figures, and no alarm."""

    name = "drift"

    def __init__(
        self,
        settings: DriftSettings,
        bundles: BundleStore,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.every_s = settings.every_s
        self._comparisons = Comparisons(settings, bundles, now_ns)
        self._now_ns = now_ns
        self._drifting: set[tuple[ModelId, str]] = set()

    def turn(self) -> list[Sample]:
        """What is drifting now. Raises JournalUnusable, KeyringError or OSError."""
        compared = self._comparisons.now()
        now_ns = self._now_ns()
        served = {model for model, one in compared.items() if one.window.served(now_ns)}
        self._log(compared, served)
        return [
            sample
            for model, one in compared.items()
            for sample in (*_figures(model, one), *(_alarms(model, one) if model in served else ()))
        ]

    def _log(self, compared: dict[ModelId, Comparison], served: set[ModelId]) -> None:
        now = {(model, name) for model in served for name in compared[model].drifting}
        for model, name in sorted(now - self._drifting, key=str):
            verdict = compared[model].verdicts[name]
            logger.warning(
                "drift: %s of %s is not as in training: PSI %.3f of %d rows, and %.3f is tolerated",
                *(name, model, verdict.psi, verdict.rows, verdict.bound),
            )
        for model, name in sorted(self._drifting - now, key=str):
            why = "drifts no more" if model in served else "drifted when rows last came"
            logger.info("drift: %s of %s %s", name, model, why)
        self._drifting = now


def _figures(model: ModelId, compared: Comparison) -> Iterator[Sample]:
    version = model.name, model.version
    yield Sample(DRIFT_ROWS.name, version, compared.window.rows)
    for name, verdict in compared.verdicts.items():
        labels = *version, name
        yield Sample(PSI.name, labels, verdict.psi)
        yield Sample(PSI_CHANCE.name, labels, verdict.psi_chance)
        yield Sample(PSI_BOUND.name, labels, verdict.bound)
        yield Sample(JS.name, labels, verdict.js)
        yield Sample(JS_CHANCE.name, labels, verdict.js_chance)
        if verdict.chi_square is not None:
            yield Sample(CHI2.name, labels, verdict.chi_square)


def _alarms(model: ModelId, compared: Comparison) -> Iterator[Sample]:
    for name, verdict in compared.verdicts.items():
        yield Sample(DRIFTING.name, (model.name, model.version, name), float(verdict.drifting))
