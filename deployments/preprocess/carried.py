"""Modules whose source a bundle carries, apart from all others, whatever their names.

They are imported into a package that is named by their checksum, so that versions stand side by
side. What they import of each other, by the names that they had, is that package's.
"""

import builtins
import sys
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from importlib import import_module
from importlib.abc import ExecutionLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType

Sources = Mapping[str, bytes]
"""By path from where their imports begin: ``steps.py``, ``shop/__init__.py``."""

_CARRIED: dict[str, Sources] = {}


def carried(sources: Sources) -> str:
    """The package that these sources are imported into. The same at every call, in any process."""
    digest = sha256()
    for path, source in sorted(sources.items()):
        digest.update(f"{path} {sha256(source).hexdigest()}\n".encode())
    package = f"carried_{digest.hexdigest()[:16]}"
    _CARRIED[package] = sources
    if _FINDER not in sys.meta_path:
        sys.meta_path.append(_FINDER)
    return package


class _Finder(MetaPathFinder):
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        package, _, name = fullname.partition(".")
        sources = _CARRIED.get(package)
        if sources is None:
            return None
        folder = name.replace(".", "/")
        for file in (f"{folder}.py", f"{folder}/__init__.py"):
            if file in sources:
                loader = _Loader(package, file, sources)
                return spec_from_loader(fullname, loader, is_package=file.endswith("/__init__.py"))
        if not name or any(file.startswith(f"{folder}/") for file in sources):
            return ModuleSpec(fullname, None, is_package=True)
        return None


class _Loader(ExecutionLoader):
    def __init__(self, package: str, file: str, sources: Sources) -> None:
        self._package = package
        self._file = file
        self._sources = sources

    def get_filename(self, fullname: str) -> str:
        return f"{self._package}/{self._file}"

    def get_source(self, fullname: str) -> str:
        return self._sources[self._file].decode()

    def is_package(self, fullname: str) -> bool:
        return self._file.endswith("/__init__.py")

    def exec_module(self, module: ModuleType) -> None:
        names = {file.partition("/")[0].removesuffix(".py") for file in self._sources}
        # Python asks the builtins of whoever imports, so no other module sees these names.
        importing = {"__import__": _importing(self._package, names)}
        vars(module)["__builtins__"] = vars(builtins) | importing
        super().exec_module(module)


_FINDER = _Finder()


def _importing(package: str, names: set[str]) -> Callable[..., ModuleType]:
    def imported(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> ModuleType:
        first = name.partition(".")[0]
        if level or first not in names:
            return builtins.__import__(name, globals, locals, fromlist, level)
        import_module(f"{package}.{name}")
        if not fromlist:
            return sys.modules[f"{package}.{first}"]
        return builtins.__import__(f"{package}.{name}", globals, locals, fromlist, 0)

    return imported
