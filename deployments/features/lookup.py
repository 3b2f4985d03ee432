"""The feature stage: a frame of entity keys and request fields in, feature columns out."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError
from yaml import YAMLError

from deployments.bundle.bundle import BundleStore
from deployments.bundle.versions import Versions
from deployments.features import freshness
from deployments.features.cache import RowCache, Rows
from deployments.features.clock import Clock
from deployments.features.feast import FeastError, FeatureStore
from deployments.features.on_demand import compute
from deployments.features.plan import ServiceError, ServicePlan, StoredView, checked_plan
from deployments.features.settings import LookupSettings
from deployments.features.store import OnlineReader
from deployments.features.view_batch import ViewBatch, keys_of
from deployments.frames import Frame, Status


class FeatureLookup:
    """Reads each feature view of the bundle's feature service once per batch, for the distinct
    keys that its row cache does not hold, and computes the on-demand views."""

    def __init__(self, store: FeatureStore, bundles: BundleStore, settings: LookupSettings) -> None:
        self._store = store
        self._reader = OnlineReader(store)
        # One thread: Feast's SQLite store shares one connection.
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="feast")
        self._bundles = bundles
        self.plans = Versions(self._load)
        self.settings = settings
        self.clock = Clock(settings.clock)
        self._caches: dict[tuple[str, ...], RowCache] = {}

    def reconfigure(self, settings: LookupSettings) -> None:
        """Take new settings; cached rows are dropped, and a clock that stays the same runs on."""
        if settings.clock != self.settings.clock:
            self.clock = Clock(settings.clock)
        self.settings = settings
        self._caches = {}

    async def lookup(self, frame: Frame) -> Frame:
        """Feature columns and view states for N rows; the frame's own columns are kept."""
        plan = await self.plans.get(frame.version)
        now = self.clock.now()
        found = await self._rows(plan, frame)
        names = [view.name for view in plan.stored]
        states = freshness.judge(names, [rows.event_at for rows in found], plan.max_ages, now)
        columns = dict(frame.columns)
        unusable: npt.NDArray[np.bool_] = states.status >= Status.MISSING
        for view, rows, cleared in zip(plan.stored, found, unusable, strict=True):
            if cleared.any():
                rows.clear(cleared)
            columns |= rows.columns(view.columns)
        request = plan.schema.entities | plan.schema.request
        for computed in plan.on_demand:
            columns |= await asyncio.get_running_loop().run_in_executor(
                self._threads, compute, computed, columns, request
            )
        return Frame(frame.version, frame.rows, columns, states)

    async def _rows(self, plan: ServicePlan, frame: Frame) -> list[Rows]:
        loop = asyncio.get_running_loop()
        now = loop.time()
        keys = {
            fields: keys_of([frame.columns[name] for name in fields], frame.rows)
            for fields in {view.fields for view in plan.stored}
        }
        batches = [
            ViewBatch(view, keys[view.fields], self._cache(view), now) for view in plan.stored
        ]
        read: list[Rows | None] = [None] * len(batches)
        if any(batch.missing for batch in batches):
            # All views in one turn of the thread: a turn costs as much as reading a few rows.
            read = await loop.run_in_executor(self._threads, self._read, batches)
        return [batch.rows(found) for batch, found in zip(batches, read, strict=True)]

    def _read(self, batches: list[ViewBatch]) -> list[Rows | None]:
        return [
            self._reader.read(batch.view, batch.missing) if batch.missing else None
            for batch in batches
        ]

    def _cache(self, view: StoredView) -> RowCache:
        # Not by the name in the service: two projections of a view share their rows, and two
        # versions may give one name to different views.
        key = (view.view.name, *view.features)
        if key not in self._caches:
            self._caches[key] = RowCache(
                view.layout, self.settings.cache_rows, self.settings.cache_ttl_s
            )
        return self._caches[key]

    def _load(self, version: str) -> ServicePlan:
        manifest = self._bundles.open(version).manifest
        return checked_plan(self._store, manifest.service)


def open_store(repo: Path, store_yaml: Path | None) -> FeatureStore:
    """The Feast store in ``repo``. Raises ServiceError where there is none."""
    try:
        return FeatureStore(repo_path=str(repo), fs_yaml_file=store_yaml)
    except FileNotFoundError as error:
        raise ServiceError(f"no Feast repo at {repo}: {error}") from error
    except (YAMLError, FeastError, ValidationError) as error:
        reason = " ".join(str(error).split())
        raise ServiceError(f"the Feast configuration in {repo} is wrong: {reason}") from error
