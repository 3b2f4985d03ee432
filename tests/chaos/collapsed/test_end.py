import os
import subprocess

from tests.chaos.figures import Figures
from tests.chaos.graphs import Graphs
from tests.chaos.kinds import at
from tests.chaos.launcher.faults import last_line, nothing_left
from tests.chaos.site import Site
from tests.support.serve import script


@at(1, doors=("haproxy",), short="haproxy", last=True)
def test_serve_shutdown_beside_it_ends_it(site: Site, graphs: Graphs, figures: Figures) -> None:
    command = [script("serve"), "shutdown", "-y", "--address", site.server.dashboard]
    token = {**os.environ, "RAY_AUTH_MODE": "token"}
    subprocess.run(command, check=True, capture_output=True, env=token)
    code = site.server.process.wait(timeout=60)
    figures.add("code", code, "0")
    figures.add("last line", last_line(site.server))
    assert code == 0
    nothing_left(site.server, figures)
    graphs.close()
