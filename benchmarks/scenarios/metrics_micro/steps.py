"""What the path of a request counts, step by step."""

from typing import Any

import numpy as np

from app.edge.observed import RequestMetrics
from app.serving.batch_metrics import BatchMetrics
from app.serving.chain import StageTimes
from benchmarks.scenarios.guards_micro.case import Case
from deployments.features.metrics import LookupMetrics
from deployments.frames import ViewStates
from deployments.metrics.catalogue.labels import SECONDS
from deployments.metrics.metric import Label, histogram
from deployments.metrics.ray_export import Makers, RayExport
from deployments.metrics.series import Counts
from deployments.model_id import ModelId

_MODEL = ModelId("flight_delay", "20130601T000000Z")
_REQUESTS = 64
_VIEWS = ("carrier_recent", "origin_weather", "route_week")
_WHICH = Label("which", "which", bound=64)
_TOOK = histogram("windsock_benchmark_seconds", "Time", _WHICH, buckets=SECONDS)
_SERIES = 300


def request() -> Case:
    """As the outermost layer does, but for the calls of its neighbours."""
    metrics = RequestMetrics(Counts())

    def count() -> None:
        level = metrics.in_flight("rest", "fast_lane")
        level.value += 1
        metrics.answered(_MODEL, "rest", "fast_lane", "ok")
        level.value -= 1
        metrics.lasted(_MODEL, "rest", "fast_lane", 0.0042, 1)

    return Case("count of a request", 3.0, count)


def batch() -> Case:
    """Of one in the ingress."""
    metrics = BatchMetrics(_MODEL)
    waited = np.random.default_rng(0).exponential(0.002, _REQUESTS).tolist()
    spent = StageTimes(0.001, 0.0004, 0.0003, 0.0001)

    def count() -> None:
        metrics.begun(_REQUESTS, waited)
        metrics.ran(spent)

    return Case(f"count of a batch of {_REQUESTS} requests", 40.0, count)


def lookup() -> Case:
    """Of one in the feature stage."""
    metrics = LookupMetrics()
    rng = np.random.default_rng(0)
    shape = len(_VIEWS), _REQUESTS
    states = ViewStates(
        _VIEWS, rng.integers(0, 2, shape).astype(np.int8), rng.uniform(0, 1e5, shape)
    )

    def count() -> None:
        metrics.looked_up(states)
        for view in _VIEWS:
            metrics.cached(view, _REQUESTS, 3)

    return Case(f"count of {_REQUESTS} rows of {len(_VIEWS)} views", 60.0, count)


def telling() -> Case:
    """Once a second, all that has changed of so many series."""
    counts = Counts()
    series = [counts.histogram(_TOOK)[str(one)] for one in range(_SERIES // (len(SECONDS) + 3))]
    export = RayExport(counts, _Nobody())

    def tell() -> None:
        for one in series:
            one.observe(0.0)
        export.hand_on()

    return Case(f"hand-over of {_SERIES} series, without Ray's own part", 5000.0, tell)


class _Nobody(Makers):
    def counter(self, name: str, help: str, keys: tuple[str, ...]) -> Any:
        return self

    def inc(self, amount: float, tags: dict[str, str]) -> None:
        """Nobody hears it."""
