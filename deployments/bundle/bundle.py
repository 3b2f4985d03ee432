"""Opens bundles from disk and checks that each is whole before anything in it is used."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

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


class Opens(Protocol):
    """Opens files that are encrypted."""

    def open(self, file: str, sealed: bytes) -> bytes:
        """The content of the file of this name within its bundle."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle: every file of its manifest was there with the right SHA-256. Where its
    files are encrypted, ``sealing`` opens them."""

    path: Path
    manifest: Manifest
    sealing: Opens | None = None

    @property
    def program(self) -> Path | bytes:
        """What holds the program, in the form that the manifest names, as ``file`` gives it."""
        return self.file(self.manifest.program.file)

    def file(self, file: str) -> Path | bytes:
        """Where a file of this name is, or its content where what lies on disk is encrypted."""
        return self.path / file if self.sealing is None else self.read(file)

    def read(self, file: str) -> bytes:
        """The content of a file of this name."""
        return _read(self.path, file, self.sealing)

    def golden(self) -> Golden:
        document = json.loads(self.read(GOLDEN))
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
    that brings code is opened only with ``allow_code``, one that is encrypted only with a
    ``keyring``, which gives its content, and with that no other."""

    def __init__(
        self,
        root: Path,
        *,
        allow_code: bool = False,
        keyring: Callable[[], bytes] | None = None,
    ) -> None:
        self._root = root
        self._allow_code = allow_code
        self._keyring = keyring

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
        sealing = self._sealing()
        try:
            manifest = Manifest.model_validate_json(_read(path, MANIFEST, sealing))
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
        if manifest.code_brought and not self._allow_code:
            raise BundleError(
                f"{path} brings code for its preprocessing ({manifest.code_brought}): "
                "`allow_code: true` under `model` in the config lets it run"
            )
        _verify(path, manifest, sealing)
        return Bundle(path, manifest, sealing)

    def _sealing(self) -> Opens | None:
        if self._keyring is None:
            return None
        # With the library that decrypts, which most replicas do without.
        sealing: Opens = import_module("deployments.bundle.sealed").Sealing(self._keyring)
        return sealing


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path, file: str, sealing: Opens | None) -> bytes:
    """A bundle's file of this name. Raises BundleError where it cannot be opened."""
    content = (path / file).read_bytes()
    if sealing is None:
        if content.startswith(b"windsock-sealed-"):
            raise BundleError(
                f"{path / file} is encrypted: name its `keyring` under `model` in the config"
            )
        return content
    try:
        return sealing.open(file, content)
    except Exception as error:  # of a library that is not imported here
        raise BundleError(f"{path / file} cannot be opened: {error}") from error


def _verify(path: Path, manifest: Manifest, sealing: Opens | None) -> None:
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
        if sealing is None:
            found = sha256(file)
        else:
            found = hashlib.sha256(_read(path, name, sealing)).hexdigest()
        if found != expected:
            raise BundleError(f"{file} is damaged (its SHA-256 is not the manifest's): {REWRITE}")
