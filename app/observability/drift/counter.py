"""Counts batches as they were answered."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from app.observability.drift.tally import Tally
from app.serving.answers import AnsweredBatch
from deployments.columns import Column, joined
from deployments.drift.binning import Binning
from deployments.drift.measures import Counts
from deployments.drift.reference import Reference


class Counter:
    """Counts those of one version in the bins of its reference."""

    def __init__(self, reference: Reference, leave_out: Collection[str] = ()) -> None:
        self.rows = 0
        columns = {name: name for name in reference.columns}
        outputs = {reference.output_name(name): name for name in reference.outputs}
        self._columns = _kept(columns, leave_out)
        self._outputs = _kept(outputs, leave_out)
        self._binnings = {name: Binning(bins) for name, bins in reference.named.items()}
        self._counts = self._empty()

    @property
    def names(self) -> Sequence[str]:
        """What is counted, as metrics name it."""
        return [*self._columns, *self._outputs]

    def add(self, name: str, batches: Sequence[AnsweredBatch]) -> None:
        """Count one column or output of these batches; of all of them, one after the other, so that
        between two of them something else may run."""
        if name in self._columns:
            column = joined([batch.found.columns[self._columns[name]] for batch in batches])
        else:
            column = joined([_answered(batch, self._outputs[name]) for batch in batches])
        self._counts[name] += self._binnings[name].count(column)

    def taken(self, model: str, version: str) -> Tally:
        """What was counted since the last time."""
        counts, self._counts = self._counts, self._empty()
        rows, self.rows = self.rows, 0
        return Tally(model, version, rows, {name: one.tolist() for name, one in counts.items()})

    def _empty(self) -> dict[str, Counts]:
        return {
            name: np.zeros(self._binnings[name].bins.size, dtype=np.int64) for name in self.names
        }


def _kept(names: Mapping[str, str], leave_out: Collection[str]) -> dict[str, str]:
    return {told: name for told, name in names.items() if told not in leave_out}


def _answered(batch: AnsweredBatch, output: str) -> Column:
    """An output of the rows that have an answer."""
    values = batch.columns[output]
    if not batch.without_answer:
        return values
    return np.delete(values, sorted(batch.without_answer), axis=0)
