"""Paths in a config file."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from app.config_folder import config_folder


def _absolute(path: Path, info: ValidationInfo) -> Path:
    # Whoever has read the config file gives its folder as the context.
    return (info.context or config_folder()) / path


FilePath = Annotated[Path, AfterValidator(_absolute)]
"""A relative one starts in the folder of the config file."""
