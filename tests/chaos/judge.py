"""What clients noticed of a fault, from every request of an open loop."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.load.opened import Arrivals
from tests.chaos.figures import Figures
from tests.chaos.scale import Scale

FRESH_AGAIN_S = 5.0
"""How long after the store is back an answer may still be flagged."""
TARDY_S = 0.3
"""By how much a deadline may be overrun: the server looks at them a few times a second."""

Instants = npt.NDArray[np.float64]


def begun_at(load: Arrivals) -> Instants:
    """When each request was sent, of ``time.monotonic()``."""
    return load.origin + load.due + load.waited


def ended_at(load: Arrivals) -> Instants:
    """When each was answered, or given up."""
    return load.origin + load.due + load.latency


def failures(load: Arrivals) -> Arrivals:
    """Those without a good answer; lost ones count."""
    return load.part(~load.good)


def told(load: Arrivals) -> str:
    """Requests by status, and where they lie: for people."""
    parts = []
    for status in np.unique(load.status):
        due = load.due[load.status == status]
        name = status or "lost"
        parts.append(f"{len(due)} x {name} (due {due.min():.2f} to {due.max():.2f} s)")
    return ", ".join(parts) or "none"


def nobody_failed(load: Arrivals, scale: Scale, figures: Figures) -> None:
    """Every request got its answer, from the instant at which it fell due."""
    latency_ms = load.latency * 1e3
    figures.add("requests", len(load), f"at least {scale.least:,}")
    figures.add("failed", len(failures(load)), "0")
    if len(failures(load)):
        figures.add("failures", told(failures(load)))
    figures.add("p50 ms", float(np.percentile(latency_ms, 50)))
    figures.add("p99 ms", float(np.percentile(latency_ms, 99)))
    figures.add("longest ms", float(latency_ms.max()))
    assert len(load) >= scale.least
    assert load.good.all(), told(failures(load))


def within(load: Arrivals, deadline_s: float, figures: Figures) -> None:
    """No request took longer than its deadline."""
    longest = float(load.latency.max())
    figures.add("longest s", longest, f"deadline {deadline_s:g}")
    assert longest <= deadline_s + TARDY_S


@dataclass(frozen=True)
class Outage:
    """A time in which the store could not be read, of ``time.monotonic()``: it was ``down`` until
    ``mending`` began and ``back`` after that. ``noticed_s`` is how long the first reads may take to
    find out: answers from the row cache are fresh until then."""

    down: float
    mending: float
    back: float
    noticed_s: float


def flagged(load: Arrivals, outage: Outage, figures: Figures) -> None:
    """Every answer of the outage says so, none before, and soon after none does again."""
    begun, ended = begun_at(load), ended_at(load)
    before = load.part(ended < outage.down)
    during = load.part((begun >= outage.down + outage.noticed_s) & (ended <= outage.mending))
    noticing = load.part((begun >= outage.down) & (begun < outage.down + outage.noticed_s))
    after = begun >= outage.down
    last = float(ended[after & load.matched].max(initial=outage.down)) - outage.back
    unflagged = int((~during.matched).sum())
    figures.add("answers of the outage", len(during))
    figures.add("of these unflagged", unflagged, "0")
    figures.add("unflagged until noticed", int((~noticing.matched).sum()))
    figures.add("last flag s after the return", last, f"at most {FRESH_AGAIN_S:g}")
    assert not before.matched.any(), "flagged before anything had happened"
    assert len(during) > 0
    assert unflagged == 0
    assert last <= FRESH_AGAIN_S
