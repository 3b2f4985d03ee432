"""The source of a module, and of what it imports beside it."""

import sys
from importlib.machinery import PathFinder
from importlib.metadata import packages_distributions
from modulefinder import ModuleFinder
from pathlib import Path


def sources_of(module: str, folder: Path) -> dict[str, bytes]:
    """A module's source, and that of the modules that it imports from where it lies itself, by
    path. It is looked for in ``folder``, in the working directory, and where Python looks.

    What is installed is not among them, unless it is the module's own package. Raises ValueError.
    """
    own = module.partition(".")[0]
    spec = PathFinder.find_spec(own, [str(folder.resolve()), str(Path.cwd()), *sys.path])
    within = list((spec and spec.submodule_search_locations) or ())
    lies = within[0] if within else spec and spec.origin
    if not lies:
        raise ValueError(f"there is no module {own!r} in {folder}, nor where Python looks")
    root = Path(lies).parent
    installed = set(sys.stdlib_module_names) | set(packages_distributions())
    finder = ModuleFinder([str(root)], excludes=sorted(installed - {own}))
    try:
        finder.import_hook(module)
    except (ImportError, SyntaxError) as error:
        raise ValueError(f"{module} cannot be read: {error}") from error
    found = [vars(one)["__file__"] for one in finder.modules.values()]
    files = [Path(file) for file in found if file]
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in files}
