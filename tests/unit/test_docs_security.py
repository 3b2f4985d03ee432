"""docs/security.md says what is so: the tests that it names are there, what is open is open."""

import ast
import re
from pathlib import Path

import pytest

from app.asgi import Application
from app.config import EdgeArgs
from app.edge.route import Access
from app.serving.dataplane import Dataplane
from tests.support.chains import weighing
from tests.support.manifests import parcels, store
from tests.support.serve import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def _section(title: str) -> str:
    begin = PAGE.index(f"\n## {title}\n")
    end = PAGE.find("\n## ", begin + 1)
    return PAGE[begin : end if end > 0 else None]


def _rows(section: str) -> list[list[str]]:
    cells = [line.strip("| \n").split(" | ") for line in section.splitlines() if line[:1] == "|"]
    return [row for row in cells[1:] if not set("".join(row)) <= set("-|")]


def test_all_ten_items_are_there_each_with_a_test() -> None:
    rows = _rows(_section("OWASP API Security Top 10, 2023"))

    assert [row[0].partition(" ")[0] for row in rows] == [f"API{n}" for n in range(1, 11)]
    assert [row[0] for row in rows if not TEST.search(row[-1])] == []


@pytest.mark.parametrize(("file", "name"), sorted(set(TEST.findall(PAGE))))
def test_a_test_that_is_named_is_there(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    tests = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }

    assert tests
    assert not name or name in tests


@pytest.fixture
def application(tmp_path: Path) -> Application:
    return Application(Dataplane(store(tmp_path, parcels()), weighing(), "parcels"), EdgeArgs())


def test_what_is_open_is_what_the_page_says(application: Application) -> None:
    (probes,) = (row for row in _rows(_section("Decisions")) if row[0].startswith("probes"))
    is_open = {route.path for route in application.routes if route.access is Access.OPEN}

    assert set(re.findall(r"`(/[^`]*)`", probes[0])) == {
        path for path in is_open if "/versions/" not in path
    }
    assert {path.replace("/versions/{version}", "") for path in is_open} <= is_open
    assert probes[1] == "everyone"


def test_what_principals_of_any_scope_may_ask_is_what_the_page_says(
    application: Application,
) -> None:
    known = {route.path for route in application.routes if route.access is Access.KNOWN}
    (row,) = (row for row in _rows(_section("Decisions")) if row[1] == "every principal")

    assert "/models" in known
    assert all(path == "/models" or path.startswith("/v2") for path in known)
    assert "`/models`, the metadata of the Open Inference Protocol" in row[0]


def test_no_route_gives_metrics_away(application: Application) -> None:
    assert [route.path for route in application.routes if "metrics" in route.path] == []


def test_those_who_report_find_the_page() -> None:
    assert "](docs/security.md)" in (ROOT / "SECURITY.md").read_text()
