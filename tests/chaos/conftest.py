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
from tests.chaos.harm import HARMS
from tests.chaos.kinds import KINDS, Kind
from tests.chaos.scale import LONG, SHORT, Scale
from tests.chaos.site import Site

_NO_COMPILER = "no C compiler for the load generator: `apt-get install gcc libc6-dev`"
_LONG_ONLY = "takes minutes: make chaos runs it"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    ours = [item for item in items if here in item.path.parents]
    if not compiler():
        for item in ours:
            item.add_marker(pytest.mark.skip(reason=_NO_COMPILER))
    if not config.getoption("--long"):
        for item in ours:
            if _only_long(item):
                item.add_marker(pytest.mark.skip(reason=_LONG_ONLY))
    # Those at one server beside each other, whichever of them each scenario is tried at.
    ours.sort(key=_server)
    items[:] = [item for item in items if here not in item.path.parents] + ours


def _only_long(item: pytest.Item) -> bool:
    found = item.get_closest_marker("kinds")
    return bool(found and not found.kwargs["short"])


def _server(item: pytest.Item) -> tuple[str, bool, int]:
    callspec = getattr(item, "callspec", None)
    kind = callspec.params.get("site") if callspec else None
    found = item.get_closest_marker("kinds")
    last = bool(found and found.kwargs["last"])
    return str(item.path.parent), last, KINDS.index(kind) if kind else -1


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each scenario at its graphs, and with each harm; in short at one."""
    option = metafunc.config.getoption
    marker = metafunc.definition.get_closest_marker("kinds")
    found = marker.kwargs if marker else {}
    if "site" in metafunc.fixturenames:
        assert found, f"{metafunc.definition.nodeid} does not say at which graphs"
        kinds: list[Kind] = found["long"]
        if doors := option("--door"):
            kinds = [kind for kind in kinds if kind.door in doors]
        elif not option("--long"):
            kinds = found["short"] or kinds[:1]
        metafunc.parametrize("site", kinds, indirect=True, scope="package", ids=str)
    if "harm" in metafunc.fixturenames:
        asked = [name for name in HARMS if option(f"--{name}")]
        usual = [*HARMS] if option("--long") else found.get("harms", [*HARMS])
        chosen = asked or usual
        metafunc.parametrize("harm", [HARMS[name] for name in chosen], ids=chosen)


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> Scale:
    scale = LONG if request.config.getoption("--long") else SHORT
    if "site" in request.fixturenames:
        site: Site = request.getfixturevalue("site")
        return replace(scale, rate=min(scale.rate, site.most_per_s))
    return scale


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
