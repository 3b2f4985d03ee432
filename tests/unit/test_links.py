"""What the docs name is there: links, paths, modules, make targets and verbs of ``windsock``."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
HISTORY = {ROOT / "CHANGELOG.md"}  # names what is gone, too

TOP = "app|benchmarks|client|deploy|deployments|docs|examples|feature_repo|supply|tests|training"
BUILT = re.compile(r"(feature_repo|examples/\w+)/(data|models)(/|$)")

LINK = re.compile(r"\]\((?!\w+:)([^)\s]*)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`|^(?: {4}|\$ )(\S.*)$", re.MULTILINE)
PATH = re.compile(rf"(?<![\w/.-])((?:{TOP})/[\w./*{{}},-]*[\w/*}}])")
FILE = re.compile(r"^[\w./-]+\.(?:py|yaml|yml|toml|md|txt|proto|c)$")
MODULE = re.compile(r"\b(?:app|benchmarks|deployments|training|examples)(?:\.\w++)++(?<!\.parquet)")
TARGET = re.compile(r"^(?:\w+=\S* )*make(?: -\S+| \w+=\S+)* ([a-z][\w-]*)")
VERB = re.compile(r"(?:^|[(/])windsock ([a-z]+)\b")


def code(page: str) -> Iterator[str]:
    """What stands between backticks, in fenced blocks and in indented ones."""
    for fence in FENCE.findall(page):
        yield from fence.splitlines()[1:-1]
    for inline, indented in CODE.findall(FENCE.sub("", page)):
        yield inline or indented


def _braced(path: str) -> list[str]:
    """``a/{b,c}/d`` as the two paths that it stands for."""
    found = re.search(r"\{([^}]*)\}", path)
    if not found:
        return [path]
    return [path[: found.start()] + one + path[found.end() :] for one in found[1].split(",")]


def _anchors(page: str) -> set[str]:
    headings = HEADING.findall(FENCE.sub("", page))
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def broken_links(path: Path, page: str) -> list[str]:
    """Relative links that lead nowhere, or to a heading that is not there."""
    broken = []
    for link in LINK.findall(FENCE.sub("", page)):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        known = target.exists() and (not anchor or anchor in _anchors(target.read_text()))
        broken += [] if known else [link]
    return broken


def missing_paths(page: str, names: set[str]) -> list[str]:
    """Paths that no file has; a name without a folder may be that of any file (``names``)."""
    missing = []
    for text in code(page):
        for found in PATH.findall(text):
            for path in _braced(found):
                there = next(ROOT.glob(path.rstrip("/")), None)
                missing += [] if there or BUILT.match(path) else [path]
        if FILE.match(text) and "/" not in text and text not in names:
            missing.append(text)
    return missing


def missing_modules(page: str) -> list[str]:
    """Dotted names that are neither a module, nor something that the text of one holds."""
    missing = []
    for name in {name for text in code(page) for name in MODULE.findall(text)}:
        module, _, member = name.rpartition(".")
        if _module(name) is None and not ((owner := _module(module)) and member in owner):
            missing.append(name)
    return missing


def _module(name: str) -> str | None:
    path = ROOT.joinpath(*name.split("."))
    for one in (path.with_suffix(".py"), path / "__init__.py"):
        if one.is_file():
            return one.read_text()
    return "" if path.is_dir() else None


def missing_targets(page: str, makefile: str) -> list[str]:
    """Targets of ``make`` that the Makefile has no rule for."""
    rules = re.findall(r"^([\w .-]+):(?!=)", makefile, re.MULTILINE)
    targets = {target for rule in rules for target in rule.split()}
    named = {target for text in code(page) for target in TARGET.findall(text)}
    return sorted(named - targets)


def missing_verbs(page: str) -> list[str]:
    """Verbs of ``windsock`` without a file in ``app/cli``."""
    verbs = {verb for text in code(page) for verb in VERB.findall(text)}
    return sorted(verb for verb in verbs if not (ROOT / "app" / "cli" / f"{verb}.py").is_file())


@pytest.fixture(scope="module")
def names() -> set[str]:
    folders = [ROOT / name for name in TOP.split("|")]
    files = (path for folder in folders for path in folder.rglob("*.*"))
    return {path.name for path in files} | {path.name for path in ROOT.iterdir()}


@pytest.fixture(scope="module")
def makefile() -> str:
    return (ROOT / "Makefile").read_text()


@pytest.fixture(params=PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def path(request: pytest.FixtureRequest) -> Path:
    assert isinstance(request.param, Path)
    return request.param


def test_links_lead_somewhere(path: Path) -> None:
    assert broken_links(path, path.read_text()) == []


def test_what_a_page_names_is_there(path: Path, names: set[str], makefile: str) -> None:
    page = path.read_text()
    if path not in HISTORY:
        assert missing_paths(page, names) == []
        assert missing_modules(page) == []
    assert missing_targets(page, makefile) == []


def test_verbs_are_those_of_the_command(path: Path) -> None:
    assert missing_verbs(path.read_text()) == []


def test_each_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "adr"
    decisions = sorted(path.name for path in folder.glob("0*.md"))
    index = (folder / "README.md").read_text()

    assert re.findall(r"^\| \[\d+\]\(([^)]*)\)", index, re.MULTILINE) == decisions
    assert [int(name[:4]) for name in decisions] == list(range(1, len(decisions) + 1))


def test_each_dependency_has_its_reason() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    reasons = page[page.index("## Dependencies") :]
    for file in (ROOT / "pyproject.toml", ROOT / "client" / "pyproject.toml"):
        project = tomllib.loads(file.read_text())["project"]
        groups = [project["dependencies"], *project["optional-dependencies"].values()]
        names = {re.split(r"[^\w-]", one)[0] for group in groups for one in group}
        assert {name for name in names if name not in reasons} == set()


def test_what_is_not_there_is_found() -> None:
    page = """
[gone](docs/gone.md), [no heading](#nowhere), `app/gone.py`, `app/{edge,gone}/`, `gone.py`,
`app.gone:build`

    make gone
    windsock gone
"""
    readme = ROOT / "README.md"
    assert broken_links(readme, page) == ["docs/gone.md", "#nowhere"]
    assert missing_paths(page, {"there.py"}) == ["app/gone.py", "app/gone/", "gone.py"]
    assert missing_modules(page) == ["app.gone"]
    assert missing_targets(page, "there: needs\n") == ["gone"]
    assert missing_verbs(page) == ["gone"]


def test_what_is_there_is_left_alone() -> None:
    page = """
[page](docs/architecture.md#the-map), `app/edge/`, `app/{edge,serving}/`, `tests/unit/test_*.py`,
`there.py`, `app.graph:build`, `feature_repo/data/`, `app.config.Limits`

    QUICK=1 make there
"""
    readme = ROOT / "README.md"
    assert broken_links(readme, page) == []
    assert missing_paths(page, {"there.py"}) == []
    assert missing_modules(page) == []
    assert missing_targets(page, "other there: needs\n") == []
