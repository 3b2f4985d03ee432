"""The folder of the config file, which relative paths start in."""

import os
from pathlib import Path

FOLDER = "WINDSOCK_FOLDER"
"""The environment variable by which `windsock up` tells it to all of Ray's processes."""


def config_folder() -> Path:
    """Without the variable it is the folder in which Ray was started."""
    return Path(os.environ.get(FOLDER) or Path.cwd())
