"""``bundle.yaml``: what a bundle is made of, so that `windsock bundle` needs no options."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError, ValidationInfo

from deployments.strict import StrictModel, first_problem
from training.bundling.documents import read

NAME = "bundle.yaml"


def _in_folder(path: Path, info: ValidationInfo) -> Path:
    assert isinstance(info.context, Path)
    return info.context / path


_Path = Annotated[Path, AfterValidator(_in_folder)]
"""A relative one starts in the folder of the file."""


class BundleFile(StrictModel, validate_default=True):
    """What ``training.bundling.bundle.bundle`` takes, by the same names."""

    name: str
    program: _Path
    feature_service: str
    feature_repo: _Path = Path("feature_repo")
    feature_store_yaml: _Path | None = None
    preprocess: _Path | None = None
    """Left out, it is ``preprocess.yaml``, or nothing where there is no such file."""
    contract: _Path = Path("contract.yaml")
    data: _Path | None = None
    held_out: _Path | None = None
    models_dir: _Path = Path("models")
    metrics: _Path | None = None
    encrypt: _Path | None = None


def described(path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the file at ``path`` says, unless ``given`` says otherwise, None standing for nothing.
    Raises ValueError where something is missing or wrong."""
    options = {name: value for name, value in given.items() if value is not None}
    content = read(path) if path.is_file() else {}
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold a mapping of options")
    missing = [
        f"--{name.replace('_', '-')}"
        for name, field in BundleFile.model_fields.items()
        if field.is_required() and name not in content.keys() | options.keys()
    ]
    if missing:
        raise ValueError(
            f"give {', '.join(missing)}, or write it into {path}, as `windsock init` does"
        )
    try:
        of_file = BundleFile.model_validate({**content, **options}, context=path.parent)
    except ValidationError as error:
        raise ValueError(f"{path}: {first_problem(error)}") from error
    usual = path.parent / "preprocess.yaml"
    found = {**dict(of_file), **options}
    return {**found, "preprocess": found["preprocess"] or (usual if usual.is_file() else None)}
