"""The newest rows of each version beside its training."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.observability.drift.settings import DriftSettings
from app.observability.drift.verdict import Verdict, judged
from app.observability.drift.window import Window, Windows
from deployments.bundle.bundle import BundleError, BundleStore
from deployments.drift.reference import Reference, reference_of
from deployments.log import get_logger
from deployments.model_id import ModelId

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of one version: its ``window``, and by column or output what is said of it."""

    window: Window
    verdicts: Mapping[str, Verdict]
    reference: Reference

    @property
    def drifting(self) -> list[str]:
        """Those that drift."""
        return [name for name, verdict in self.verdicts.items() if verdict.drifting]


class Comparisons:
    """Reads and compares, as often as it is asked to."""

    def __init__(
        self,
        settings: DriftSettings,
        bundles: BundleStore,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._settings = settings
        self._bundles = bundles
        self._windows = Windows(settings, now_ns)
        self._references: dict[ModelId, Reference | None] = {}

    def now(self) -> dict[ModelId, Comparison]:
        """By version. Raises JournalUnusable, KeyringError or OSError."""
        found = {}
        for model, window in self._windows.read().items():
            reference = self._reference(model)
            if reference is not None:
                found[model] = Comparison(window, self._verdicts(window, reference), reference)
        return found

    def _verdicts(self, window: Window, reference: Reference) -> dict[str, Verdict]:
        verdicts = {}
        for name, bins in reference.named.items():
            if name in self._settings.leave_out:
                continue
            counts = window.counts(name, bins.size)
            if verdict := judged(name, bins, counts, self._settings):
                verdicts[name] = verdict
        return verdicts

    def _reference(self, model: ModelId) -> Reference | None:
        if model not in self._references:
            try:
                self._references[model] = reference_of(self._bundles.open(model))
            except BundleError as error:  # deleted, though its counts are still there
                logger.warning("drift: %s is not compared: %s", model, error)
                self._references[model] = None
        return self._references[model]
