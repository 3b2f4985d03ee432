"""Hands served rows on to the destinations of their feature services, aside."""

import itertools
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import Any

from feast.errors import FeastObjectNotFoundException

from app.config import GraphArgs
from app.observability.aside.work import Sample
from app.observability.served.reading import Written, served, writers
from app.observability.served_log.clock import Clock, Instant
from app.observability.served_log.destination import destined
from app.observability.served_log.progress import Progress
from app.observability.served_log.settings import ServedLogSettings
from app.observability.served_log.table import Logged, NotLoggable, schema_of, table_of
from deployments.bundle.bundle import BundleError, BundleStore
from deployments.features.lookup import open_store
from deployments.features.store.feast import FeatureStore
from deployments.log import get_logger
from deployments.metrics.catalogue.drift import SERVED
from deployments.model_id import ModelId

logger = get_logger(__name__)


_MOST_TOLD = 100


class ServedLogWork:
    """Reads on where it left off, in the order of the rows' coming. What a destination does not
    take stays and is tried again, until the spool has no room for it any more."""

    name = "served_log"

    def __init__(
        self,
        settings: ServedLogSettings,
        bundles: BundleStore,
        open_store: Callable[[], FeatureStore],
        clock: Clock | None = None,
    ) -> None:
        self.every_s = settings.every_s
        self._settings = settings
        self._bundles = bundles
        self._open_store = open_store
        self._directory = settings.journal.directory
        self._clock = clock or Clock()
        self._read: Instant | None = None
        self._refused: set[str] = set()

    @classmethod
    def of(cls, args: GraphArgs, settings: ServedLogSettings) -> "ServedLogWork":
        """As a config declares it."""
        store = partial(open_store, args.feature_store.repo, args.feature_store.yaml)
        return cls(settings, args.model.bundles, store)

    def turn(self) -> Iterator[Sample]:
        """Raises what a destination raises, once it is kept what others have taken."""
        now = self._clock.now()
        progress = Progress.read(self._directory)
        progress.keep(writers(self._settings.journal))
        store: FeatureStore | None = None
        for found in self._batches(progress):
            store = store or self._open_store()
            for model, part in itertools.groupby(found, key=lambda one: one.rows.model):
                after = deepcopy(progress)
                self._hand_on(store, model, [*part], after)
                after.write(self._directory)
                progress = after
        self._read = now
        counts = {
            "logged": progress.logged,
            "dropped": progress.dropped,
            "failed": progress.failed,
        }
        return (Sample(SERVED.name, (outcome,), rows) for outcome, rows in counts.items())

    def _batches(self, progress: Progress) -> Iterator[list[Written]]:
        """What was not taken yet, in batches of at most so many rows, or one record."""
        found: list[Written] = []
        rows = 0
        since_ns = self._clock.since_ns(self._read)
        for one in filter(progress.is_new, served(self._settings.journal, since_ns)):
            rows += len(one.rows.requests)
            if found and rows > self._settings.rows:
                yield found
                found, rows = [], len(one.rows.requests)
            found.append(one)
        if found:
            yield found

    def _hand_on(
        self, store: FeatureStore, model: ModelId, part: list[Written], progress: Progress
    ) -> None:
        rows = sum(len(one.rows.requests) for one in part)
        for one in part:
            progress.take(one)
        try:
            service, logged = self._table(store, model, part)
        except (BundleError, NotLoggable) as error:
            progress.failed += rows
            self._refuse(model, str(error))
            return
        if logged is None:
            progress.dropped += rows  # the service wants none any more
            return
        progress.failed += logged.failed
        if logged.why:
            self._refuse(model, logged.why)
        if logged.failed < rows:
            self._write(store, service, logged.table)
        progress.logged += rows - logged.failed

    def _write(self, store: FeatureStore, service: Any, table: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            store.write_logged_features(logs=table, source=destined(store, service))

    def _refuse(self, model: ModelId, why: str) -> None:
        """What is wrong with one row may be wrong with many: it is told once."""
        if why not in self._refused and len(self._refused) < _MOST_TOLD:
            logger.error("served rows of %s are not logged: %s", model, why)
            self._refused.add(why)

    def _table(
        self, store: FeatureStore, model: ModelId, part: list[Written]
    ) -> tuple[Any, Logged | None]:
        """The feature service, and the table for its log; None where it has none."""
        manifest = self._bundles.open(model).manifest
        try:
            service = store.get_feature_service(manifest.service.service)
        except FeastObjectNotFoundException as error:
            raise NotLoggable(str(error)) from error
        if service.logging_config is None:
            return service, None
        schema = schema_of(store, service)
        return service, table_of(schema, manifest, [one.rows for one in part])
