"""YAML and JSON files as pydantic models, with errors of one sentence."""

import json
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from deployments.strict import first_problem

Model = TypeVar("Model", bound=BaseModel)


def read(path: Path) -> object:
    """The content of a JSON (``.json``) or YAML file. Raises ValueError."""
    try:
        text = path.read_text("utf-8-sig")  # some editors write a byte-order mark
        return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (UnicodeDecodeError, json.JSONDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path} cannot be read: {' '.join(str(error).split())}") from error


def validated(path: Path, content: object, model: type[Model]) -> Model:
    """What ``path`` holds as a ``model``. Raises ValueError naming the first part that is not."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ValueError(f"{path}: {first_problem(error)}") from error
