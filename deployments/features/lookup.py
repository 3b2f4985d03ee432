"""The feature stage: a frame of entity keys and request fields in, feature columns out."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError
from yaml import YAMLError

from deployments.bundle.bundle import BundleStore
from deployments.bundle.versions import Versions
from deployments.columns import Column
from deployments.features.cache import RowCache
from deployments.features.clock import Clock
from deployments.features.freshness import Origin, Rules, judge
from deployments.features.metrics import LookupMetrics
from deployments.features.on_demand import blank, compute_rows
from deployments.features.plan import ServiceError, ServicePlan, StoredView
from deployments.features.promise import checked_plan
from deployments.features.repo_modules import make_importable
from deployments.features.settings import LookupSettings
from deployments.features.store.adapters import adapter_of
from deployments.features.store.feast import FeastError, FeatureStore
from deployments.features.store.guarded import GuardedReader
from deployments.features.store.reader import OnlineReader
from deployments.features.store.records import reason_of
from deployments.features.store.sqlite import path_of, share
from deployments.features.view_batch import ViewBatch, keys_of
from deployments.features.view_rows import ViewRows, one_row
from deployments.frames import Failures, Frame, ViewStates
from deployments.log import get_logger
from deployments.model_id import ModelId
from deployments.stage.isolation import Isolation

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a version needs: its plan, and training's defaults as one row of each stored view."""

    plan: ServicePlan
    defaults: list[ViewRows]


class FeatureLookup:
    """Reads each feature view of the bundle's feature service once per batch, for the distinct
    keys that its row cache does not hold, and computes the on-demand views.

    Where the store cannot be read, what the cache last knew and training's defaults stand in, as
    far as the policies of the views allow.
    """

    def __init__(
        self,
        open_store: Callable[[], FeatureStore],
        bundles: BundleStore,
        settings: LookupSettings,
        followed: Path | None = None,
    ) -> None:
        """``followed``: the watermark of replays, which a replayed clock follows."""
        self._store = open_store()
        self._bundles = bundles
        self._metrics = LookupMetrics()
        self._reader = GuardedReader(
            OnlineReader(self._store), lambda: OnlineReader(open_store()), settings, self._metrics
        )
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="on-demand")
        self._isolation = Isolation("features")
        self.plans = Versions(self._load, self._connect)
        self.settings = settings
        self._followed = followed
        self.clock = Clock(settings.clock, followed)
        self._latest = -np.inf
        self._rules: dict[ModelId, Rules] = {}
        self._caches: dict[str, RowCache] = {}

    def reconfigure(self, settings: LookupSettings) -> None:
        """Take new settings. A clock that stays the same runs on, and cached rows are kept unless
        their number or the clock changes: what another instant knew is not what is known."""
        if settings.clock != self.settings.clock:
            self.clock = Clock(settings.clock, self._followed)
            self._caches = {}
        if settings.cache_rows != self.settings.cache_rows:
            self._caches = {}
        self.settings = settings
        self._reader.reconfigure(settings)
        self._rules = {}

    async def lookup(self, frame: Frame) -> Frame:
        """Feature columns and view states for N rows; the frame's own columns are kept. Rows that
        an on-demand view cannot be computed for are in ``failed``."""
        prepared = await self.plans.get(frame.model)
        plan = prepared.plan
        now = self._now()
        found, origin = await self._rows(plan, frame, now)
        features, states = self._judged(frame.model, prepared, found, origin, now)
        if frame.counted:
            self._metrics.looked_up(states)
        columns = frame.columns | features
        request = plan.schema.entities | plan.schema.request
        failed: Failures = {}
        for view in plan.on_demand:
            computed, failures = await asyncio.get_running_loop().run_in_executor(
                self._threads, compute_rows, view, columns, request, self._isolation
            )
            columns |= computed
            failed = {**failures, **failed} if failures else failed
        return Frame(frame.model, frame.rows, columns, states, failed=failed)

    async def defaulted(self, model: ModelId) -> Frame | None:
        """One row of any request, as it is answered while the store is away and nothing is cached:
        training's defaults, their states, and what the policies refuse. It holds for whoever cannot
        reach this stage, so what only this stage can compute, on-demand views, is missing.

        None where no state of a stored view would tell that of an answer.
        """
        prepared = await self.plans.get(model)
        plan = prepared.plan
        if plan.on_demand and not plan.stored:
            return None
        nothing = [ViewRows.empty(view.layout, 1) for view in plan.stored]
        unknown = np.full((len(nothing), 1), Origin.UNKNOWN, dtype=np.int8)
        columns, states = self._judged(model, prepared, nothing, unknown, self.clock.now())
        for view in plan.on_demand:
            columns |= blank(view)
        return Frame(model, 1, columns, states)

    async def check(self) -> None:
        """Returns when the thread of the on-demand views is free: one that hangs has no end."""
        await asyncio.get_running_loop().run_in_executor(self._threads, int)

    def _judged(
        self,
        model: ModelId,
        prepared: Prepared,
        found: list[ViewRows],
        origin: npt.NDArray[np.int8] | None,
        now: float,
    ) -> tuple[dict[str, Column], ViewStates]:
        """The columns of these rows of each stored view, as its policy has them, and their states;
        ``origin`` as ``_rows`` gives it."""
        plan = prepared.plan
        rules = self._rules_of(model, plan)
        verdict = judge(rules, [rows.event_at for rows in found], origin, now)
        columns: dict[str, Column] = {}
        some: list[bool] = np.any(verdict.missing, axis=1).tolist()
        for place, (stored, rows) in enumerate(zip(plan.stored, found, strict=True)):
            if some[place]:
                rows.clear(verdict.missing[place])
            if verdict.replaced is not None:
                rows.fill(verdict.replaced[place], prepared.defaults[place])
            columns |= rows.columns(stored.columns)
        return columns, verdict.states

    async def _rows(
        self, plan: ServicePlan, frame: Frame, instant: float
    ) -> tuple[list[ViewRows], npt.NDArray[np.int8] | None]:
        """The rows of each stored view, and their ``Origin`` int8 [V, N]: None where all of them
        come from the store, as fresh as the cache's time allows."""
        now = asyncio.get_running_loop().time()
        if self.clock.replayed:  # cached rows age with what is replayed, too
            now += instant
        keys = {
            fields: keys_of([frame.columns[name] for name in fields], frame.rows)
            for fields in {view.fields for view in plan.stored}
        }
        read_since = now - self.settings.cache_ttl_s
        batches = [
            ViewBatch(view, keys[view.fields], self._cache(view), read_since)
            for view in plan.stored
        ]
        if frame.counted:
            distinct = {fields: len(set(some)) for fields, some in keys.items()}
            for batch in batches:
                view = batch.view
                self._metrics.cached(view.name, distinct[view.fields], len(batch.missing))
        incomplete = [batch for batch in batches if batch.missing]
        if incomplete:
            # All views in one turn of the thread: a turn costs as much as reading a few rows.
            wanted = [(batch.view, batch.missing) for batch in incomplete]
            answers = await self._reader.read(wanted, frame.budget_s)
            for batch, rows in zip(incomplete, answers, strict=True):
                if rows is not None:
                    batch.add_read(rows, now)
        outage = self._reader.outage
        if not outage and all(batch.complete for batch in incomplete):
            return [batch.rows() for batch in batches], None
        found = []
        origin = np.full((len(batches), frame.rows), Origin.READ, dtype=np.int8)
        for place, batch in enumerate(batches):
            if batch.complete and not outage:
                found.append(batch.rows())
                continue
            policy = self.settings.policy_of(batch.view.name)
            rows, origin[place] = batch.last_known(now - policy.last_known_good_s)
            found.append(rows)
        return found, origin

    def _now(self) -> float:
        now = self.clock.now()
        if self.clock.replayed and now < self._latest:
            self._caches = {}  # what is known later is not known yet
        self._latest = now
        return now

    def _cache(self, view: StoredView) -> RowCache:
        # Not by the name in the service: two projections of a view share their rows, and two
        # versions may give one name to different views.
        if view.identity not in self._caches:
            self._caches[view.identity] = RowCache(view.layout, self.settings.cache_rows)
        return self._caches[view.identity]

    def _rules_of(self, model: ModelId, plan: ServicePlan) -> Rules:
        if model not in self._rules:
            ttls_s = {view.name: view.ttl.total_seconds() for view in plan.stored}
            unknown = self.settings.views.keys() - ttls_s
            if unknown:
                logger.warning("policies for %s, which %s does not read", unknown, model)
            self._rules[model] = Rules.of(ttls_s, self.settings)
        return self._rules[model]

    def _load(self, model: ModelId) -> Prepared:
        manifest = self._bundles.open(model).manifest
        plan = checked_plan(self._store, manifest.service, manifest.code)
        for warning in plan.warnings:
            logger.warning("%s: %s", model, warning)
        defaults = [one_row(view.full_names, manifest.defaults) for view in plan.stored]
        return Prepared(plan, defaults)

    async def _connect(self, prepared: Prepared) -> None:
        await self._reader.connect(prepared.plan.stored)


def open_store(repo: Path, store_yaml: Path | None) -> FeatureStore:
    """The Feast store in ``repo``, whose modules can be imported from now on. Raises ServiceError
    where there is none, or none that can be served from."""
    make_importable(repo)
    try:
        store = FeatureStore(repo_path=str(repo), fs_yaml_file=store_yaml)
        if "SqliteOnlineStore" in adapter_of(store):
            share(path_of(store))
    except ServiceError:
        raise
    except FileNotFoundError as error:
        raise ServiceError(f"no Feast repo at {repo}: {error}") from error
    except (YAMLError, FeastError, ValidationError) as error:
        reason = " ".join(str(error).split())
        raise ServiceError(f"the Feast configuration in {repo} is wrong: {reason}") from error
    except Exception as error:  # of whatever registry, provider or driver it names
        raise ServiceError(f"the Feast repo {repo} cannot be opened: {reason_of(error)}") from error
    return store
