"""From a finished batch to the answer for each of its rows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from app.schemas import FeaturesInfo, ViewInfo
from deployments.frames import DType, Frame, Outputs, Status

_STATUS = [status.name.lower() for status in Status]


class RowAnswer(msgspec.Struct):
    """What the graph says of one row, before a protocol dresses it."""

    outputs: dict[str, Any]
    features: FeaturesInfo


@dataclass(frozen=True, slots=True)
class Batch:
    """A finished batch, as plain lists: converted once, then read row by row."""

    outputs: list[tuple[str, list[Any]]]
    views: list[tuple[str, list[int], list[float]]]
    found: Frame
    timeless: Collection[str]

    @classmethod
    def of(cls, outputs: Outputs, found: Frame, timeless: Collection[str] = ()) -> "Batch":
        """From model outputs and the frame that the feature stage gave.

        ``timeless`` names the views that never expire: the oldest age says nothing of them.
        """
        return cls(
            [(name, values.tolist()) for name, values in outputs.items()],
            [
                (name, view.status.tolist(), np.round(view.age_s, 3).tolist())
                for name, view in found.views.items()
            ],
            found,
            timeless,
        )

    def row(self, place: int, values_of: Mapping[str, DType] | None = None) -> RowAnswer:
        """The answer for one row, with the values of the named feature columns if asked for."""
        worst, oldest, degraded = 0, -1.0, False
        views: dict[str, ViewInfo] = {}
        for name, statuses, ages in self.views:
            status, age = statuses[place], ages[place]
            known = age == age
            views[name] = ViewInfo(_STATUS[status], age if known else None)
            worst = max(worst, status)
            degraded = degraded or status in (Status.STALE, Status.DEFAULTED)
            if known and age > oldest and name not in self.timeless:
                oldest = age
        features = FeaturesInfo(_STATUS[worst], degraded, oldest if oldest >= 0 else None, views)
        if values_of is not None:
            features.values = {
                name: _plain(dtype, self.found.columns[name][place])
                for name, dtype in values_of.items()
            }
        return RowAnswer({name: values[place] for name, values in self.outputs}, features)


def _plain(dtype: DType, value: Any) -> Any:
    if dtype == "string":
        return value
    if not np.isfinite(value):
        return None
    return {"int64": int, "bool": bool}.get(dtype, float)(value)
