"""What predictions are made from: how fresh it is, and how the online store does."""

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
from app.observability.dashboards.queries import ALL
from deployments.metrics.catalogue import features, stages

_NUMBERS = Row(
    "Now",
    [
        stat(
            "Fresh",
            "Share of looked-up rows whose features are within their time to live.",
            ALL.share(features.ROWS, status="fresh"),
            unit="percentunit",
            thresholds=above(0.9, 0.99),
            decimals=1,
        ),
        stat(
            "Stale or defaulted",
            "Share of rows for which something older, or a default, stood in.",
            ALL.share(features.ROWS, status=("stale", "defaulted")),
            unit="percentunit",
            thresholds=below(0.01, 0.05),
            decimals=2,
        ),
        stat(
            "Missing",
            "Share of rows whose entity the store does not know. A jump: it was not filled.",
            ALL.share(features.ROWS, status="missing"),
            unit="percentunit",
            decimals=2,
        ),
        stat(
            "The store",
            "How the online store is treated, by the replica that thinks worst of it.",
            ALL.maximum(features.BREAKER),
            says=((0, "read", GOOD), (1, "being tried", WARN), (2, "left alone", BAD)),
            thresholds=below(1, 2),
        ),
        stat(
            "Store read p99",
            "99 of 100 reads are faster. Above budget_s a read is given up.",
            ALL.quantile(0.99, features.STORE_READ),
            unit="s",
            thresholds=below(0.1, 0.4),
        ),
        stat(
            "Cache hits",
            "Share of keys that the row cache had.",
            ALL.share(features.CACHE_ROWS, outcome="hit"),
            unit="percentunit",
            decimals=1,
        ),
    ],
)

_FRESHNESS = Row(
    "Freshness",
    [
        Panel(
            title="Rows that are not fresh, by view",
            description="Share by view and status. One view: its pipeline. All views at once: the "
            "store.",
            queries=[
                Query(
                    f"{ALL.rate(features.ROWS, ('view', 'status'), status='!fresh')} / on (view) "
                    f"group_left () ({ALL.rate(features.ROWS, ('view',))} > 0)",
                    "{{view}} {{status}}",
                )
            ],
            unit="percentunit",
            least=0,
            width=12,
        ),
        Panel(
            title="Age of features by view, p95",
            description="A line that climbs by a second a second: nothing new is written.",
            queries=[Query(ALL.quantile(0.95, features.AGE, ("view",)), "{{view}}")],
            unit="s",
            log=True,
            width=12,
        ),
        Panel(
            title="Rows by status",
            description="A second, over all views.",
            queries=[Query(ALL.rate(features.ROWS, ("status",)), "{{status}}")],
            unit="rowsps",
            stacked=True,
            width=12,
        ),
        Panel(
            title="Views",
            description="Where each stands now.",
            queries=[
                Query(ALL.rate(features.ROWS, ("view",)), "rows/s"),
                Query(ALL.share(features.ROWS, ("view",), status="fresh"), "fresh"),
                Query(ALL.quantile(0.5, features.AGE, ("view",)), "median age, s"),
            ],
            draws=Draws.TABLE,
            width=12,
            decimals=2,
        ),
    ],
)

_STORE = Row(
    "Online store",
    [
        Panel(
            title="Reads",
            description="Time of one read of the store.",
            queries=[
                Query(ALL.quantile(one, features.STORE_READ), f"p{one * 100:g}")
                for one in (0.5, 0.95, 0.99)
            ],
            unit="s",
            log=True,
        ),
        Panel(
            title="What fails",
            description="Failed reads and unusable rows a second, views that cannot be read. Why "
            "is in the log of Features.",
            queries=[
                Query(ALL.rate(features.STORE_FAILURES), "reads that failed"),
                Query(ALL.maximum(features.BROKEN_VIEWS), "views that cannot be read"),
                Query(ALL.rate(features.UNUSABLE_ROWS, ("view",)), "{{view}} unusable rows"),
            ],
            least=0,
        ),
        Panel(
            title="Stood in for",
            description="Rows a second for which the stage's defaults stood in since it could not "
            "be reached, and rows that on-demand views or preprocessing failed for.",
            queries=[
                Query(ALL.rate(features.STOOD_IN), "stood in"),
                Query(ALL.rate(stages.FAILED_ROWS, ("stage", "view")), "{{stage}} {{view}} failed"),
            ],
            unit="rowsps",
        ),
        Panel(
            title="Cache hits by view",
            description="Falling while traffic stays: cache_rows is too small, or keys are new.",
            queries=[Query(ALL.share(features.CACHE_ROWS, ("view",), outcome="hit"), "{{view}}")],
            unit="percentunit",
            least=0,
            most=1,
            width=12,
        ),
        Panel(
            title="Reads by second",
            description="How often the store is asked; the cache keeps the rest from it.",
            queries=[Query(ALL.rate(features.STORE_READ), "reads")],
            unit="ops",
            width=12,
        ),
    ],
)

FEATURES = Dashboard(
    name="features",
    title="Windsock: features and freshness",
    description="What predictions are made from, how fresh it is, and how the online store does.",
    rows=[_NUMBERS, _FRESHNESS, _STORE],
)
