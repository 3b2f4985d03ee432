from tests.chaos.figures import Figures
from tests.chaos.graphs import Graphs
from tests.chaos.harm import killed
from tests.chaos.kinds import at
from tests.chaos.launcher.faults import GCS, ends_it
from tests.chaos.scale import Scale
from tests.chaos.site import Site


@at(1, doors=("haproxy",), short="haproxy", last=True)
def test_without_its_gcs_it_serves_until_it_ends(
    site: Site, graphs: Graphs, scale: Scale, figures: Figures
) -> None:
    site.whole()
    ends_it(site, scale, figures, killed, GCS)
    graphs.close()
