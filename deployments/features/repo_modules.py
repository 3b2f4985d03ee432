"""The modules of a feature repo, importable in each process that opens it."""

import sys
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path

_repos: set[Path] = set()


def make_importable(repo: Path) -> None:
    """Let the repo's modules be imported by their names below its folder, behind all others, as
    Feast's own commands do: its stores, and what its views use."""
    folder = repo.resolve()
    if folder not in _repos:
        _repos.add(folder)
        is_installed.cache_clear()
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def is_importable(module: str) -> bool:
    """Whether this process can import it, from a feature repo, too."""
    top = module.partition(".")[0]
    return top != "__main__" and _found(top) is not None


@cache
def is_installed(module: str) -> bool:
    """Whether any process could import it, and the same: from elsewhere than a feature repo."""
    top = module.partition(".")[0]
    spec = _found(top)
    if spec is None or top == "__main__":
        return False
    folders = [Path(folder).parent for folder in spec.submodule_search_locations or ()]
    if not folders and spec.has_location and spec.origin:
        folders = [Path(spec.origin).parent]
    return not any(
        folder.resolve() in _repos or (folder / "feature_store.yaml").exists() for folder in folders
    )


def _found(top: str) -> ModuleSpec | None:
    finders = [one for one in sys.meta_path if hasattr(one, "find_spec")]
    return next(filter(None, (one.find_spec(top, None) for one in finders)), None)
