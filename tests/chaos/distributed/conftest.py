from collections.abc import Iterator

import pytest

from tests.chaos.site import Site, serving
from tests.support.cluster import Clusters


@pytest.fixture(scope="package")
def site(
    request: pytest.FixtureRequest, clusters: Clusters, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The graph with two replicas of each stage, on Redis, reached through one door."""
    kind = "proxy" if request.param == "python-proxy" else "haproxy"
    folder = tmp_path_factory.mktemp("distributed")
    with serving("distributed", request.param, folder, clusters(kind).serving) as site:
        yield site
