"""What `windsock replay` and `windsock front` export themselves, each on a port of its own."""

from dataclasses import replace

from deployments.metrics.catalogue.labels import SECONDS
from deployments.metrics.metric import Label, Metric, Source, counter, gauge, histogram


def _command(metric: Metric) -> Metric:
    return replace(metric, source=Source.COMMAND)


CLOCK = _command(
    gauge("windsock_replay_clock_seconds", "Where its clock stands, in seconds of Unix")
)
BEHIND = _command(
    gauge("windsock_replay_behind_seconds", "How far its clock is behind the speed asked for")
)
ASKED = _command(
    counter(
        "windsock_replay_requests",
        "Predictions asked for",
        Label("code", "ok, or the error's code", bound=64),
    )
)
TOOK = _command(
    histogram("windsock_replay_seconds", "Time of a request as its client saw it", buckets=SECONDS)
)
PUSHED = _command(counter("windsock_replay_pushed_rows", "Feature rows pushed to the online store"))
OUTCOMES = _command(counter("windsock_replay_outcomes", "Outcomes sent back"))
LANES = _command(
    gauge(
        "windsock_front_lanes",
        "Fast lanes behind the front",
        Label("state", "whether they are asked", ("up", "down")),
    )
)
FRONT_REQUESTS = _command(
    counter(
        "windsock_front_requests",
        "Requests that the front answered, by class of status",
        Label("status", "the class", ("1xx", "2xx", "3xx", "4xx", "5xx", "other")),
    )
)
FRONT_SESSIONS = _command(gauge("windsock_front_connections", "Connections open at the front"))

ALL = (CLOCK, BEHIND, ASKED, TOOK, PUSHED, OUTCOMES, LANES, FRONT_REQUESTS, FRONT_SESSIONS)
