"""Whether clients are served, how fast, and what is in the way."""

from app.observability.dashboards.panel import (
    BAD,
    GOOD,
    WARN,
    Dashboard,
    Draws,
    Panel,
    Query,
    Row,
    above,
    below,
    stat,
)
from app.observability.dashboards.queries import ALL, FIRING, NOW
from app.observability.dashboards.saturation import SATURATION
from app.observability.slo import AVAILABILITY, FAILURES, FAST_S, OBJECTIVES
from deployments.metrics.catalogue import features, graph, requests, stages
from deployments.metrics.metric import Metric

_CHOSEN = '{model=~"$model"}'
_NO_PROBES = {"protocol": "!health"}
_PROMISES = {
    objective.title: f"{objective.budget:g} of requests may break it" for objective in OBJECTIVES
}


def _percentiles(metric: Metric, share: tuple[float, ...] = (0.5, 0.95, 0.99)) -> list[Query]:
    return [Query(NOW.quantile(one, metric), f"p{one * 100:g}") for one in share]


_NUMBERS = Row(
    "Now",
    [
        stat(
            "Ready",
            "Whether a row gets through every stage, in the worst replica.",
            NOW.minimum(graph.READY),
            says=((0, "not ready", BAD), (1, "ready", GOOD)),
            thresholds=above(1, 1),
        ),
        stat(
            "Requests",
            "Requests answered a second, probes left out.",
            NOW.rate(requests.REQUESTS, **_NO_PROBES),
            unit="reqps",
        ),
        stat(
            "Failed",
            f"Share that failed for a reason of ours: {', '.join(FAILURES)}. See Errors below.",
            NOW.share(requests.REQUESTS, among=_NO_PROBES, code=FAILURES),
            unit="percentunit",
            thresholds=below(AVAILABILITY.budget, 0.01),
            decimals=2,
        ),
        stat(
            "p99",
            "99 of 100 requests are faster. See Latency below for where the time goes.",
            NOW.quantile(0.99, requests.DURATION),
            unit="s",
            thresholds=below(FAST_S, 0.5),
        ),
        stat(
            "Degraded rows",
            "Share of looked-up rows with stale or defaulted features. See the dashboard Features.",
            NOW.share(features.ROWS, status=("stale", "defaulted")),
            unit="percentunit",
            thresholds=below(0.01, 0.05),
            decimals=2,
        ),
        stat(
            "Alerts",
            "Alerts that fire; each has its walk in docs/operations.md.",
            f"count({FIRING}) or vector(0)",
            thresholds=below(1, 1),
        ),
    ],
)

_LATENCY = Row(
    "Latency",
    [
        Panel(
            title="Latency of requests",
            description="At the door of the replica, streams left out. p99 alone rising: queue, "
            "garbage, a slow store read. All rising: a stage or the machine.",
            queries=_percentiles(requests.DURATION),
            unit="s",
            log=True,
            thresholds=((None, "transparent"), (FAST_S, BAD)),
        ),
        Panel(
            title="Where a batch spends its time",
            description="Mean seconds of a batch in each stage, stacked. The layer that grew is "
            "the cause; transport that grew is a busy machine.",
            queries=[Query(NOW.mean(stages.STAGE_SECONDS, ("stage",)), "{{stage}}")],
            unit="s",
            stacked=True,
        ),
        Panel(
            title="Wait for a batch",
            description="From a request's arrival until its batch begins. Above max_wait_s it is "
            "refused with 429.",
            queries=_percentiles(stages.QUEUE),
            unit="s",
            log=True,
        ),
        Panel(
            title="p99 by protocol",
            description="One protocol alone: its clients' payloads, or its door.",
            queries=[Query(NOW.quantile(0.99, requests.DURATION, ("protocol",)), "{{protocol}}")],
            unit="s",
            log=True,
        ),
        Panel(
            title="Rows of streams",
            description="From a row's message until its answer was ready.",
            queries=_percentiles(requests.STREAM_DURATION),
            unit="s",
            log=True,
            nothing="Nobody streams",
        ),
        Panel(
            title="Requests that took longest, by stage",
            description="99 of 100 batches are faster in each stage.",
            queries=[Query(NOW.quantile(0.99, stages.STAGE_SECONDS, ("stage",)), "{{stage}}")],
            unit="s",
            log=True,
        ),
    ],
)

_THROUGHPUT = Row(
    "Throughput",
    [
        Panel(
            title="Requests by protocol",
            description="Answered a second, whatever they were told.",
            queries=[Query(NOW.rate(requests.REQUESTS, ("protocol",)), "{{protocol}}")],
            unit="reqps",
            stacked=True,
        ),
        Panel(
            title="Rows by door",
            description="Rows that joined the queue, a second. The fast lane carries several "
            "times what Ray's doors do.",
            queries=[Query(NOW.rate(requests.ROWS, ("door",)), "{{door}}")],
            unit="rowsps",
            stacked=True,
        ),
        Panel(
            title="Rows in a batch",
            description="Larger batches under more load are how it should be.",
            queries=[
                Query(NOW.quantile(0.5, stages.BATCH_ROWS), "p50"),
                Query(NOW.mean(stages.BATCH_ROWS), "mean"),
            ],
        ),
    ],
)

_ERRORS = Row(
    "Errors",
    [
        Panel(
            title="Requests by error",
            description="A second, by the code that clients were told. 4xx are the clients' own, "
            "overloaded and timed_out apart.",
            queries=[Query(NOW.rate(requests.REQUESTS, ("code",), code="!ok"), "{{code}}")],
            unit="reqps",
            nothing="No request was told an error",
        ),
        Panel(
            title="Rows by error",
            description="Rows of batches and streams that were answered an error of their own, a "
            "second, while others were answered.",
            queries=[
                Query(NOW.rate(requests.ROW_ERRORS, ("code",)), "{{code}}"),
                Query(NOW.rate(stages.FAILED_ROWS, ("stage", "view")), "{{stage}} {{view}} failed"),
            ],
            unit="rowsps",
            nothing="No row failed",
        ),
        Panel(
            title="Batches and hops that failed",
            description="Hop limits: a stage's replica did not answer in time. Ejected: it gets no "
            "batch while others are there.",
            queries=[
                Query(NOW.rate(stages.BATCH_FAILURES), "batches that failed"),
                Query(NOW.rate(stages.HOP_LIMITS, ("stage", "limit")), "{{stage}} {{limit}} limit"),
                Query(NOW.maximum(stages.EJECTED, ("stage",)), "{{stage}} replicas ejected"),
            ],
        ),
    ],
)

_PROMISED = Row(
    "Service level objectives",
    [
        *(
            Panel(
                title=f"{objective.title}: budget used",
                description=f"Of what may fail in three days, the share that has "
                f"({_PROMISES[objective.title]}). At 1 nothing is left.",
                queries=[Query(objective.burning("3d", _CHOSEN), "{{model}}")],
                draws=Draws.GAUGE,
                unit="percentunit",
                width=4,
                least=0,
                most=1,
                thresholds=below(0.5, 1),
            )
            for objective in OBJECTIVES
        ),
        *(
            Panel(
                title=f"{objective.title}: burn rate",
                description="How many times faster than allowed the budget is used. 14.4 over an "
                "hour and 6 over six hours wake somebody.",
                queries=[
                    Query(objective.burning(window, _CHOSEN), f"{{{{model}}}} {window}")
                    for window in ("5m", "1h", "6h")
                ],
                thresholds=((None, "transparent"), (6, WARN), (14.4, BAD)),
            )
            for objective in OBJECTIVES
        ),
    ],
)

_WRONG = Row(
    "What is wrong",
    [
        Panel(
            title="Alerts that fire",
            description="None is how it should be. Each has its walk in docs/operations.md.",
            queries=[Query(f"{FIRING} * 1", "firing")],
            draws=Draws.TABLE,
            width=12,
            nothing="None fires",
        ),
        Panel(
            title="Problems that /health tells of",
            description="curl /health says them in words.",
            queries=[
                Query(ALL.maximum(graph.PROBLEMS), "problems"),
                Query(ALL.maximum(requests.QUOTA_ALONE), "quotas counted alone"),
            ],
            width=12,
            least=0,
        ),
    ],
)

OVERVIEW = Dashboard(
    name="overview",
    title="Windsock: overview",
    description="Whether clients are served, how fast, and what is in the way.",
    rows=[_NUMBERS, _LATENCY, _THROUGHPUT, _ERRORS, *SATURATION, _PROMISED, _WRONG],
)
