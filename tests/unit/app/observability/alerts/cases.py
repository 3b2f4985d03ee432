"""For each alert series with which it fires, and neighbours of them with which it does not, in
promtool's notation: ``0+5x10`` begins at 0 and grows by 5 ten times, a value each minute."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Series = Mapping[str, str]


@dataclass(frozen=True)
class Case:
    """Where it fires, ``labels`` are what tells the series, beside its severity. ``interval`` is
    between two values."""

    fires: Series
    silent: tuple[Series, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    after: str = "20m"
    interval: str = "1m"


MODEL = 'model="m",version="1"'
ASKED = "ray_windsock_requests_total"
TOOK = "ray_windsock_request_seconds"
VIEW = {"view": "v"}
OF_MODEL = {"model": "m"}
OF_VERSION = {"model": "m", "version": "1"}
LONG = "x400"
LEAST = "5e-324"
"""What a counter says before it counts."""
WEEK = f'{MODEL},segment="all",window="week"'


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


def rare(name: str, series: str, usual: str, *, after: str = "70m", **told: Any) -> Case:
    """Of a counter that counts once, also where that is its first value; not an hour later."""
    events, others = f"ray_windsock_{name}{{{series}}}", f"ray_windsock_{name}{{{usual}}}"
    well = one(others, f"0+1{LONG}")
    return Case(
        {**well, events: "_x64 1+0x20"},
        (
            well,
            {**well, events: f"1+0{LONG}"},
            {**well, events: "0+0x5 1+0x300"},
            {**well, events: f"_x64 {LEAST}+0x20"},
        ),
        after=after,
        **told,
    )


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
            'ray_windsock_feature_rows_total{view="v",status="fresh"}': f"0+90{LONG}",
            'ray_windsock_feature_rows_total{view="v",status="stale"}': f"0+4{LONG}",
            'ray_windsock_feature_rows_total{view="v",status="defaulted"}': f"0+6{LONG}",
        },
        (
            {
                'ray_windsock_feature_rows_total{view="v",status="fresh"}': f"0+96{LONG}",
                'ray_windsock_feature_rows_total{view="v",status="stale"}': f"0+4{LONG}",
                'ray_windsock_feature_rows_total{view="v",status="missing"}': f"0+99{LONG}",
            },
        ),
        VIEW,
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
    "WindsockJournalUnwritable": gauge(
        "journal_unwritable", 'journal="audit"', "1", "0", labels={"journal": "audit"}
    ),
    "WindsockJournalLosing": rare(
        "journal_records_total",
        'journal="audit",outcome="lost"',
        'journal="audit",outcome="kept"',
        labels={"journal": "audit"},
    ),
    "WindsockJournalUnsealed": gauge(
        "journal_unsealed_seconds", 'journal="audit"', "301", "300", labels={"journal": "audit"}
    ),
    "WindsockJournalBehind": gauge(
        "journal_behind_seconds", 'journal="outcomes"', "601", "600", labels={"journal": "outcomes"}
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
        {
            'ray_windsock_feedback_total{result="kept"}': f"50+0{LONG}",
            f'ray_windsock_rows_total{{{MODEL},protocol="rest",door="fast_lane"}}': f"0+9{LONG}",
        },
        (
            {
                'ray_windsock_feedback_total{result="kept"}': f"0+1{LONG}",
                f'ray_windsock_rows_total{{{MODEL},protocol="rest",door="fast_lane"}}': "0+9x400",
            },
            {'ray_windsock_feedback_total{result="kept"}': f"50+0{LONG}"},
            {f'ray_windsock_rows_total{{{MODEL},protocol="rest",door="fast_lane"}}': "0+9x400"},
        ),
        after="3h",
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
        one(
            'ray_windsock_replica_memory_bytes{stage="Ingress"}',
            f"300000000+2000000{LONG}",
        ),
        (
            one('ray_windsock_replica_memory_bytes{stage="Ingress"}', f"300000000+1000{LONG}"),
            one(
                'ray_windsock_replica_memory_bytes{stage="Ingress"}',
                "100000000+9000000x20 280000000+0x400",
            ),
        ),
        {"stage": "Ingress"},
        after="260m",
    ),
}
