"""Parts of Ray's die or hang under a running `windsock up`; each by itself, at full length."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.figures import Figures
from tests.chaos.graphs import graph
from tests.chaos.harm import Harm, killed
from tests.chaos.kinds import Kind
from tests.chaos.launcher.faults import (
    DASHBOARD,
    GCS,
    RAYLET,
    SERVE_RUN,
    Part,
    ends_it,
    is_told,
)
from tests.chaos.scale import Scale
from tests.chaos.site import Site

pytestmark = pytest.mark.long


@pytest.fixture(params=["collapsed", "distributed"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """One of each layout, for one fault."""
    with graph(request.param, Kind(1, "haproxy"), tmp_path) as site:
        site.whole()
        yield site


@pytest.mark.parametrize("part", [GCS, RAYLET], ids=lambda part: part.word)
def test_what_cannot_heal_ends_it(
    run: Site, scale: Scale, figures: Figures, harm: Harm, part: Part
) -> None:
    if harm is killed:
        ends_it(run, scale, figures, harm, part)
    else:  # it may go on yet, and nothing that serves waits for it
        is_told(run, scale, figures, harm, part)


def test_the_dashboard_is_told(run: Site, scale: Scale, figures: Figures, harm: Harm) -> None:
    is_told(run, scale, figures, harm, DASHBOARD)


def test_without_serve_run_it_ends(run: Site, scale: Scale, figures: Figures) -> None:
    ends_it(run, scale, figures, killed, SERVE_RUN)
