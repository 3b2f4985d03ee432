"""A Prometheus that reads every metric of the catalogue: one for all tests of a run."""

from collections.abc import Iterator

import pytest

from tests.support.exporter import exporting
from tests.support.prometheus import prometheus


@pytest.fixture(scope="package")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its URL."""
    with exporting() as target, prometheus(target, tmp_path_factory.mktemp("measured")) as url:
        yield url
