"""What was recorded of a span of time, and its file."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from app.observability.cost.expressions import Expressions
from app.observability.cost.prometheus import Floats, Prometheus, Series, Span, Unreadable
from app.observability.cost.service import Service
from deployments.strict import StrictModel, first_problem

_NEEDED = ("price", "replicas", "reserved", "cost")


class _SavedSeries(StrictModel):
    labels: dict[str, str]
    values: list[float | None]


class _Saved(StrictModel):
    """The file of a recording."""

    format: int = Field(default=1, ge=1, le=1)
    begin: float
    step_s: float = Field(gt=0)
    steps: int = Field(ge=1)
    service: Service
    series: dict[str, list[_SavedSeries]]


class Recording:
    """Series by the names of ``Expressions.recorded``; all have a value for each step, NaN where
    nothing is known."""

    def __init__(self, service: Service, span: Span, series: dict[str, list[Series]]) -> None:
        self.service = service
        self.span = span
        self._series = series

    @classmethod
    def read(cls, prometheus: Prometheus, service: Service, span: Span) -> Self:
        """Ask for all of it. Raises Unreadable."""
        asked = Expressions(f"{span.step_s:g}s", service.application).recorded
        return cls(service, span, {name: prometheus.series(q, span) for name, q in asked.items()})

    @classmethod
    def load(cls, path: Path) -> Self:
        """From a file of ``save``. Raises Unreadable."""
        try:
            saved = _Saved.model_validate_json(path.read_bytes())
        except OSError as error:
            raise Unreadable(f"{path}: {error.strerror}") from error
        except ValidationError as error:
            raise Unreadable(f"{path} is no recording: {first_problem(error)}") from error
        for name, several in saved.series.items():
            for one in several:
                if len(one.values) != saved.steps:
                    raise Unreadable(
                        f"{path} is no recording: {name} has {len(one.values)} values and not "
                        f"{saved.steps}"
                    )
        return cls(
            saved.service,
            Span(saved.begin, saved.step_s, saved.steps),
            {
                name: [Series(one.labels, np.array(one.values, float)) for one in several]
                for name, several in saved.series.items()
            },
        )

    def save(self, path: Path) -> None:
        """Write it. Raises OSError."""
        document: dict[str, Any] = {
            "format": 1,
            "begin": self.span.begin,
            "step_s": self.span.step_s,
            "steps": self.span.steps,
            "service": self.service.model_dump(),
            "series": {
                name: [
                    {"labels": dict(one.labels), "values": [_cell(v) for v in one.values.tolist()]}
                    for one in several
                ]
                for name, several in self._series.items()
            },
        }
        path.write_text(json.dumps(document, allow_nan=False))

    def check(self) -> None:
        """Raises Unreadable for one that tells no cost."""
        for name in _NEEDED:
            if not any(np.isfinite(one.values).any() for one in self._series.get(name, ())):
                raise Unreadable(
                    f"there is no {name} in what was recorded from {_instant(self.span.begin)} to "
                    f"{_instant(self.span.end)}: has the service run then, with prices in "
                    "`observability.cost` of its config, and has this Prometheus scraped it?"
                )

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """[steps]: whether replicas were seen; what nobody saw is a gap, not time without load."""
        return np.isfinite(self.whole("replicas", gaps=True))

    def values(self, name: str, **labels: str) -> Floats:
        """[steps]: the sum of all series of this name with these labels, 0 where none is known."""
        return self.whole(name, gaps=False, **labels)

    def whole(self, name: str, *, gaps: bool, **labels: str) -> Floats:
        """The same; with ``gaps`` NaN where none is known."""
        fitting = [
            one.values
            for one in self._series.get(name, ())
            if all(one.labels.get(label) == value for label, value in labels.items())
        ]
        if not fitting:
            return np.full(self.span.steps, np.nan if gaps else 0.0)
        stacked = np.stack(fitting)
        total: Floats = np.nansum(stacked, axis=0)
        if gaps:
            total[np.isnan(stacked).all(axis=0)] = np.nan
        return total

    def labels(self, name: str, *labels: str) -> list[tuple[str, ...]]:
        """The values of these labels that series of this name have, each once, in order."""
        found = {
            tuple(one.labels.get(label, "") for label in labels)
            for one in self._series.get(name, ())
        }
        return sorted(found)

    @property
    def hours(self) -> float:
        """Of one step."""
        return self.span.step_s / 3600


def _cell(value: float) -> float | None:
    return None if np.isnan(value) else value


def _instant(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
