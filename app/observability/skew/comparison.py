"""Compares served rows with what the offline store says of the instants at which they were served.

Rows that differ are joined twice more: at the end of the time that an event may be on its way,
which tells what came in time, and right behind the event that was served, which tells a value that
is late from one that is another.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np

from app.observability.skew.equality import same
from app.observability.skew.offline import Cells, Offline
from app.observability.skew.report import Example, FeatureSkew, Reason, ViewSkew
from app.observability.skew.sample import Sample
from app.observability.skew.settings import SkewSettings
from deployments.bundle.schema import column_name
from deployments.dtypes import DType, type_of
from deployments.features.plan import OnDemandView, ServicePlan, StoredView
from deployments.frames import Status
from deployments.json_cells import to_json
from deployments.model_id import ModelId

_BEHIND_S = 1.0
"""Right behind an event: online stores keep whole seconds of its time."""

Row = dict[str, Any]
"""A view's offline cells of a row, by column."""

Differing = dict[int, list[str]]
"""By row, the features that differ, in the order of the view's."""


class Comparison:
    """Of the rows of one version of a model."""

    def __init__(
        self,
        model: ModelId,
        sample: Sample,
        offline: Offline,
        plan: ServicePlan,
        settings: SkewSettings,
    ) -> None:
        """Raises OfflineUnavailable."""
        self._model = model
        self._sample = sample
        self._offline = offline
        self._plan = plan
        self._settings = settings
        self._fields = {**plan.schema.entities, **plan.schema.request}
        self._joined = self._join(range(len(sample)), lambda row: float(sample.at[row]))
        self._unclean: dict[str, set[int]] = {}

    def views(self) -> list[ViewSkew]:
        """Those of the service, stored ones first. Raises OfflineUnavailable."""
        stored = [self._stored(view) for view in self._plan.stored]
        return stored + [self._computed(view) for view in self._plan.on_demand]

    def _stored(self, view: StoredView) -> ViewSkew:
        sample, name = self._sample, view.name
        found = self._begun(name)
        status, age_s = sample.status.get(name), sample.age_s.get(name)
        if status is None or age_s is None:
            return found
        left_out = status == Status.DEFAULTED
        unread = left_out & np.isnan(age_s) | (status < 0)
        found.unread = int(unread.sum())
        rows = np.flatnonzero(~unread).tolist()
        differing = self._differing_now(view, rows)
        self._unclean[name] = {*differing, *np.flatnonzero(unread).tolist()}
        before = self._right_behind(view, differing)
        policy = self._by_policy(view, differing, before)
        in_time = self._in_time(view, [row for row in differing if row not in policy], before)
        found.by_policy, found.in_time = len(policy), len(in_time)
        for row in policy | in_time:
            del differing[row]
        found.rows = len(rows) - len(policy)
        self._count(found, view.features, differing)
        self._explain(found, view, differing)
        return found

    def _computed(self, view: OnDemandView) -> ViewSkew:
        found = self._begun(view.name)
        sources = {
            stored.name for stored in self._plan.stored if view.inputs.keys() & stored.full_names
        }
        behind = set().union(*(self._unclean.get(name, set()) for name in sources))
        rows = [row for row in range(len(self._sample)) if row not in behind]
        found.behind, found.rows = len(behind), len(rows)
        differing = self._differing_now(view, rows)
        self._count(found, view.features, differing)
        if not found.features:  # Feast's join does not compute it
            found.rows = found.behind = 0
        for feature in found.features:
            row = next((row for row, names in differing.items() if feature.feature in names), None)
            if row is not None:
                feature.example = self._example(view.name, feature.feature, row, None, None)
                feature.reason = _reason(feature.example)
        return found

    def _begun(self, view: str) -> ViewSkew:
        share = self._settings.tolerance_of(view).share
        return ViewSkew(self._model.name, self._model.version, view, tolerated=share)

    def _differing(
        self, view: StoredView | OnDemandView, rows: Sequence[int], offline: Cells
    ) -> Differing:
        """Of these rows, which are those of ``offline``, in their order."""
        relative = self._settings.tolerance_of(view.name).relative
        differing: Differing = {}
        for feature, dtype in view.features.items():
            column, kind = column_name(view.name, feature), type_of(dtype)
            if column not in offline:
                continue
            served = self._sample.cells[column]
            for row, cell in zip(rows, offline[column], strict=True):
                if not same(kind, served[row], cell, relative):
                    differing.setdefault(row, []).append(feature)
        return differing

    def _differing_now(self, view: StoredView | OnDemandView, rows: Sequence[int]) -> Differing:
        now = {name: [cells[row] for row in rows] for name, cells in self._joined.items()}
        return self._differing(view, rows, now)

    def _right_behind(self, view: StoredView, differing: Differing) -> dict[int, Row]:
        """Of rows that were left out for their age, what offline was there right behind what the
        online store had."""
        status = self._sample.status[view.name]
        rows = [row for row in differing if status[row] == Status.DEFAULTED]
        return self._rows(view, rows, lambda row: self._behind(view.name, row))

    def _by_policy(
        self, view: StoredView, differing: Differing, before: Mapping[int, Row]
    ) -> set[int]:
        """Rows that differ since a policy has it so: what was served is too old for training, or
        was left out for its age, and the offline store has nothing newer."""
        status = self._sample.status[view.name]
        now = {row: self._row(view, self._joined, row) for row in differing}
        stale = {row for row in differing if status[row] == Status.STALE}
        old = {row for row in stale if all(cell is None for cell in now[row].values())}
        return old | {row for row, was in before.items() if was == now[row]}

    def _in_time(
        self, view: StoredView, rows: Sequence[int], before: Mapping[int, Row]
    ) -> set[int]:
        """Rows that hold what was right ``late_s`` before, or since."""
        late_s = self._settings.tolerance_of(view.name).late_s
        if not rows or not late_s:
            return set()

        def instant(row: int) -> float:
            return max(self._behind(view.name, row, -inf), float(self._sample.at[row]) - late_s)

        joined = self._join(rows, instant)
        found = set(rows) - self._differing(view, rows, joined).keys()
        at = {row: self._row(view, joined, place) for place, row in enumerate(rows)}
        return found | {row for row in rows if row in before and at[row] == before[row]}

    def _count(self, found: ViewSkew, features: Iterable[str], differing: Differing) -> None:
        for feature in features:
            if column_name(found.view, feature) in self._joined:
                differ = sum(feature in names for names in differing.values())
                found.features.append(FeatureSkew(feature, found.rows, differ))

    def _explain(self, found: ViewSkew, view: StoredView, differing: Differing) -> None:
        """Give each feature that differs an example, and say why."""
        first: dict[str, int] = {}
        for row, names in differing.items():
            for name in names:
                first.setdefault(name, row)
        rows = sorted(set(first.values()))
        before = self._rows(view, rows, lambda row: self._behind(view.name, row))
        events = {row: self._newest(view, row) for row in rows}
        for feature in found.features:
            if feature.feature not in first:
                continue
            row = first[feature.feature]
            served_at = self._sample.event_at(view.name, row)
            example = self._example(view.name, feature.feature, row, served_at, events[row])
            late = served_at is not None and self._was_right(
                view, feature.feature, row, before[row]
            )
            feature.example, feature.reason = example, "late" if late else _reason(example)

    def _was_right(self, view: StoredView, feature: str, row: int, before: Row) -> bool:
        """Whether what was served is what the offline store had then, or was left out as that."""
        if self._sample.status[view.name][row] == Status.DEFAULTED:
            return True
        column = column_name(view.name, feature)
        relative = self._settings.tolerance_of(view.name).relative
        kind, served = type_of(view.features[feature]), self._sample.cells[column][row]
        return same(kind, served, before[column], relative)

    def _example(
        self,
        view: str,
        feature: str,
        row: int,
        served_at: float | None,
        offline_at: float | None,
    ) -> Example:
        schema, column = self._plan.schema, column_name(view, feature)
        dtype = schema.looked_up[column]
        return Example(
            self._sample.requests[row],
            {k: to_json(one, self._sample.cells[k][row]) for k, one in schema.entities.items()},
            float(self._sample.at[row]),
            to_json(dtype, self._sample.cells[column][row]),
            _as_json(dtype, self._joined[column][row]),
            served_at,
            offline_at,
        )

    def _newest(self, view: StoredView, row: int) -> float | None:
        keys = [self._sample.cells[name][row] for name in view.fields]
        since = self._sample.event_at(view.name, row)
        return self._offline.event_at(view, keys, since, float(self._sample.at[row]))

    def _behind(self, view: str, row: int, without: float | None = None) -> float:
        """Right behind the event that was served; ``without`` one, or else then."""
        at, event_at = float(self._sample.at[row]), self._sample.event_at(view, row)
        if event_at is None:
            return at if without is None else without
        return min(at, event_at + _BEHIND_S)

    def _rows(
        self, view: StoredView, rows: Sequence[int], instant: Callable[[int], float]
    ) -> dict[int, Row]:
        joined = self._join(rows, instant)
        return {row: self._row(view, joined, place) for place, row in enumerate(rows)}

    def _row(self, view: StoredView, joined: Cells, place: int) -> Row:
        return {name: joined[name][place] for name in view.full_names if name in joined}

    def _join(self, rows: Sequence[int], instant: Callable[[int], float]) -> Cells:
        if not rows:
            return {}
        fields = {name: [self._sample.cells[name][row] for row in rows] for name in self._fields}
        return self._offline.join(fields, [instant(row) for row in rows])


def _reason(example: Example) -> Reason:
    if example.served is None:
        return "missing"
    return "unknown" if example.offline is None else "value"


def _as_json(dtype: DType, cell: Any) -> Any:
    try:
        return to_json(dtype, cell)
    except (TypeError, ValueError):  # what the offline store holds is of another type
        return str(cell)
