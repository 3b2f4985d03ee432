from collections.abc import Iterator

import pytest

from tests.chaos.site import Site, serving


@pytest.fixture(scope="package")
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The graph with all stages in one replica, on SQLite, reached through one door."""
    with serving("collapsed", request.param, tmp_path_factory.mktemp("collapsed")) as site:
        yield site
