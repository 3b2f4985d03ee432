"""From a finished batch to the answer for each of its rows."""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from app.serving.chain import BatchResult
from app.serving.contract import Row
from app.serving.errors import ErrorCode, FeaturesRefused, RowError, RowFailed
from app.serving.info import FeaturesInfo, ViewInfo
from app.serving.labels import NO_LABELS, Labels, are_scores, by_label, named
from deployments.columns import Column
from deployments.dtypes import DType
from deployments.frames import Failure, Status
from deployments.json_cells import to_json

_STATUS = [status.name.lower() for status in Status]
_STATES = len(_STATUS)


class RowAnswer(msgspec.Struct):
    """What the graph says of one row, before a protocol dresses it."""

    outputs: dict[str, Any]
    features: FeaturesInfo


class AnsweredBatch:
    """A finished batch, as plain lists: made once, then read row by row.

    ``timeless`` names the views that never expire: the oldest age says nothing of them.
    ``started`` is when it began, of ``perf_counter``, ``rows`` what it was made of. ``columns`` are
    the outputs, each [N, ...], whole numbers by their ``labels``.
    """

    def __init__(
        self,
        ran: BatchResult,
        timeless: Collection[str] = (),
        started: float = 0.0,
        labels: Labels = NO_LABELS,
        rows: Sequence[Row] = (),
    ) -> None:
        self.rows = rows
        self.started, self.spent, self.found = started, ran.spent, ran.found
        self.failed = ran.failed
        self.columns = dict(ran.outputs)
        self._scores: dict[str, tuple[Sequence[str], int]] = {}
        for name, names in labels.items():
            self._label(name, ran.outputs[name], names)
        self.unseen: dict[int, list[str]] = {}
        for name, places in ran.unseen.items():
            for row in places.tolist():
                self.unseen.setdefault(row, []).append(name)
        states = ran.found.views
        if states is None or not states.names:
            n = ran.found.rows
            self.worst, self.degraded, self.oldest = [0] * n, [False] * n, [-1.0] * n
            return
        status = states.status
        expiring = np.array([[0.0 if name in timeless else 1.0] for name in states.names])
        self._age_s = np.where(np.isnan(states.age_s), -1.0, np.round(states.age_s, 3))
        self.worst = status.max(axis=0).tolist()
        degraded = (status == Status.STALE) | (status == Status.DEFAULTED)
        self.degraded = degraded.any(axis=0).tolist()
        self.oldest = np.where(expiring, self._age_s, -1.0).max(axis=0).tolist()

    def _label(self, name: str, values: npt.NDArray[Any], labels: Sequence[str]) -> None:
        if are_scores(values.shape[1:], labels):
            self._scores[name] = labels, values.ndim - 1
            return
        self.columns[name], beyond = named(values, labels)
        if beyond.any():
            why = Failure(f"the output {name!r} counts {len(labels)} labels, and it is beyond them")
            rows = dict.fromkeys(np.flatnonzero(beyond).tolist(), why)
            self.failed = {**rows, **self.failed}

    @cached_property
    def outputs(self) -> list[tuple[str, list[Any]]]:
        """The outputs as a row's answer has them: scores as objects, by label."""
        columns = {name: values.tolist() for name, values in self.columns.items()}
        for name, (labels, depth) in self._scores.items():
            columns[name] = by_label(columns[name], labels, depth + 1)
        return list(columns.items())

    @cached_property
    def views(self) -> list[msgspec.Raw]:
        """The states of each row's views, encoded when they are first asked for: they are half of
        an answer's work, and not every protocol's client wants them."""
        states = self.found.views
        if states is None or not states.names:
            return [msgspec.Raw(b"{}")] * self.found.rows
        return _encoded_views(states.names, states.status, self._age_s)

    def answer(
        self, place: int, values_of: Mapping[str, DType] | None = None
    ) -> RowAnswer | RowError:
        """The answer for one row, or why there is none."""
        states = self.found.views
        if states is not None and states.refused is not None and states.refused[place] >= 0:
            view = int(states.refused[place])
            age_s = float(states.age_s[view, place])
            return refusal(states.names[view], Status(states.status[view, place]), age_s)
        if place in self.failed:
            failure = self.failed[place]
            return RowFailed(failure.message, failure.column)
        return self.row(place, values_of)

    @cached_property
    def without_answer(self) -> frozenset[int]:
        """The rows that a policy refuses or that failed."""
        states = self.found.views
        if states is None or states.refused is None:
            return frozenset(self.failed)
        return frozenset(self.failed).union(np.flatnonzero(states.refused >= 0).tolist())

    def first_without_answer(self, part: slice) -> int | None:
        """The first of them in this part, if there is one."""
        without = self.without_answer
        return min((place for place in without if part.start <= place < part.stop), default=None)

    def row(self, place: int, values_of: Mapping[str, DType] | None = None) -> RowAnswer:
        """The answer for one row, with the values of the named feature columns if asked for."""
        outputs = {name: values[place] for name, values in self.outputs}
        return RowAnswer(outputs, self.features(place, values_of))

    def features(self, place: int, values_of: Mapping[str, DType] | None = None) -> FeaturesInfo:
        """What the features of one row were."""
        oldest = self.oldest[place]
        features = FeaturesInfo(
            _STATUS[self.worst[place]],
            self.degraded[place],
            oldest if oldest >= 0 else None,
            self.views[place],
        )
        if place in self.unseen:
            features.unseen = self.unseen[place]
        if values_of is not None:
            features.values = {
                name: to_json(dtype, self._features[name][place])
                for name, dtype in values_of.items()
            }
        return features

    @cached_property
    def _features(self) -> "_Cells":
        return _Cells(self.found.columns)


class Answers:
    """The answers of a request's rows, by column: from the batches in which they ran, in order."""

    def __init__(self) -> None:
        self._parts: list[tuple[AnsweredBatch, slice]] = []

    def add(self, batch: AnsweredBatch, start: int, rows: int) -> None:
        """The next ``rows`` rows are those of this batch from ``start`` on."""
        self._parts.append((batch, slice(start, start + rows)))

    def refused(self) -> RowError | None:
        """Why a row has no answer, the first that has none, if any."""
        before = 0
        for batch, part in self._parts:
            if (place := batch.first_without_answer(part)) is not None:
                refused = batch.answer(place)
                assert isinstance(refused, RowError)
                refused.row = before + place - part.start
                return refused
            before += part.stop - part.start
        return None

    def output(self, name: str) -> npt.NDArray[Any]:
        """What the program gives for all rows, [N, ...], whole numbers by their labels."""
        return np.concatenate([batch.columns[name][part] for batch, part in self._parts])

    @property
    def worst(self) -> Status:
        """The worst status of a view in a row."""
        return Status(max(max(batch.worst[part]) for batch, part in self._parts))

    @property
    def degraded(self) -> bool:
        """Whether a row is."""
        return any(any(batch.degraded[part]) for batch, part in self._parts)

    def features(self, values_of: Mapping[str, DType] | None = None) -> list[FeaturesInfo]:
        """What the features of each row were, with values as ``AnsweredBatch.row`` has them."""
        return [
            batch.features(place, values_of)
            for batch, part in self._parts
            for place in range(part.start, part.stop)
        ]


def refusal(view: str, status: Status, age_s: float) -> FeaturesRefused:
    """Why the policy of a view refuses a row of this status."""
    code, why = {
        Status.MISSING: (ErrorCode.MISSING_FEATURES, "has no row for this entity"),
        Status.DEFAULTED: (ErrorCode.FEATURES_UNAVAILABLE, "cannot be read from its store now"),
    }.get(status, (ErrorCode.STALE_FEATURES, f"is out of date: {age_s:.0f} s old"))
    return FeaturesRefused(code, f"feature view {view!r} {why}, and its policy is to refuse")


class _Cells(dict[str, list[Any]]):
    """The cells of the columns that are asked for."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        super().__init__()
        self._columns = columns

    def __missing__(self, name: str) -> list[Any]:
        cells: list[Any] = self._columns[name].tolist()
        self[name] = cells
        return cells


class _ViewJson(dict[float, bytes]):
    """One view's JSON by its state: many rows of a batch have the same."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = msgspec.json.encode(name)

    def __missing__(self, state: float) -> bytes:
        age_s, status = divmod(state, _STATES)
        info = ViewInfo(_STATUS[int(status)], age_s / 1000 if age_s >= 0 else None)
        encoded = self[state] = self._name + b":" + msgspec.json.encode(info)
        return encoded


def _encoded_views(
    names: Sequence[str], status: npt.NDArray[np.int8], age_s: npt.NDArray[np.float64]
) -> list[msgspec.Raw]:
    """``views`` of each row, encoded: as objects they would cost more than the model."""
    # One number for both, exact to the millisecond: a float64 holds 71,000 years of them.
    states = np.round(age_s * 1000) * _STATES + status
    by_view = [
        map(_ViewJson(name).__getitem__, row)
        for name, row in zip(names, states.tolist(), strict=True)
    ]
    return [msgspec.Raw(b"{%b}" % b",".join(views)) for views in zip(*by_view, strict=True)]
