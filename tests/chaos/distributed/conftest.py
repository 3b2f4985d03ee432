from collections.abc import Iterator

import pytest

from tests.chaos.site import Site, serving


@pytest.fixture(scope="package")
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The graph with two replicas of each stage, on Redis, reached through one door."""
    with serving("distributed", request.param, tmp_path_factory.mktemp("distributed")) as site:
        yield site
