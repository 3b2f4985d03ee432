"""The rows of a window, of one version of a model, laid out to be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.observability.served.rows import ServedRows
from deployments.dtypes import DType


@dataclass(frozen=True, slots=True)
class Sample:
    """N rows: the instants ``at`` which they were served, float64 [N], their ``cells`` by column,
    and of each view a status int8 [N] and an age float64 [N]; of a view that a row does not tell of
    both are missing, -1 and NaN."""

    requests: list[str]
    at: npt.NDArray[np.float64]
    cells: dict[str, list[Any]]
    status: dict[str, npt.NDArray[np.int8]]
    age_s: dict[str, npt.NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.requests)

    @classmethod
    def of(cls, parts: Sequence[ServedRows], dtypes: Mapping[str, DType], most: int) -> "Sample":
        """The last ``most`` rows of these, in their order."""
        cells: dict[str, list[Any]] = {name: [] for name in dtypes}
        views = list(dict.fromkeys(view for part in parts for view in part.views))
        status: dict[str, list[npt.NDArray[np.int8]]] = {view: [] for view in views}
        ages: dict[str, list[npt.NDArray[np.float64]]] = {view: [] for view in views}
        for part in parts:
            rows, (told, age_s) = len(part.requests), part.states()
            for name, dtype in dtypes.items():
                packed = part.columns.get(name)
                cells[name] += packed.cells(dtype) if packed else [None] * rows
            for view in views:
                place = part.views.index(view) if view in part.views else None
                blank = np.full(rows, -1, np.int8), np.full(rows, np.nan)
                status[view].append(blank[0] if place is None else told[place])
                ages[view].append(blank[1] if place is None else age_s[place])
        at = [np.full(len(part.requests), part.at) for part in parts]
        return cls(
            [request for part in parts for request in part.requests][-most:],
            np.concatenate(at)[-most:],
            {name: values[-most:] for name, values in cells.items()},
            {view: np.concatenate(values)[-most:] for view, values in status.items()},
            {view: np.concatenate(values)[-most:] for view, values in ages.items()},
        )

    def event_at(self, view: str, row: int) -> float | None:
        """When what was served of a view was so, epoch seconds; None where it had nothing."""
        age_s = float(self.age_s[view][row])
        return None if age_s != age_s else round(float(self.at[row]) - age_s, 6)
