"""Three times as many requests as a graph can answer, then few again."""

from typing import Unpack

import numpy as np

from benchmarks.load.opened import Arrivals, Options, Step, open_loop
from tests.chaos.figures import Figures
from tests.chaos.judge import told
from tests.chaos.scale import Scale
from tests.chaos.site import Site, deadline
from tests.support.processes import memory_mb

_DEADLINE_S = 1.0
_OVERLOAD = 3
_RECOVERY_S = 2.0
_AFTER_S = 4.0
_REFUSED_WITHIN_S = 0.1
_QUIET_SHARE = 0.3
_FEWEST_CONNECTIONS = 512
_CLOSED = (32, 128, 512, 2048)
# The generator has no processor of its own, so it is to take as little as it can.
_TICK_S = 0.0005
_GROWTH = 1.10


def overloaded(site: Site, scale: Scale, figures: Figures) -> None:
    """It answers what it can, and refuses the rest at once.

    In short the machine's noise is louder than what the figures tell, so that only the kinds of
    answers are judged, and a pause of it may cost some their deadline (408). Generator and graph
    share the machine: to be refused costs both of them time, which the goodput has to do without.
    """
    site.whole()
    peak = _peak(site, scale.overload_s / 6)
    before = memory_mb(site.server)
    steps = [(peak * _OVERLOAD, scale.overload_s), (peak * _QUIET_SHARE, _AFTER_S)]
    # As many as it answers in a second, so that it is the graph that has too many requests, and not
    # the generator.
    connections = min(max(round(peak), _FEWEST_CONNECTIONS), site.most_connections)
    found = _load(site, steps, connections=connections)
    growth = memory_mb(site.server) / before
    storm = found.between(0, scale.overload_s)
    late = found.between(scale.overload_s + _RECOVERY_S, scale.overload_s + _AFTER_S)

    accepted = storm.part(storm.status == 200)
    refused = storm.part(storm.status == 429)
    other = found.part(~np.isin(found.status, (200, 429) if scale.long else (200, 429, 408)))
    goodput = int((accepted.latency <= _DEADLINE_S).sum()) / scale.overload_s
    figures.add("peak/s", peak)
    figures.add("offered/s", len(storm) / scale.overload_s)
    figures.add("goodput/s", goodput)
    figures.add("of peak", goodput / peak, "at least 0.9")
    figures.add("accepted p99 ms", _ms(accepted, 99), f"at most {_DEADLINE_S * 1e3:g}")
    figures.add("refused", len(refused))
    figures.add("refused p99 ms", _refusal_ms(refused, 99), f"at most {_REFUSED_WITHIN_S * 1e3:g}")
    figures.add("refused longest ms", _refusal_ms(refused, 100))
    figures.add("neither", told(other), "none")
    figures.add("after: not answered", int((~late.good).sum()), "0")
    figures.add("after: p99 ms", _ms(late, 99), f"at most {_REFUSED_WITHIN_S * 1e3:g}")
    figures.add("memory, times before", growth, f"at most {_GROWTH:g}")
    figures.add("generator's share of a core", found.generator_cpu_s / float(found.due.max()))
    assert not len(other), told(other)
    assert late.good.all(), told(late)
    assert len(accepted) > 0
    if scale.long:
        assert goodput >= 0.9 * peak
        assert _ms(accepted, 99) <= _DEADLINE_S * 1e3
        assert len(refused) > 0
        assert _refusal_ms(refused, 99) <= _REFUSED_WITHIN_S * 1e3
        assert _ms(late, 99) <= _REFUSED_WITHIN_S * 1e3
        assert growth <= _GROWTH


def _peak(site: Site, seconds: float) -> float:
    """Good answers a second where clients ask as fast as they are answered, however many of them
    get the most."""
    return max(_closed(site, connections, seconds) for connections in _CLOSED)


def _closed(site: Site, connections: int, seconds: float) -> float:
    plenty, patience_s = 60_000.0, 0.01
    _load(site, [(plenty, 0.5)], connections=connections, patience_s=patience_s)
    found = _load(site, [(plenty, seconds)], connections=connections, patience_s=patience_s)
    return int((found.good & (found.due + found.latency <= seconds)).sum()) / seconds


def _load(site: Site, steps: list[Step], **options: Unpack[Options]) -> Arrivals:
    chosen: Options = {"headers": deadline(_DEADLINE_S), "tick_s": _TICK_S, **options}
    return open_loop(f"{site.url}/predict", site.bodies, steps, **chosen)


def _ms(load: Arrivals, percentile: float) -> float:
    return float(np.percentile(load.latency, percentile)) * 1e3 if len(load) else 0.0


def _refusal_ms(load: Arrivals, percentile: float) -> float:
    """From the instant at which a request was sent: before that the server had no say."""
    return float(np.percentile(load.latency - load.waited, percentile)) * 1e3 if len(load) else 0.0
