"""Keeps out of Ray's processes what they import and never use; Python runs it at its start in each
of them, since the launcher puts this folder on their PYTHONPATH. Ray itself offers no such choice.
"""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

# Optional to its importer, which does without where the package is not installed.
UNUSED = {
    "ray.serve._private.utils": "pandas",  # data frames as JSON: 70 MB in each Serve process
}
# Of the dashboard what shows nodes, actors and Serve; each part is a process of 90 MB.
DASHBOARD = "UsageStatsHead,ServeHead,NodeHead,StateHead,ReportHead"


class Without(importlib.abc.Loader):
    """Runs a module while ``package`` is not to be found, unless it has been imported before."""

    def __init__(self, loader: importlib.abc.Loader, package: str) -> None:
        self._loader = loader
        self._package = package

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if self._package in sys.modules:
            self._loader.exec_module(module)
            return
        sys.modules[self._package] = None  # type: ignore[assignment]  # import takes it for absent
        try:
            self._loader.exec_module(module)
        finally:
            del sys.modules[self._package]


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of ``UNUSED``."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in UNUSED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            spec.loader = Without(spec.loader, UNUSED[name])
        return spec


sys.meta_path.insert(0, Finder())
if sys.argv and sys.argv[0].endswith("ray/dashboard/dashboard.py"):
    sys.argv.append(f"--modules-to-load={DASHBOARD}")
