"""The check as work that is done aside, again and again."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from app.config import GraphArgs
from app.observability.aside.work import Sample
from app.observability.skew.check import SkewCheck
from app.observability.skew.report import ViewSkew
from app.observability.skew.settings import SkewSettings
from app.observability.skew.window import Key, Windows
from deployments.bundle.schema import column_name
from deployments.features.lookup import open_store
from deployments.log import get_logger
from deployments.metrics.catalogue.drift import SKEW, SKEW_ROWS, SKEWED

logger = get_logger(__name__)


class SkewFailed(Exception):
    """Rows were sampled and could not be compared; the message says why."""


class SkewWork:
    """Compares what was served since the last turn, and tells of each view the newest window that
    has enough rows."""

    name = "skew"

    def __init__(
        self,
        settings: SkewSettings,
        check: SkewCheck,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.every_s = settings.every_s
        self._settings = settings
        self._check = check
        self._now_ns = now_ns
        # What the process before this one may not have come to.
        self._since = self._settled() - int(settings.every_s * 1e9)
        self._windows = Windows(settings.least_rows, int(settings.age_s * 1e9))
        self._told: set[Key] = set()

    @classmethod
    def of(cls, args: GraphArgs, settings: SkewSettings) -> "SkewWork":
        """As a config declares it."""
        return cls(settings, check_of(args, settings))

    def turn(self) -> Iterator[Sample]:
        """Raises SkewFailed where rows could not be compared: their window is over."""
        until = self._settled()
        report = self._check.run(self._since, until, self._settings.rows)
        self._tell(self._windows.take(report.views, self._since, until))
        self._since = until
        if report.problems:
            raise SkewFailed("; ".join(report.problems))
        return _samples(self._windows.judged, self._windows.begun)

    def _settled(self) -> int:
        return self._now_ns() - int(self._settings.settle_s * 1e9)

    def _tell(self, judged: Mapping[Key, ViewSkew]) -> None:
        """Name what differs, when it begins to; and say when it is over."""
        for key, view in judged.items():
            if view.skewed:
                logger.warning("%s", told(view))
                self._told.add(key)
            elif key in self._told:
                logger.info(
                    "feature view %r of %s version %s is as offline again", key[2], *key[:2]
                )
                self._told.discard(key)


def check_of(args: GraphArgs, settings: SkewSettings) -> SkewCheck:
    """The check of a graph."""
    store = partial(open_store, args.feature_store.repo, args.feature_store.yaml)
    return SkewCheck(settings, args.model.bundles, store, args.model.name)


def told(view: ViewSkew) -> str:
    """A view that is skewed, in one line, with an example of its worst feature."""
    over = [one for one in view.features if one.lower > view.tolerated]
    named = ", ".join(f"{one.feature} {one.share:.1%} ({one.reason})" for one in over)
    worst = max(over, key=lambda one: one.share)
    example = worst.example
    shown = ""
    if example is not None:
        row = {
            "keys": example.keys,
            "at": example.at,
            "served": example.served,
            "offline": example.offline,
            "served_event_at": example.served_event_at,
            "offline_event_at": example.offline_event_at,
            "request": example.request,
        }
        shown = f"; {worst.feature}, for one: {json.dumps(row, ensure_ascii=False)}"
    return (
        f"feature view {view.view!r} of {view.model} version {view.version} is not served as the "
        f"offline store has it, in these shares of {view.rows} rows: {named}{shown}"
    )


def _samples(judged: Iterable[ViewSkew], begun: Iterable[ViewSkew]) -> Iterator[Sample]:
    """By view, of all versions together; only what is ``judged`` alarms."""
    views: dict[str, list[ViewSkew]] = defaultdict(list)
    skewed: set[str] = set()
    for one in judged:
        views[one.view].append(one)
        if one.skewed:
            skewed.add(one.view)
    for one in begun:
        views[one.view].append(one)
    for view, found in views.items():
        yield Sample(SKEW_ROWS.name, (view,), sum(one.rows for one in found))
        yield Sample(SKEWED.name, (view,), float(view in skewed))
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for one in found:
            for feature in one.features:
                counts[feature.feature][0] += feature.differ
                counts[feature.feature][1] += feature.rows
        for name, (differ, rows) in counts.items():
            share = differ / rows if rows else 0.0
            yield Sample(SKEW.name, (view, column_name(view, name)), share)
