"""Where relative paths in a config file start: in the folder of that file."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

FOLDER = "WINDSOCK_FOLDER"
"""The environment variable by which `windsock up` tells it to all of Ray's processes."""


def config_folder() -> Path:
    """Without the variable it is the folder in which Ray was started."""
    return Path(os.environ.get(FOLDER) or Path.cwd())


def _absolute(path: Path, info: ValidationInfo) -> Path:
    # Whoever has read the config file gives its folder as the context.
    return (info.context or config_folder()) / path


FilePath = Annotated[Path, AfterValidator(_absolute)]
"""A relative one starts in the folder of the config file."""
