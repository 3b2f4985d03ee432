from collections.abc import Iterator

import pytest

from tests.chaos.graphs import Graphs
from tests.chaos.site import Site


@pytest.fixture(scope="package")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graphs]:
    graphs = Graphs("collapsed", tmp_path_factory.mktemp("collapsed"))
    yield graphs
    graphs.close()


@pytest.fixture(scope="package")
def site(request: pytest.FixtureRequest, graphs: Graphs) -> Site:
    """The graph with all stages in one replica, on SQLite."""
    return graphs(request.param)
