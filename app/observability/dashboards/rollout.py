"""A new version beside the old one."""

from app.observability.dashboards.panel import (
    Dashboard,
    Draws,
    Panel,
    Query,
    Row,
    above,
    below,
    stat,
)
from app.observability.dashboards.queries import ALL, NOW, SHOWN, proportion
from app.observability.slo import FAILURES
from deployments.metrics.catalogue import drift, graph, quality, replay, requests, stages

_VERSION = ("version",)
_WEEK = {"segment": "all", "window": "week"}
_SHIFTS = proportion(drift.PSI, drift.PSI_BOUND, (*_VERSION, "feature"))

_NUMBERS = Row(
    "Now",
    [
        stat(
            "Versions in service",
            "Two while one takes over from the other.",
            f"count({NOW.total(graph.IN_SERVICE, ('model', 'version'))} > 0)",
        ),
        stat("Replicas that answer", "With any version.", NOW.total(graph.IN_SERVICE)),
        stat(
            "Put in service",
            "Versions, over what is shown, each replica by itself.",
            SHOWN.increase(graph.SWAPS, outcome="served"),
            decimals=0,
        ),
        stat(
            "Refused",
            "Versions that were refused, in what is shown: the old one serves on.",
            f"{SHOWN.increase(graph.SWAPS, outcome='refused')} or vector(0)",
            decimals=0,
            thresholds=below(1, 1),
        ),
        stat(
            "Problems",
            "That /health tells of.",
            ALL.maximum(graph.PROBLEMS),
            thresholds=below(1, 1),
        ),
        stat(
            "Ready",
            "Share of replicas through which a row gets.",
            f"avg({NOW.of(graph.READY)})",
            unit="percentunit",
            thresholds=above(0.5, 1),
        ),
    ],
)

_BESIDE = Row(
    "Version beside version",
    [
        Panel(
            title="Requests",
            description="The new one rises as the old one falls.",
            queries=[Query(NOW.rate(requests.REQUESTS, _VERSION), "{{version}}")],
            unit="reqps",
            stacked=True,
        ),
        Panel(
            title="Failed",
            description="Share of each version's requests. A new one above the old one: go back.",
            queries=[Query(NOW.share(requests.REQUESTS, _VERSION, code=FAILURES), "{{version}}")],
            unit="percentunit",
            least=0,
        ),
        Panel(
            title="p99",
            description="Of each version's requests; the first minute of a version is colder.",
            queries=[Query(NOW.quantile(0.99, requests.DURATION, _VERSION), "{{version}}")],
            unit="s",
            log=True,
        ),
        Panel(
            title="Model stage, mean",
            description="What the program itself takes of a batch.",
            queries=[Query(NOW.mean(stages.STAGE_SECONDS, _VERSION, stage="model"), "{{version}}")],
            unit="s",
            log=True,
        ),
        Panel(
            title="Mean score",
            description="A new version far from the old one answers other things to the same rows.",
            queries=[
                Query(
                    NOW.maximum(quality.MEASURED, _VERSION, measure="mean_score", **_WEEK),
                    "{{version}}",
                )
            ],
        ),
        Panel(
            title="AUC",
            description="Needs outcomes: it comes days after the version.",
            queries=[
                Query(
                    NOW.maximum(quality.MEASURED, _VERSION, measure="auc", **_WEEK), "{{version}}"
                )
            ],
        ),
        Panel(
            title="Replicas by version",
            description="That answer with it.",
            queries=[Query(NOW.total(graph.IN_SERVICE, _VERSION), "{{version}}")],
            stacked=True,
        ),
        Panel(
            title="Largest shift",
            description="Of a feature against the training set of each version: PSI by its bound, "
            "above 1 it drifts.",
            queries=[Query(f"max by (version) ({_SHIFTS})", "{{version}}")],
        ),
        Panel(
            title="Versions",
            description="Where each stands now.",
            queries=[
                Query(NOW.total(graph.IN_SERVICE, ("model", "version")), "replicas"),
                Query(NOW.rate(requests.REQUESTS, ("model", "version")), "requests/s"),
                Query(NOW.quantile(0.99, requests.DURATION, ("model", "version")), "p99, s"),
            ],
            draws=Draws.TABLE,
            decimals=3,
        ),
    ],
)

_NO_REPLAY = "No windsock replay runs"

_REPLAY = Row(
    "Replay",
    [
        Panel(
            title="Requests of the replay",
            description="Predictions asked for, by what it was told.",
            queries=[
                Query(ALL.rate(replay.ASKED, ("code",)), "{{code}}"),
                Query(ALL.rate(replay.PUSHED), "feature rows pushed"),
                Query(ALL.rate(replay.OUTCOMES), "outcomes sent"),
            ],
            unit="cps",
            nothing=_NO_REPLAY,
        ),
        Panel(
            title="Time, as its client saw it",
            description="With the way there and back.",
            queries=[
                Query(ALL.quantile(one, replay.TOOK), f"p{one * 100:g}") for one in (0.5, 0.99)
            ],
            unit="s",
            log=True,
            nothing=_NO_REPLAY,
        ),
        Panel(
            title="How far its clock is behind",
            description="Behind: the speed asked for is more than can be served.",
            queries=[Query(ALL.maximum(replay.BEHIND), "behind")],
            unit="s",
            nothing=_NO_REPLAY,
        ),
        Panel(
            title="Where its clock stands",
            description="In the data's own time.",
            queries=[Query(f"{ALL.maximum(replay.CLOCK)} * 1000", "clock")],
            draws=Draws.STAT,
            unit="dateTimeAsIso",
            height=4,
            width=24,
            nothing=_NO_REPLAY,
        ),
    ],
)

ROLLOUT = Dashboard(
    name="rollout",
    title="Windsock: rollout",
    description="A new version beside the old one: traffic, failures, time, scores.",
    rows=[_NUMBERS, _BESIDE, _REPLAY],
)
