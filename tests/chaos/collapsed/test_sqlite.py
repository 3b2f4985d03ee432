"""The SQLite file is locked, or its pages become garbage, under load, until that is mended."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.chaos.figures import Figures
from tests.chaos.kinds import RAYS, at
from tests.chaos.outage import endured
from tests.chaos.scale import Scale
from tests.chaos.site import Site
from tests.support.processes import log_of
from tests.support.sqlite import damaged, locked
from tests.support.wait import wait_until

_SAYS = "the online store cannot be read"


@at(1, doors=RAYS)
@pytest.mark.parametrize(
    ("harmed", "noticed_s"),
    [pytest.param(locked, 1.5, id="locked"), pytest.param(damaged, 1.0, id="damaged")],
)
def test_no_request_fails_while_the_file_cannot_be_read(
    site: Site,
    scale: Scale,
    figures: Figures,
    harmed: Callable[[Path], AbstractContextManager[None]],
    noticed_s: float,
) -> None:
    said = log_of(site.server, "Ingress").count(_SAYS)
    endured(site, scale, figures, harmed(site.online_store), noticed_s)
    lines = wait_until(
        lambda: log_of(site.server, "Ingress").count(_SAYS) - said, "the line in the log"
    )
    figures.add("lines in the log", lines, "1")
    assert lines == 1
