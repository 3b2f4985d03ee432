"""What Prometheus has recorded, by its HTTP API."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_MOST_POINTS = 10_000
"""Of one series in one answer: Prometheus refuses above 11,000."""


class Unreadable(Exception):
    """The message says what was asked of which server, and what came of it."""


class Span(NamedTuple):
    """Steps from ``begin`` (Unix seconds), each told at its end, where rates look back from."""

    begin: float
    step_s: float
    steps: int

    @property
    def times(self) -> Floats:
        """The ends of the steps."""
        return self.begin + self.step_s * np.arange(1, self.steps + 1, dtype=np.float64)

    @property
    def end(self) -> float:
        """The end of the last."""
        return self.begin + self.step_s * self.steps


class Series(NamedTuple):
    """One series: float64 values [steps], NaN where nothing is known."""

    labels: Mapping[str, str]
    values: Floats


class Prometheus:
    """The server at ``url``, which may bring a user and a password."""

    def __init__(self, url: str, client: httpx.Client) -> None:
        self._url = url.rstrip("/")
        self._client = client

    def series(self, expression: str, span: Span) -> list[Series]:
        """All series of an expression. Raises Unreadable."""
        found: dict[tuple[tuple[str, str], ...], Floats] = {}
        times = span.times
        for first in range(0, span.steps, _MOST_POINTS):
            part = times[first : first + _MOST_POINTS]
            answer = self._answer(expression, part[0], part[-1], span.step_s)
            try:
                for one in self._result(answer.json(), expression):
                    labels = tuple(sorted(one["metric"].items()))
                    values = found.setdefault(labels, np.full(span.steps, np.nan))
                    _fill(values, one["values"], times[0], span.step_s)
            except (ValueError, KeyError, TypeError, IndexError) as error:
                raise Unreadable(
                    f"what answers at {_shown(self._url)} is no Prometheus: /api/v1/query_range is "
                    f"answered with status {answer.status_code} and not in its form"
                ) from error
        return [Series(dict(labels), values) for labels, values in sorted(found.items())]

    def _answer(self, expression: str, first: float, last: float, step_s: float) -> httpx.Response:
        form = {"query": expression, "start": repr(float(first)), "end": repr(float(last))}
        try:
            return self._client.post(
                f"{self._url}/api/v1/query_range", data={**form, "step": f"{step_s:g}"}
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreadable(f"no Prometheus answers at {_shown(self._url)}: {error}") from error

    def _result(self, told: Any, expression: str) -> list[Any]:
        if told["status"] != "success":
            raise Unreadable(
                f"the Prometheus at {_shown(self._url)} refuses {expression}: {told['error']}"
            )
        result: list[Any] = told["data"]["result"]
        return result


def _fill(values: Floats, points: list[Any], begin: float, step_s: float) -> None:
    """Each at its step; what is no number stays unknown."""
    for instant, value in points:
        place = round((float(instant) - begin) / step_s)
        if not 0 <= place < len(values):
            raise IndexError(place)
        number = float(value)
        values[place] = number if math.isfinite(number) else np.nan


def _shown(url: str) -> str:
    """Without a password, which an error would carry into a log."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return url
    return str(parsed.copy_with(userinfo=b"") if parsed.userinfo else parsed)
