"""Writes what a replay brings into the online store, by Feast's own ways."""

import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from feast import PushSource
from feast.data_source import PushMode

from app.observability.replay.source import Rows, SourceError
from deployments.features.store.feast import FeatureStore

# Another writer has SQLite's file for as long as it writes a view, as `feast materialize` does.
_PATIENCE_S = 60.0
_LOCKED = sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED


class Writer:
    """Of one store."""

    def __init__(
        self,
        store: FeatureStore,
        *,
        clock: Callable[[], float] = time.monotonic,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._store = store
        self._views = {view.name: view for view in store.list_batch_feature_views()}
        self._clock = clock
        self._patience_s = patience_s

    def write(self, rows: Rows) -> int:
        """Push the rows to the view's push source; one without is written as a job would that
        materialises it. How many they are. Raises SourceError, and what the store raises."""
        view = self._views.get(rows.view)
        if view is None:
            raise SourceError(f"there is no feature view {rows.view!r} in the registry")
        if rows.frame.empty:
            return 0
        features = [field.name for field in view.features]
        if missing := [name for name in features if name not in rows.frame.columns]:
            raise SourceError(f"rows of {rows.view!r} have no column {missing[0]!r}")
        if rows.frame[features].isna().all(axis=None):
            # Feast leaves such rows out with a warning, and the one before would live on.
            self._patiently(lambda: self._store.provider.ingest_df(view, rows.frame))
        elif isinstance(source := view.stream_source, PushSource):
            self._patiently(lambda: self._store.push(source.name, rows.frame, to=PushMode.ONLINE))
        else:
            self._patiently(lambda: self._store.write_to_online_store(view.name, rows.frame))
        return len(rows.frame)

    def forget(self, names: Iterable[str]) -> None:
        """Empty these views: Feast overwrites but removes nothing, so that rows of later days would
        stay for keys that had none before."""
        views = [self._views[name] for name in names if name in self._views]
        for delete, keep in ((views, []), ([], views)):
            self._patiently(
                lambda delete=delete, keep=keep: self._store.provider.update_infra(  # type: ignore[misc]
                    self._store.project, delete, keep, [], [], partial=True
                )
            )

    def views(self) -> list[str]:
        """All that hold rows."""
        return [*self._views]

    def _patiently(self, write: Callable[[], object]) -> None:
        """SQLite itself waits 5 seconds for another writer, and not at all for one that wrote
        between our reading and our writing."""
        until = self._clock() + self._patience_s
        while True:
            try:
                write()
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in _LOCKED or self._clock() >= until:
                    raise


def described(store: FeatureStore) -> str:
    """Which store it is, in a word or two."""
    online = store.config.online_store
    path = getattr(online, "path", None)
    return f"{online.type} {Path(path).name}" if path else str(online.type)
