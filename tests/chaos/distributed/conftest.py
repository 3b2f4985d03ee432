from collections.abc import Iterator

import pytest

from tests.chaos.graphs import Graphs
from tests.chaos.site import Site


@pytest.fixture(scope="package")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graphs]:
    graphs = Graphs("distributed", tmp_path_factory.mktemp("distributed"))
    yield graphs
    graphs.close()


@pytest.fixture(scope="package")
def site(request: pytest.FixtureRequest, graphs: Graphs) -> Site:
    """The graph whose stages are deployments, on Redis."""
    return graphs(request.param)
