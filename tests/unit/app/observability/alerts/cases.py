"""For each alert series with which it fires, and neighbours of them with which it does not, in
promtool's notation: ``0+5x10`` begins at 0 and grows by 5 ten times, a value each minute."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Series = Mapping[str, str]


@dataclass(frozen=True)
class Case:
    """Where it fires, ``labels`` are what tells the series, beside its severity; so it does with
    each of ``also``. ``interval`` is between two values."""

    fires: Series
    silent: tuple[Series, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    after: str = "20m"
    interval: str = "1m"
    also: tuple[Series, ...] = ()


MODEL = 'model="m",version="1"'
ASKED = "ray_windsock_requests_total"
TOOK = "ray_windsock_request_seconds"
VIEW = {"view": "v"}
OF_MODEL = {"model": "m"}
OF_VERSION = {"model": "m", "version": "1"}
LONG = "x400"
LEAST = "5e-324"
"""What a counter says before it counts."""
KEPT = 'ray_windsock_feedback_total{result="kept"}'
KEPT_ELSEWHERE = 'ray_windsock_feedback_total{result="kept",replica="b"}'
ROWS = f'ray_windsock_rows_total{{{MODEL},protocol="rest",door="fast_lane"}}'
WEEK = f'{MODEL},segment="all",window="week"'
LABELLED = f"ray_windsock_quality_labelled_ratio{{{WEEK}}}"


def requests(good: str, bad: str, code: str = "internal", protocol: str = "rest") -> Series:
    """So many more each step, of each kind."""
    labels = f'{MODEL},protocol="{protocol}",door="fast_lane"'
    return {
        f'{ASKED}{{{labels},code="ok"}}': good,
        f'{ASKED}{{{labels},code="{code}"}}': bad,
    }


def times(fast: str, of_all: str, protocol: str = "rest") -> Series:
    """Requests within the promise, and all of them."""
    labels = f'{MODEL},protocol="{protocol}",door="fast_lane"'
    return {
        f'{TOOK}_bucket_total{{{labels},le="0.1"}}': fast,
        f"{TOOK}_count_total{{{labels}}}": of_all,
    }


def one(series: str, values: str) -> Series:
    """A single one."""
    return {series: values}


def gauge(name: str, series: str, fires: str, silent: str, **told: Any) -> Case:
    """Of a gauge of so much, and not of so much."""
    series = f"ray_windsock_{name}{{{series}}}"
    return Case(one(series, f"{fires}+0{LONG}"), (one(series, f"{silent}+0{LONG}"), {}), **told)


def growing(name: str, series: str, **told: Any) -> Case:
    """Of a counter that grows, and not of one that stands, whatever it counted."""
    series = f"ray_windsock_{name}{{{series}}}"
    return Case(one(series, f"0+5{LONG}"), (one(series, f"900+0{LONG}"), {}), **told)


def rare(name: str, series: str, usual: str, **told: Any) -> Case:
    """Of a counter that counts once, also where that is its first value, or while Prometheus was
    away; not an hour later, whatever was not read since. It is looked at after four hours."""
    events, others = f"ray_windsock_{name}{{{series}}}", f"ray_windsock_{name}{{{usual}}}"
    well = one(others, "0+1x250")
    return Case(
        {**well, events: "_x234 1+0x20"},
        (
            well,
            {**well, events: "1+0x250"},
            {**well, events: "0+0x5 1+0x250"},
            {**well, events: f"_x234 {LEAST}+0x20"},
            {**well, events: "3+0x224 stale 3+0x20"},  # a scrape failed, a window ago
            {**well, events: "3+0x215 _x12 3+0x20"},
            {**well, events: "3+0x30 _x200 3+0x20"},
            {others: "0+1x30 _x200 230+1x20", events: "3+0x30 _x200 3+0x20"},
        ),
        after="4h",
        also=(
            {**well, events: f"{LEAST}+0x234 1+0x20"},
            {**well, events: "3+0x30 _x200 4+0x20"},
            {**well, events: "3+0x234 1+0x20"},
        ),
        **told,
    )


def lost(journal: str) -> Case:
    """Records of a journal."""
    told = (f'journal="{journal}",outcome="{outcome}"' for outcome in ("lost", "kept"))
    return rare("journal_records_total", *told, labels={"journal": journal})


def journal_gauge(name: str, journal: str, fires: float, silent: float) -> Case:
    """Of one journal."""
    labels = {"journal": journal}
    return gauge(name, f'journal="{journal}"', f"{fires}", f"{silent}", labels=labels)


def of_journals(case: Case, other: Case) -> Case:
    """One that another journal does not concern."""
    return replace(case, silent=(*case.silent, other.fires, *other.also))


def memory(**replicas: str) -> Series:
    """Of replicas of a stage."""
    name = "ray_windsock_replica_memory_bytes"
    return {
        f'{name}{{stage="Ingress",replica="{replica}"}}': values
        for replica, values in replicas.items()
    }


def burning(title: str, after: str, interval: str, bad: float, well: float) -> dict[str, Case]:
    """Of what fails of 1000 a step."""

    def failing(share: float) -> Series:
        good = f"0+{1000 - 1000 * share:g}{LONG}"
        if title == "Availability":
            return requests(good, f"0+{1000 * share:g}{LONG}")
        return times(good, f"0+1000{LONG}")

    probes = {
        "Availability": requests(f"0+1{LONG}", f"0+999{LONG}", protocol="health"),
        "Latency": times(f"0+1{LONG}", f"0+999{LONG}", protocol="health"),
    }[title]
    theirs = requests(f"0+1{LONG}", f"0+999{LONG}", code="invalid_field")
    silent = (failing(well), probes, *([theirs] if title == "Availability" else []))
    return {
        after: Case(failing(bad), silent, OF_MODEL, after, interval),
    }


def _burns(title: str, budget: float) -> dict[str, Case]:
    speeds = {"Fast": ("90m", "1m", 14.4), "Medium": ("8h", "5m", 6.0), "Slow": ("80h", "15m", 1.0)}
    return {
        f"Windsock{title}Burn{speed}": burning(
            title, after, interval, factor * budget * 1.1, factor * budget * 0.9
        )[after]
        for speed, (after, interval, factor) in speeds.items()
    }


CASES: dict[str, Case] = {
    **_burns("Availability", 0.001),
    **_burns("Latency", 0.01),
    "WindsockNotReady": Case(
        {'ray_windsock_ready{model="m",replica="a"}': f"0+0{LONG}"},
        (
            {
                'ray_windsock_ready{model="m",replica="a"}': f"0+0{LONG}",
                'ray_windsock_ready{model="m",replica="b"}': f"1+0{LONG}",
            },
        ),
        OF_MODEL,
    ),
    "WindsockMetricsAbsent": Case({}, (one('ray_windsock_ready{model="m"}', f"0+0{LONG}"),)),
    "WindsockScrapeFailing": Case(
        one('up{job="ray",instance="a:1"}', f"0+0{LONG}"),
        (
            one('up{job="ray",instance="a:1"}', f"1+0{LONG}"),
            one('up{job="node",instance="a:1"}', f"0+0{LONG}"),
        ),
        {"job": "ray", "instance": "a:1"},
    ),
    "WindsockShedding": Case(
        requests(f"0+98{LONG}", f"0+2{LONG}", "overloaded"),
        (
            requests(f"0+995{LONG}", f"0+5{LONG}", "overloaded"),
            requests(f"0+98{LONG}", f"0+2{LONG}", "rate_limited"),
        ),
        OF_MODEL,
    ),
    "WindsockDeadlinesMissed": Case(
        requests(f"0+98{LONG}", f"0+2{LONG}", "timed_out"),
        (requests(f"0+995{LONG}", f"0+5{LONG}", "timed_out"),),
        OF_MODEL,
    ),
    "WindsockReplicaEjected": gauge(
        "ejected_replicas", 'stage="Model"', "1", "0", labels={"stage": "Model"}
    ),
    "WindsockHopsFailing": Case(
        one('ray_windsock_hop_limits_total{stage="Model",limit="second"}', f"0+1{LONG}"),
        (one('ray_windsock_hop_limits_total{stage="Model",limit="first"}', f"0+1{LONG}"),),
        {"stage": "Model"},
    ),
    "WindsockBatchesFailing": growing("batch_failures_total", MODEL, labels=OF_MODEL),
    "WindsockProblems": gauge("problems", "", "1", "0"),
    "WindsockSwapRefused": rare(
        "swaps_total", 'model="m",outcome="refused"', 'model="m",outcome="served"', labels=OF_MODEL
    ),
    "WindsockQuotaAlone": gauge("quota_alone", "", "1", "0"),
    "WindsockFrontLaneDown": Case(
        one('windsock_front_lanes{state="down"}', f"1+0{LONG}"),
        (
            one('windsock_front_lanes{state="down"}', f"0+0{LONG}"),
            one('windsock_front_lanes{state="up"}', f"2+0{LONG}"),
        ),
    ),
    "WindsockBreakerOpen": gauge("store_breaker", "", "2", "0"),
    "WindsockStoreFailing": growing("store_failures_total", ""),
    "WindsockViewBroken": gauge("store_broken_views", "", "1", "0"),
    "WindsockFeaturesDegraded": Case(
        {
            'ray_windsock_feature_rows_total{view="v",status="fresh"}': "0+80x300 24000+60x99",
            'ray_windsock_feature_rows_total{view="v",status="stale"}': "0+14x300 4200+30x99",
            'ray_windsock_feature_rows_total{view="v",status="defaulted"}': "0+6x300 1800+10x99",
        },
        (
            {
                'ray_windsock_feature_rows_total{view="v",status="fresh"}': f"0+55{LONG}",
                'ray_windsock_feature_rows_total{view="v",status="stale"}': f"0+40{LONG}",
                'ray_windsock_feature_rows_total{view="v",status="defaulted"}': f"0+5{LONG}",
                'ray_windsock_feature_rows_total{view="v",status="missing"}': f"0+99{LONG}",
            },
        ),
        VIEW,
        after="330m",
        also=(
            {
                'ray_windsock_feature_rows_total{view="v",status="fresh"}': f"0+45{LONG}",
                'ray_windsock_feature_rows_total{view="v",status="stale"}': f"0+55{LONG}",
            },
        ),
    ),
    "WindsockFeaturesMissing": Case(
        {
            'ray_windsock_feature_rows_total{view="v",status="fresh"}': "0+90x300 27000+40x99",
            'ray_windsock_feature_rows_total{view="v",status="missing"}': "0+10x300 3000+60x99",
        },
        (
            {
                'ray_windsock_feature_rows_total{view="v",status="fresh"}': f"0+40{LONG}",
                'ray_windsock_feature_rows_total{view="v",status="missing"}': f"0+60{LONG}",
            },
        ),
        VIEW,
        after="330m",
    ),
    "WindsockRowsUnusable": growing("store_unusable_rows_total", 'view="v"', labels=VIEW),
    "WindsockRowsFailing": growing(
        "failed_rows_total", 'stage="features",view="v"', labels={**VIEW, "stage": "features"}
    ),
    "WindsockServedLogLosing": rare("served_rows_total", 'outcome="dropped"', 'outcome="logged"'),
    "WindsockJournalUnwritable": of_journals(
        journal_gauge("journal_unwritable", "audit", 1, 0),
        journal_gauge("journal_unwritable", "drift", 1, 0),
    ),
    "WindsockJournalLosing": of_journals(lost("audit"), lost("drift")),
    "WindsockSamplesLosing": of_journals(lost("skew"), lost("predictions")),
    "WindsockJournalUnsealed": of_journals(
        journal_gauge("journal_unsealed_seconds", "audit", 301, 300),
        journal_gauge("journal_unsealed_seconds", "drift", 3599, 0),
    ),
    "WindsockJournalBehind": gauge(
        "journal_behind_seconds", 'journal="outcomes"', "601", "600", labels={"journal": "outcomes"}
    ),
    "WindsockAsideStalled": gauge(
        "aside_age_seconds", 'work="drift"', "601", "600", labels={"work": "drift"}
    ),
    "WindsockSpansDropped": rare("spans_total", 'outcome="dropped"', 'outcome="exported"'),
    "WindsockDrift": gauge(
        "drift_alarm", f'{MODEL},feature="f"', "1", "0", labels={**OF_VERSION, "feature": "f"}
    ),
    "WindsockSkew": gauge("skew_alarm", 'view="v"', "1", "0", labels=VIEW),
    "WindsockQualityLower": Case(
        {
            f'ray_windsock_quality_trained{{{MODEL},measure="auc"}}': f"0.79+0{LONG}",
            f'ray_windsock_quality_upper{{{WEEK},measure="auc"}}': f"0.78+0{LONG}",
        },
        (
            {
                f'ray_windsock_quality_trained{{{MODEL},measure="auc"}}': f"0.79+0{LONG}",
                f'ray_windsock_quality_upper{{{WEEK},measure="auc"}}': f"0.80+0{LONG}",
            },
            {
                f'ray_windsock_quality_trained{{{MODEL},measure="brier"}}': f"0.2+0{LONG}",
                f'ray_windsock_quality_upper{{{WEEK},measure="brier"}}': f"0.1+0{LONG}",
            },
        ),
        OF_VERSION,
        after="2h",
    ),
    "WindsockFeedbackAbsent": Case(
        # Of steps of 15 minutes; a day has 96.
        {KEPT: f"50+0{LONG}", ROWS: f"0+9{LONG}"},
        (
            {KEPT: f"0+1{LONG}", ROWS: f"0+9{LONG}"},
            {KEPT: f"50+0{LONG}"},
            {ROWS: f"0+9{LONG}"},
            # Rows are of today alone: their outcomes may still be to come.
            {KEPT: f"50+0{LONG}", ROWS: "0+0x190 0+9x96"},
            # By a job of each night, of which the last ran 25 hours ago.
            {KEPT: "0+0x80 9000+0x95 18000+0x97 18000+0x60", ROWS: f"0+9{LONG}"},
            # By a replica that was never asked for it before.
            {KEPT: f"50+0{LONG}", KEPT_ELSEWHERE: "_x200 9000+0x90", ROWS: f"0+9{LONG}"},
        ),
        after="69h",
        interval="15m",
        also=({LABELLED: f"0+0{LONG}", ROWS: f"0+9{LONG}"},),
    ),
    "WindsockLabelsFew": Case(
        {
            f"ray_windsock_quality_labelled_ratio{{{WEEK}}}": f"0.1+0{LONG}",
            f"ray_windsock_quality_predictions{{{WEEK}}}": f"5000+0{LONG}",
        },
        (
            {
                f"ray_windsock_quality_labelled_ratio{{{WEEK}}}": f"0.1+0{LONG}",
                f"ray_windsock_quality_predictions{{{WEEK}}}": f"500+0{LONG}",
            },
            {
                f"ray_windsock_quality_labelled_ratio{{{WEEK}}}": f"0.3+0{LONG}",
                f"ray_windsock_quality_predictions{{{WEEK}}}": f"5000+0{LONG}",
            },
        ),
        OF_MODEL,
        after="390m",
    ),
    "WindsockLoopLate": gauge(
        "replica_loop_lag_seconds", 'stage="Ingress"', "0.2", "0.05", labels={"stage": "Ingress"}
    ),
    "WindsockMemoryGrows": Case(
        memory(a=f"300000000+2000000{LONG}"),
        (
            memory(a=f"300000000+1000{LONG}"),
            memory(a="100000000+9000000x20 280000000+0x400"),
            # Each warms up, beside the one before it.
            memory(
                **{
                    name: f"{f'_x{begin} ' * bool(begin)}100000000+1000000x100"
                    for name, begin in {"a": 0, "b": 80, "c": 160, "d": 240}.items()
                }
            ),
            # One that grew is replaced by one that does not.
            memory(a="300000000+2000000x200", b=f"_x200 300000000+0{LONG}"),
        ),
        {"stage": "Ingress", "replica": "a"},
        after="260m",
    ),
}
