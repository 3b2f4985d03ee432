from pathlib import Path

from tests.chaos import updates
from tests.chaos.figures import Figures
from tests.chaos.kinds import RAYS, at
from tests.chaos.scale import Scale
from tests.chaos.site import Site


@at(1, 2, doors=RAYS, short="fast-lane")
def test_a_rolling_update_loses_no_request(site: Site, scale: Scale, figures: Figures) -> None:
    updates.rolled(site, scale, figures)


@at(1, doors=RAYS, short=None)
def test_what_cannot_serve_is_refused_and_the_old_one_serves(
    site: Site, scale: Scale, figures: Figures, tmp_path: Path
) -> None:
    updates.refused(site, scale, figures, tmp_path)
