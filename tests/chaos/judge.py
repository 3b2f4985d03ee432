"""What clients noticed of a fault, from every request of an open loop."""

from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

from benchmarks.load.opened import Arrivals
from tests.chaos.figures import Figures
from tests.chaos.scale import Scale
from tests.chaos.watch import Watches

FRESH_AGAIN_S = 5.0
"""How long after the store is back an answer may still be flagged."""
TARDY_S = 0.3
"""By how much a deadline may be overrun: the server looks at them a few times a second."""

NOTICED_S = 2.0
"""How long after a part hangs its clients may wait for it."""
WAITED_S = 1.0
"""How long an answer, or a refusal, may take from then on."""
UNREADY_S = 3.0
"""How long after a part hangs or dies the graph may say that it is ready."""
STARTED_S = 15.0
"""How long after a replica may start the graph has to be whole."""
HONEST = (200, 429, 503)
"""Answers, and refusals that say what is wrong and when to ask again."""

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


def answered_or_refused(load: Arrivals, harmed: float, whole: float, figures: Figures) -> None:
    """From two seconds after the harm on nobody waits for what cannot answer, and from when all is
    whole on nobody is refused."""
    begun = begun_at(load)
    noticing = load.part((begun >= harmed - NOTICED_S) & (begun < harmed + NOTICED_S))
    later = load.part((begun >= harmed + NOTICED_S) & (begun < whole))
    after = load.part(begun >= whole)
    other = later.part(~np.isin(later.status, HONEST))
    figures.add("meanwhile", told(later))
    figures.add("longest s while it was noticed", _longest(noticing))
    figures.add("longest s from then on", _longest(later), f"at most {WAITED_S:g}")
    figures.add("neither answered nor refused", told(other), "none")
    figures.add("after: not answered", told(failures(after)), "none")
    assert len(later) > 0
    assert not len(other), told(other)
    assert _longest(later) <= WAITED_S
    assert len(after) > 0
    assert after.good.all(), told(failures(after))


def unharmed(load: Arrivals, harmed: float, figures: Figures, after_s: float = NOTICED_S) -> None:
    """Those that came so long after the harm, or before it, noticed nothing."""
    begun, ended = begun_at(load), ended_at(load)
    held = (ended >= harmed) & (begun < harmed + after_s)
    others = load.part(~held)
    figures.add("under way at the harm, or sent soon after", int(held.sum()))
    figures.add("of these failed", told(failures(load.part(held))))
    figures.add("of the others failed", told(failures(others)), "none")
    figures.add("longest s of the others", _longest(others), f"at most {WAITED_S:g}")
    assert len(load.part(begun >= harmed + after_s)) > 0
    assert others.good.all(), told(failures(others))
    assert _longest(others) <= WAITED_S


def unready(watches: Watches, harmed: float, figures: Figures) -> None:
    """Each way to ask tells soon that the graph is not ready, and that it lives; and at last that
    it is ready again."""
    for name, watch in watches.items():
        no = watch.first(False, harmed)
        if name == "live":
            assert no is None, f"said that it does not live {no - harmed:.2f} s after the harm"
            continue
        after = no - harmed if no else inf
        figures.add(f"{name}: no after s", after, f"at most {UNREADY_S:g}")
        assert after <= UNREADY_S, name
        assert watch.last, f"{name}: not ready at the end"


def _longest(load: Arrivals) -> float:
    return float(load.latency.max(initial=0.0))
