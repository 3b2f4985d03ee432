"""One implementation, two lengths: plain pytest runs each scenario for seconds, and judges that
nothing goes wrong; `make chaos` (--long) runs the issue's figures, and judges these as well."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from benchmarks.load.opened import compiler
from benchmarks.paths import RESULTS
from tests.chaos.figures import Figures
from tests.chaos.scale import LONG, SHORT, Scale
from tests.chaos.site import DOORS, Site

_NO_COMPILER = "no C compiler for the load generator: `apt-get install gcc libc6-dev`"
_LONG_ONLY = "takes minutes: make chaos runs it"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not compiler():
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=_NO_COMPILER))
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason=_LONG_ONLY))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each scenario comes through each door; in short, through the one that needs no other."""
    if "site" in metafunc.fixturenames:
        every = DOORS if metafunc.config.getoption("--long") else DOORS[:1]
        doors = metafunc.config.getoption("--door") or every
        metafunc.parametrize("site", doors, indirect=True, scope="package")


@pytest.fixture
def scale(request: pytest.FixtureRequest, site: Site) -> Scale:
    scale = LONG if request.config.getoption("--long") else SHORT
    return replace(scale, rate=min(scale.rate, site.most_per_s))


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file to which figures are added, a JSON document a line."""
    if not request.config.getoption("--long"):
        return tmp_path_factory.mktemp("chaos") / "figures.jsonl"
    folder = RESULTS / f"{datetime.now():%Y%m%dT%H%M%S}-chaos"
    folder.mkdir(parents=True)
    return folder / "figures.jsonl"


@pytest.fixture
def figures(request: pytest.FixtureRequest, results: Path) -> Iterator[Figures]:
    """What the scenario has measured; shown and kept even where a bar was not reached."""
    figures = Figures(request.node.name)
    yield figures
    figures.show()
    figures.add_to(results)
