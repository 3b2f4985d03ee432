"""What it does to a run of `windsock up` under load that a part of Ray's dies or hangs."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import psutil

from benchmarks.load.opened import Arrivals, OpenLoad
from tests.chaos.figures import Figures
from tests.chaos.harm import Harm
from tests.chaos.judge import begun_at, failures, told
from tests.chaos.scale import Scale
from tests.chaos.site import Site, reach
from tests.support.processes import family, running
from tests.support.serve import Server
from tests.support.wait import wait_until

_DEADLINE_S = 5.0
_FEW_PER_S = 20.0
_TOLD_S = 10.0
_ENDED_S = 20.0
# What is on its way when the graph begins to end.
_ON_THE_WIRE_S = 0.5


@dataclass(frozen=True)
class Part:
    """Its ``program``, by how the path ends, and the ``word`` that the launcher has for it."""

    program: str
    word: str

    def of(self, server: Server) -> int:
        """Its process."""
        (one,) = running(server, self.program)
        return one.pid


GCS = Part("/gcs/gcs_server", "GCS")
RAYLET = Part("/raylet/raylet", "raylet")
DASHBOARD = Part("/dashboard/dashboard.py", "dashboard")
SERVE_RUN = Part("/bin/serve", "serve run")


def ends_it(site: Site, scale: Scale, figures: Figures, harm: Harm, part: Part) -> None:
    """What cannot heal: requests are answered until the launcher has said so, by a line that names
    it; then it ends, not with 0, and leaves nothing behind."""
    screen = len(site.server.output())
    with _loads(site, scale) as loads:
        harmed = time.monotonic()
        with harm(part.of(site.server)):
            said = _told(site.server, screen, part.word) - harmed
            site.server.process.wait(timeout=60)
            ended = time.monotonic() - harmed
        found = {door: load.end() for door, load in loads.items()}

    figures.add("said after s", said, f"at most {_TOLD_S:g}")
    figures.add("ended after s", ended, f"at most {_ENDED_S:g}")
    figures.add("code", site.server.process.returncode, "not 0")
    figures.add("last line", last_line(site.server))
    for door, arrivals in found.items():
        before = arrivals.part(begun_at(arrivals) + _ON_THE_WIRE_S < harmed + said)
        _nobody_failed(before, door, figures)
    assert site.server.process.returncode != 0
    assert part.word in last_line(site.server)
    assert ended <= _ENDED_S
    nothing_left(site.server, figures)


def is_told(site: Site, scale: Scale, figures: Figures, harm: Harm, part: Part) -> None:
    """What is not needed to serve: the launcher says so by a line that names it, and no
    request fails."""
    screen = len(site.server.output())
    with _loads(site, scale) as loads:
        harmed = time.monotonic()
        with harm(part.of(site.server)):
            said = _told(site.server, screen, part.word) - harmed
            for load in loads.values():
                reach(load, load.elapsed + scale.quiet_s)
        found = {door: load.end() for door, load in loads.items()}

    figures.add("said after s", said, f"at most {_TOLD_S:g}")
    figures.add("line", site.server.output()[screen:].strip())
    for door, arrivals in found.items():
        _nobody_failed(arrivals, door, figures)
    assert site.server.process.poll() is None
    assert site.fresh()


def last_line(server: Server) -> str:
    """Of what it has printed."""
    return server.output().rstrip().rpartition("\n")[2]


def nothing_left(server: Server, figures: Figures) -> None:
    """All that it started has ended with it."""
    _, alive = psutil.wait_procs(family(server), timeout=5)
    left = [" ".join(one.cmdline()[:2]) for one in alive]
    figures.add("left behind", ", ".join(left) or "nothing", "nothing")
    assert not left


def _told(server: Server, screen: int, word: str) -> float:
    wait_until(lambda: word in server.output()[screen:], f"a line with {word!r}", timeout_s=_TOLD_S)
    return time.monotonic()


@contextmanager
def _loads(site: Site, scale: Scale) -> Iterator[dict[str, OpenLoad]]:
    """Few requests, at Ray's door and at the fast lane."""
    few = replace(scale, rate=_FEW_PER_S)
    with ExitStack() as stack:
        loads = {
            door: stack.enter_context(replace(site, url=url).load(few, _DEADLINE_S))
            for door, url in {"Ray": site.server.url, "fast lane": site.server.fast_lane}.items()
        }
        for load in loads.values():
            reach(load, scale.quiet_s)
        yield loads


def _nobody_failed(load: Arrivals, door: str, figures: Figures) -> None:
    figures.add(f"{door}: requests", len(load))
    figures.add(f"{door}: failed", told(failures(load)), "none")
    figures.add(f"{door}: degraded", int(load.matched.sum()), "0")
    figures.add(f"{door}: longest s", float(load.latency.max(initial=0.0)), "at most 1")
    assert len(load) > 0
    assert load.good.all(), told(failures(load))
    assert not load.matched.any()
    assert load.latency.max() <= 1.0
