"""One check: the rows that were sampled in a time, by version of the model, against the store."""

from collections.abc import Callable, Iterator
from itertools import groupby

from app.journal.errors import JournalUnusable
from app.observability.served.reading import Written, served
from app.observability.served.rows import ServedRows, dtypes_of
from app.observability.skew.comparison import Comparison
from app.observability.skew.offline import Offline, OfflineUnavailable
from app.observability.skew.report import SkewReport, ViewSkew
from app.observability.skew.sample import Sample
from app.observability.skew.settings import SkewSettings
from deployments.bundle.bundle import BundleError, BundleStore
from deployments.features.plan import ServiceError, ServicePlan
from deployments.features.promise import checked_plan
from deployments.features.store.feast import FeatureStore
from deployments.keyring import KeyringError
from deployments.model_id import ModelId


class SkewCheck:
    """Compares windows; ``open_store`` is asked for each, so that it is the registry of then."""

    def __init__(
        self,
        settings: SkewSettings,
        bundles: BundleStore,
        open_store: Callable[[], FeatureStore],
        name: str,
    ) -> None:
        self._settings = settings
        self._bundles = bundles
        self._open_store = open_store
        self._name = name

    def run(self, since_ns: int, until_ns: int, most: int | None = None) -> SkewReport:
        """Of the newest rows, at most so many, that were sampled in this time (ns since 1970)."""
        problems: list[str] = []
        try:
            found = [*served(self._settings.journal, since_ns, until_ns)]
        except (OSError, KeyringError, JournalUnusable) as error:
            return SkewReport(0, None, None, [], [f"no served rows can be read: {error}"])
        chosen = _newest([one for one in found if one.rows.model.name == self._name], most)
        views: list[ViewSkew] = []
        for model, parts in _by_model(chosen):
            try:
                views += self._compared(model, parts, most or self._settings.rows)
            except (BundleError, ServiceError, OfflineUnavailable) as error:
                problems.append(f"{model}: {error}")
        rows = sum(len(one.rows.requests) for one in chosen)
        times = [one.time_ns / 1e9 for one in chosen]
        limit = min(rows, most or self._settings.rows)
        return SkewReport(
            limit, min(times, default=None), max(times, default=None), views, problems
        )

    def _compared(self, model: ModelId, parts: list[ServedRows], most: int) -> list[ViewSkew]:
        manifest = self._bundles.open(model).manifest
        store = self._open_store()
        plan: ServicePlan = checked_plan(store, manifest.service, manifest.code)
        sample = Sample.of(parts, dtypes_of(manifest), most)
        offline = Offline(store, manifest, plan)
        return Comparison(model, sample, offline, plan, self._settings).views()


def _newest(found: list[Written], most: int | None) -> list[Written]:
    """The last of them that hold so many rows."""
    if most is None:
        return found
    kept, rows = [], 0
    for one in reversed(found):
        if rows >= most:
            break
        kept.append(one)
        rows += len(one.rows.requests)
    return kept[::-1]


def _by_model(found: list[Written]) -> Iterator[tuple[ModelId, list[ServedRows]]]:
    ordered = sorted((one.rows for one in found), key=lambda rows: str(rows.model))
    for _, rows in groupby(ordered, key=lambda rows: str(rows.model)):
        parts = [*rows]
        yield parts[0].model, parts
