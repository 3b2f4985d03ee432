"""Rows on what is full, and on what must not be lost."""

from app.observability.dashboards.panel import WARN, Panel, Query, Row
from app.observability.dashboards.queries import ALL, NOW
from deployments.metrics.catalogue import graph, journal, machine, replay, requests, stages, traces

_NO_GPU = "No replica has a GPU"

_FULL = Row(
    "Saturation",
    [
        Panel(
            title="Rows that wait",
            description="At max_queued_rows more are refused. A sawtooth is how batches go; a "
            "line that stays up is overload.",
            queries=[
                Query(NOW.total(stages.QUEUED_ROWS), "in the queue"),
                Query(ALL.total(requests.STREAM_ROWS), "under way on streams"),
            ],
        ),
        Panel(
            title="Refused as too much",
            description="Share of requests answered 429 overloaded. Scale out, or see which "
            "principal asks so much.",
            queries=[Query(NOW.share(requests.REQUESTS, code="overloaded"), "overloaded")],
            unit="percentunit",
            least=0,
        ),
        Panel(
            title="Requests under way",
            description="By door, and streams that are open.",
            queries=[
                Query(ALL.total(requests.IN_FLIGHT, ("door",)), "{{door}}"),
                Query(ALL.total(requests.STREAMS), "streams"),
            ],
        ),
        Panel(
            title="CPU",
            description="Cores in use by stage. One replica cannot use more than one for its "
            "event loop.",
            queries=[Query(ALL.rate(machine.CPU, ("stage",)), "{{stage}}")],
            stacked=True,
        ),
        Panel(
            title="Memory",
            description="Resident, by stage. It should level off within an hour.",
            queries=[Query(ALL.total(machine.MEMORY, ("stage",)), "{{stage}}")],
            unit="bytes",
            stacked=True,
        ),
        Panel(
            title="How late the event loop is",
            description="The worst replica of each stage. Above 0.1 s all that it answers is late.",
            queries=[Query(ALL.maximum(machine.LOOP_LAG, ("stage",)), "{{stage}}")],
            unit="s",
            log=True,
            thresholds=((None, "transparent"), (0.1, WARN)),
        ),
        Panel(
            title="GPU",
            description="Share of time that each is busy.",
            queries=[
                Query(ALL.maximum(machine.GPU_BUSY, ("stage", "gpu")), "{{stage}} GPU {{gpu}}")
            ],
            unit="percentunit",
            least=0,
            most=1,
            width=12,
            nothing=_NO_GPU,
        ),
        Panel(
            title="GPU memory",
            description="What each stage holds.",
            queries=[
                Query(ALL.total(machine.GPU_MEMORY, ("stage", "gpu")), "{{stage}} GPU {{gpu}}")
            ],
            unit="bytes",
            width=12,
            nothing=_NO_GPU,
        ),
    ],
)

_KEPT = Row(
    "What must not be lost",
    [
        Panel(
            title="Records of journals",
            description="A second. Any that is lost was answered without a record.",
            queries=[
                Query(ALL.rate(journal.RECORDS, ("journal", "outcome")), "{{journal}} {{outcome}}")
            ],
            unit="cps",
        ),
        Panel(
            title="How far journals are behind",
            description="Unsealed: a thief of the disk could change so much. Behind: what the "
            "figures of quality do not have yet.",
            queries=[
                Query(ALL.maximum(journal.UNSEALED, ("journal",)), "{{journal}} unsealed"),
                Query(ALL.maximum(journal.BEHIND, ("journal",)), "{{journal}} behind"),
            ],
            unit="s",
        ),
        Panel(
            title="Writes of journals",
            description="99 of 100 take less: they are on the way of each answer.",
            queries=[Query(ALL.quantile(0.99, journal.WRITE, ("journal",)), "{{journal}}")],
            unit="s",
            log=True,
        ),
        Panel(
            title="Bytes of journals",
            description="Written a second: what the disk has to hold.",
            queries=[Query(ALL.rate(journal.BYTES, ("journal",)), "{{journal}}")],
            unit="Bps",
        ),
        Panel(
            title="Traces and the log of requests",
            description="A second. Dropped spans: the collector does not keep up.",
            queries=[
                Query(ALL.rate(traces.SPANS, ("outcome",)), "spans {{outcome}}"),
                Query(ALL.rate(traces.LOG_LINES, ("outcome",)), "log lines {{outcome}}"),
            ],
            unit="cps",
        ),
        Panel(
            title="The front",
            description="The fast lanes behind it, its answers.",
            queries=[
                Query(ALL.total(replay.LANES, ("state",)), "lanes {{state}}"),
                Query(ALL.total(replay.FRONT_SESSIONS), "connections"),
                Query(ALL.rate(replay.FRONT_REQUESTS, ("status",)), "{{status}} a second"),
            ],
            nothing="No windsock front runs",
        ),
        Panel(
            title="What is worked out aside",
            description="How long ago each work last succeeded. All that climb: the process has "
            "ended; one alone: that work hangs or fails. /health says why.",
            queries=[Query(ALL.maximum(graph.ASIDE_AGE, ("work",)), "{{work}}")],
            unit="s",
            thresholds=((None, "transparent"), (600, WARN)),
            width=24,
        ),
    ],
)

SATURATION = (_FULL, _KEPT)
