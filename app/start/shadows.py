"""Files in the folder of a start that Python would import in place of ours.

Ray puts the folder in which `serve run` was started before everything else on the path of all its
workers, so that an application may lie there.
"""

from pathlib import Path

import app
from app.start.address import ConfigError

_PACKAGES = ("app", "deployments")


def check_shadows(folder: Path) -> None:
    """Refuse a folder with a module of the name of one of our packages. Raises ConfigError."""
    if folder.resolve() == Path(app.__path__[0]).parent:
        return
    for package in _PACKAGES:
        for there in (folder / f"{package}.py", folder / package / "__init__.py"):
            if there.is_file():
                raise ConfigError(
                    f"Ray would import {there} in place of Windsock's own package {package!r}: "
                    "rename it, or start in another folder (the config file may lie anywhere)"
                )
