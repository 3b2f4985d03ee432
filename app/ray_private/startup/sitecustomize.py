"""What Ray's processes do without, and what is mended in them: Ray itself offers no such choice.

Python runs this at its start in each of them, where this folder is on their PYTHONPATH: the
launcher sees to it, and whoever starts Ray by hand may.
"""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from types import ModuleType

Around = Callable[[ModuleType], AbstractContextManager[None]]
"""What is to be the case while a module runs for the first time."""

# Of the dashboard what shows nodes, actors and Serve; each part is a process of 90 MB.
DASHBOARD = "UsageStatsHead,ServeHead,NodeHead,StateHead,ReportHead"


@contextmanager
def without_pandas(_: ModuleType) -> Iterator[None]:
    """Of use for data frames in JSON alone: 70 MB in each process of Serve, which does without it
    where it is not installed. One that has it already keeps it."""
    if "pandas" in sys.modules:
        yield
        return
    sys.modules["pandas"] = None  # type: ignore[assignment]  # import takes it for absent
    try:
        yield
    finally:
        del sys.modules["pandas"]


@contextmanager
def ingress_kept(module: ModuleType) -> Iterator[None]:
    """See there. Imported when it is needed, since most processes need nothing of the project."""
    yield
    import_module("app.ray_private.known_ingress").keep(module.ApplicationState)


@contextmanager
def haproxy_limited(module: ModuleType) -> Iterator[None]:
    """See there."""
    yield
    import_module("app.ray_private.haproxy_template").limit(module)


AROUND: dict[str, Around] = {
    "ray.serve._private.utils": without_pandas,
    "ray.serve._private.application_state": ingress_kept,
    "ray.serve._private.haproxy_templates": haproxy_limited,
}


class Within(importlib.abc.Loader):
    """Loads a module as ``loader`` does, within what is to be around it."""

    def __init__(self, loader: importlib.abc.Loader, around: Around) -> None:
        self._loader = loader
        self._around = around

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        with self._around(module):
            self._loader.exec_module(module)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of ``AROUND``."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in AROUND:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            spec.loader = Within(spec.loader, AROUND[name])
        return spec


sys.meta_path.insert(0, Finder())
if sys.argv and sys.argv[0].endswith("ray/dashboard/dashboard.py"):
    sys.argv.append(f"--modules-to-load={DASHBOARD}")
