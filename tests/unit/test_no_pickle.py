"""Nothing is unpickled between a bundle and an answer, but what is named here and asked for."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.serve import ROOT

NAMED = {
    "deployments/preprocess/python.py": "a class of the user's, only with `allow_code: true`",
    "deployments/features/code.py": "code of on-demand views, as Feast's registry has it",
    "app/ray_private/haproxy_template.py": "a class of Ray's own, for Ray's own process",
}
"""Where something is pickled, and what. docs/security.md says the same."""

_LIBRARIES = {"pickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "copyreg"}
_UNSAFE = {"allow_pickle", "read_pickle", "to_pickle", "load_pickle"}


def unpicklings(source: str) -> Iterator[str]:
    """What in a module's source unpickles, or may."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            names = []
        yield from (name for name in names if _LIBRARIES & set(name.split(".")))
        if isinstance(node, ast.Attribute) and node.attr in _UNSAFE:
            yield node.attr
        if isinstance(node, ast.keyword) and node.arg in _UNSAFE:
            yield str(node.arg)
        if isinstance(node, ast.Call) and not _weights_only(node):
            yield from {ast.unparse(node.func)} & {"torch.load", "torch.jit.load"}


def _weights_only(call: ast.Call) -> bool:
    given = {one.arg: ast.unparse(one.value) for one in call.keywords}
    return given.get("weights_only") == "True"


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from ray import cloudpickle",
        "import joblib.numpy_pickle",
        "np.load(file, allow_pickle=True)",
        "pd.read_pickle(file)",
        "torch.load(file)",
        "torch.load(file, weights_only=False)",
        "torch.jit.load(file)",
    ],
)
def test_what_unpickles_is_seen(source: str) -> None:
    assert [*unpicklings(source)]


def test_what_does_not_passes() -> None:
    assert not [*unpicklings("import json\ntorch.load(file, weights_only=True)\nnp.load(file)")]


def test_no_other_module_of_the_serving_path_unpickles() -> None:
    modules = [*ROOT.glob("app/**/*.py"), *ROOT.glob("deployments/**/*.py")]
    found = {
        path.relative_to(ROOT).as_posix() for path in modules if [*unpicklings(path.read_text())]
    }

    assert found == NAMED.keys()


def test_the_docs_name_what_does() -> None:
    page = (ROOT / "docs" / "security.md").read_text()

    assert [path for path in NAMED if path not in page] == []


_SERVED = """
import asyncio, json, pickle, sys
from pathlib import Path

found = []
sys.addaudithook(lambda event, args: event == "pickle.find_class" and found.append(str(args)))

from tests.support.flights import NOON, departures, instances
from tests.support.served_example import served


async def main():
    async with served(Path({root!r})) as client:
        rows = instances(departures(NOON, hours=6, count=8))
        answer = await client.post("/predict/batch", json={{"instances": rows}})
        return answer.status_code, len(answer.json()["predictions"])


status, answered = asyncio.run(main())
seen = len(found)
pickle.loads(pickle.dumps(Path()))
print(json.dumps({{"status": status, "answered": answered, "found": found[:seen],
    "hooked": len(found) > seen, "own": "deployments.preprocess.python" in sys.modules}}))
"""


def test_the_shipped_service_starts_and_answers_without_unpickling_anything() -> None:
    """Seen by the interpreter itself, whatever library it were: each name that a pickle asks for
    is an audit event (https://docs.python.org/3/library/audit_events.html)."""
    ran = subprocess.run(
        [sys.executable, "-c", _SERVED.format(root=str(ROOT))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1]) == {
        "status": 200,
        "answered": 8,
        "found": [],
        "hooked": True,
        "own": False,
    }
