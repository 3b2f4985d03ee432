"""A store, and readers of it, that a test breaks at will."""

import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from deployments.features.metrics import LookupMetrics
from deployments.features.settings import LookupSettings
from deployments.features.store.guarded import GuardedReader
from deployments.features.store.records import Faults
from deployments.features.view_batch import Key
from deployments.features.view_rows import ViewColumns, ViewRows

LAYOUT = ViewColumns.of({"price": "float64"})


def named(name: str) -> Any:
    view = SimpleNamespace(name=name)
    return SimpleNamespace(name=name, view=view, layout=LAYOUT, fields=("key",))


SHELF, RACK = named("shelf"), named("rack")
FAST: dict[str, Any] = {"budget_s": 0.2, "breaker": {"failures": 2, "probe_s": 0.05}}


class Reader:
    """A reader of one store; all readers of it share its state."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self.closed = threading.Event()
        self.fresh = True

    def read(self, view: Any, keys: Sequence[Key], faults: Faults) -> ViewRows:
        self._store.reads.append((view.name, list(keys)))
        self._call(view)
        bad = self._store.bad.intersection(keys)
        if bad:
            raise ValueError(f"garbage under {min(bad)}")
        rows = ViewRows.empty(LAYOUT, len(keys))
        rows.event_at[:] = 1.0
        rows.numbers[:, 0] = np.arange(len(keys))
        return rows

    def probe(self, view: Any) -> None:
        self._call(view)

    def close(self) -> None:
        self.closed.set()

    def _call(self, view: Any) -> None:
        store = self._store
        store.calls += 1
        if self.fresh:
            store.returns.wait(store.opening_s)
            self.fresh = False
        store.returns.wait(store.slow_s)
        if store.hangs.is_set() or view.name in store.hanging:
            store.returns.wait(30)
        if view.name in store.broken:
            raise ConnectionError("refused")


class Store:
    """``broken`` and ``hanging`` name views, ``bad`` keys; ``hangs`` is all of it. The first call
    of a reader takes ``opening_s``, each ``slow_s``."""

    def __init__(self) -> None:
        self.readers: list[Reader] = []
        self.broken: set[str] = set()
        self.hanging: set[str] = set()
        self.bad: set[Key] = set()
        self.hangs, self.returns = threading.Event(), threading.Event()
        self.reads: list[tuple[str, list[Key]]] = []
        self.calls = 0
        self.opening_s = self.slow_s = 0.0

    @property
    def opened(self) -> int:
        return len(self.readers)

    def open(self) -> Reader:
        self.readers.append(Reader(self))
        return self.readers[-1]

    def keys_asked(self) -> set[Key]:
        return {key for _, keys in self.reads for key in keys}

    def guarded(self, **settings: Any) -> GuardedReader:
        given = LookupSettings.model_validate(FAST | settings)
        return GuardedReader(self.open(), self.open, given, LookupMetrics())
