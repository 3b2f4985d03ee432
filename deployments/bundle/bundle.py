"""Opens bundles from disk and checks that each is whole before anything in it is used."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from deployments.bundle.manifest import Manifest
from deployments.columns import Column, column_of, key_column
from deployments.dtypes import DType
from deployments.json_cells import from_json
from deployments.model_id import ModelId
from deployments.strict import first_problem

MANIFEST = "manifest.json"
GOLDEN = "golden.json"
LATEST = "latest"
REWRITE = "write it again (`make -B bundle`)"


class BundleError(Exception):
    """A bundle that cannot be used; the message says what is wrong and what to run."""


@dataclass(frozen=True, slots=True)
class Golden:
    """Rows with known answers: raw feature columns in, outputs out."""

    columns: dict[str, Column]
    outputs: dict[str, Column]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle: every file of its manifest was there with the right SHA-256."""

    path: Path
    manifest: Manifest

    @property
    def program(self) -> Path:
        """The file that holds the program, in the form that the manifest names."""
        return self.path / self.manifest.program.file

    def golden(self) -> Golden:
        document = json.loads((self.path / GOLDEN).read_bytes())
        dtypes = column_dtypes(self.manifest)
        keys = {field.name for field in self.manifest.entities}
        outputs = {output.name: output.dtype for output in self.manifest.outputs}
        return Golden(
            columns={
                name: (key_column if name in keys else column_of)(
                    dtypes[name], [from_json(dtypes[name], value) for value in values]
                )
                for name, values in document["columns"].items()
            },
            outputs={
                name: np.asarray(values, dtype=outputs[name])
                for name, values in document["outputs"].items()
            },
        )


def column_dtypes(manifest: Manifest) -> dict[str, DType]:
    """The dtype of each column that preprocessing may read: request fields and features."""
    fields = {field.name: field.dtype for field in manifest.fields}
    return fields | manifest.service.columns


class BundleStore:
    """Models on disk: ``<root>/<name>/<version>/``, and per name the pointer ``latest``. A bundle
    that brings code is opened only with ``allow_code``."""

    def __init__(self, root: Path, *, allow_code: bool = False) -> None:
        self._root = root
        self._allow_code = allow_code

    def resolve(self, model: ModelId) -> ModelId:
        """The version that ``latest`` stands for now; any other version is itself."""
        if model.version != LATEST:
            return model
        try:
            return ModelId(model.name, (self._root / model.name / LATEST).read_text().strip())
        except FileNotFoundError:
            raise BundleError(
                f"no bundle of {model.name!r} in {self._root}: "
                f"run `make bundle`, or write one with `windsock bundle`"
            ) from None

    def versions(self, name: str) -> list[str]:
        """All versions of a model on disk, in the order of their names."""
        return sorted(path.parent.name for path in (self._root / name).glob(f"*/{MANIFEST}"))

    def open(self, model: ModelId) -> Bundle:
        """Open and verify one version. Raises BundleError."""
        model = self.resolve(model)
        home = self._root / model.name
        path = home / model.version
        try:
            manifest = Manifest.model_validate_json((path / MANIFEST).read_bytes())
        except FileNotFoundError:
            known = ", ".join(self.versions(model.name)) or "none"
            raise BundleError(
                f"no version {model.version!r} of model {model.name!r} in {home} (there: {known})"
            ) from None
        except ValidationError as error:
            raise BundleError(
                f"{path / MANIFEST} is not a manifest of this format ({first_problem(error)}): "
                f"{REWRITE}"
            ) from None
        if manifest.id != model:
            raise BundleError(
                f"{path} holds {manifest.name!r} version {manifest.version!r}: it was renamed"
            )
        if manifest.preprocessing.kind == "python" and not self._allow_code:
            raise BundleError(
                f"{path} brings code for its preprocessing ({manifest.preprocessing.import_path}): "
                "`allow_code: true` under `model` in the config lets it run"
            )
        _verify(path, manifest)
        return Bundle(path, manifest)


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _verify(path: Path, manifest: Manifest) -> None:
    if manifest.service.fingerprint() != manifest.service_sha256:
        raise BundleError(
            f"{path / MANIFEST} was edited (its service's SHA-256 is another): {REWRITE}"
        )
    for name in (manifest.program.file, manifest.preprocessing.file, GOLDEN):
        if name not in manifest.files:
            raise BundleError(f"{path / MANIFEST} lists no {name}: {REWRITE}")
    for name, expected in manifest.files.items():
        file = path / name
        if not file.is_file():
            raise BundleError(f"{file} is missing: {REWRITE}")
        if sha256(file) != expected:
            raise BundleError(f"{file} is damaged (its SHA-256 is not the manifest's): {REWRITE}")
