import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.cluster import Clusters
from tests.support.example import Example, built_example

# How long an example takes tells of the machine, and of what else runs there.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# Tests ask this machine, which no proxy of whoever runs them could reach.
for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[name]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="what takes minutes, too, at full length")
    parser.addoption("--door", action="append", help="through which door they run")
    parser.addoption("--kill", action="store_true", help="of those that do either: only kill")
    parser.addoption("--hang", action="store_true", help="of those that do either: only hang")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: --long runs it"))


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """The example repo, model and bundle of another shape; tests only read it."""
    return built_example(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="session")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clusters]:
    """Ray's, by kind; the last one runs until the end."""
    clusters = Clusters(tmp_path_factory.mktemp("clusters"))
    yield clusters
    clusters.close()


@pytest.fixture
def log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.LogCaptureFixture]:
    """What is logged, which Ray's loggers keep from the root once Ray is imported."""
    for name in ("ray", "ray.serve"):
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
    with caplog.at_level(logging.DEBUG, "ray.serve"):
        yield caplog
