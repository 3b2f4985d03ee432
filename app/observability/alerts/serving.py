"""What of the graph does not answer, or refuses."""

from app.observability.alerts.alert import Condition, page, ticket
from app.observability.promql import Promql
from deployments.metrics.catalogue import graph, replay, requests, stages

_NOW = Promql("5m")
_RARE = Promql("15m")
_NO_PROBES = {"protocol": "!health"}
_BY_MODEL = ("model",)

ALERTS = [
    page(
        "NotReady",
        "30s",
        Condition(_NOW.maximum(graph.READY, _BY_MODEL), "<", 1),
        summary="{{ $labels.model }} is not ready in any replica",
        description="No row of {{ $labels.model }} gets through all stages, for longer than a "
        "replica takes to be replaced.",
    ),
    page(
        "MetricsAbsent",
        "2m",
        Condition(f"absent({graph.READY.exported})", ">", 0),
        summary="No replica tells anything",
        description="Prometheus has no figures of any replica: the service is down, or Prometheus "
        "does not find it. Every other alert is blind.",
    ),
    ticket(
        "ScrapeFailing",
        "2m",
        Condition('min by (job, instance) (up{job=~"ray|windsock.*"})', "<", 1),
        summary="Prometheus cannot read {{ $labels.instance }}",
        description="{{ $labels.instance }} ({{ $labels.job }}) has not answered a scrape for two "
        "minutes: its figures stand still.",
    ),
    ticket(
        "Shedding",
        "5m",
        Condition(
            _NOW.share(requests.REQUESTS, _BY_MODEL, among=_NO_PROBES, code="overloaded"), ">", 0.01
        ),
        summary="{{ $labels.model }} refuses {{ $value | humanizePercentage }} as too much",
        description="Requests are answered 429 overloaded: more is asked than the replicas can "
        "answer in time.",
    ),
    ticket(
        "DeadlinesMissed",
        "5m",
        Condition(
            _NOW.share(requests.REQUESTS, _BY_MODEL, among=_NO_PROBES, code="timed_out"), ">", 0.01
        ),
        summary="{{ $labels.model }} is too late for {{ $value | humanizePercentage }}",
        description="Requests are answered 408 timed_out: the deadline that clients sent, or "
        "limits.timeout_s, passed first.",
    ),
    ticket(
        "ReplicaEjected",
        "1m",
        Condition(_NOW.maximum(stages.EJECTED, ("stage",)), ">", 0),
        summary="{{ $value }} replicas of {{ $labels.stage }} do not answer",
        description="They get no batch while others are there. Serve replaces what hangs within "
        "seconds; this one it has not.",
    ),
    ticket(
        "HopsFailing",
        "5m",
        Condition(_NOW.rate(stages.HOP_LIMITS, ("stage",), limit="second"), ">", 0),
        summary="Batches fail since {{ $labels.stage }} does not answer",
        description="Batches waited for a replica of {{ $labels.stage }} until the last limit.",
    ),
    ticket(
        "BatchesFailing",
        "5m",
        Condition(_NOW.rate(stages.BATCH_FAILURES, _BY_MODEL), ">", 0),
        summary="Batches of {{ $labels.model }} fail as a whole",
        description="A stage raises, or cannot be reached: all requests of such a batch fail.",
    ),
    ticket(
        "Problems",
        "5m",
        Condition(_NOW.maximum(graph.PROBLEMS), ">", 0),
        summary="/health tells of problems",
        description="`curl /health` says them in words, in `problem` and `problems`.",
    ),
    ticket(
        "SwapRefused",
        "0m",
        Condition(_RARE.happened(graph.SWAPS, _BY_MODEL, outcome="refused"), ">", 0),
        summary="A version of {{ $labels.model }} was refused",
        description="The version in service serves on. The log of the replica, and /health, say "
        "why the other was refused.",
    ),
    ticket(
        "QuotaAlone",
        "5m",
        Condition(_NOW.maximum(requests.QUOTA_ALONE), ">", 0),
        summary="Limits are not counted together",
        description="Redis, in which replicas settle what principals have used, does not answer: "
        "each counts alone, so that a principal may get as often as many as there are replicas.",
    ),
    ticket(
        "FrontLaneDown",
        "2m",
        Condition(_NOW.total(replay.LANES, state="down"), ">", 0),
        summary="The front asks {{ $value }} fast lanes no more",
        description="They do not answer the front's checks, or are not ready.",
    ),
]
