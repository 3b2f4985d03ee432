"""What the front's HAProxy does, read off it when Prometheus asks."""

import asyncio
import csv
from collections.abc import Iterable, Mapping

from app.doors.front_config import FRONTEND, LANES
from app.doors.haproxy_watch import ask
from deployments.metrics.catalogue import replay as catalogue
from deployments.metrics.series import COUNTS, Counts

_CLASSES = {"1xx", "2xx", "3xx", "4xx", "5xx", "other"}
_UP, _AWAY = "UP", "MAINT"
"""How a server's status begins where it is asked, and in a slot that has none."""

Row = Mapping[str, str]


class FrontMetrics:
    """Of the HAProxy with the socket at ``control``."""

    def __init__(self, control: str, counts: Counts = COUNTS) -> None:
        self._control = control
        self._lanes = counts.gauge(catalogue.LANES)
        self._requests = counts.counter(catalogue.FRONT_REQUESTS)
        self._sessions = counts.gauge(catalogue.FRONT_SESSIONS)

    def tell(self) -> None:
        """Set what it says now, from a thread without a loop. Raises OSError where it says nothing;
        then gauges tell nothing either."""
        try:
            answer = asyncio.run(ask(self._control, "show stat"))
        except OSError:
            self._sessions.forget(())
            for state in ("up", "down"):
                self._lanes.forget((state,))
            raise
        self._read(csv.DictReader(answer.decode().removeprefix("# ").splitlines()))

    def _read(self, rows: Iterable[Row]) -> None:
        up = down = 0
        for row in rows:
            if (row["pxname"], row["svname"]) == (FRONTEND, "FRONTEND"):
                self._sessions[()].set(int(row["scur"]))
                for status in _CLASSES:
                    # Another HAProxy begins anew, which Prometheus knows of counters.
                    self._requests[status].value = int(row[f"hrsp_{status}"])
            elif row["pxname"] == LANES and row["svname"].startswith("replica"):
                status = row["status"]
                if not status.startswith(_AWAY):
                    is_up = status.startswith(_UP)
                    up, down = up + is_up, down + (not is_up)
        self._lanes["up"].set(up)
        self._lanes["down"].set(down)
