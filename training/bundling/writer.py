"""Turns a program, a feature service and fitted preprocessing into a bundle."""

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.serving.contract import Contract
from deployments.bundle import bundle as layout
from deployments.bundle.manifest import Manifest, ProgramSpec, TrainingData
from deployments.bundle.sealed import sealing_of
from deployments.columns import Column, missing_of
from deployments.drift.reference import REFERENCE
from deployments.dtypes import DType
from deployments.features.lookup import open_store
from deployments.features.resolve import resolve
from deployments.json_cells import to_json
from deployments.preprocess.base import Preprocessor
from training.bundling.defaults import defaults
from training.bundling.fields import entity_fields, request_fields
from training.bundling.first_start import first_start
from training.bundling.golden import check_examples, golden_places
from training.bundling.outputs import answered_outputs, named_outputs
from training.bundling.program import answers, backend_of
from training.bundling.reference.make import reference
from training.bundling.reference.predicted import predicted
from training.bundling.reference.rows import TimedRows
from training.bundling.unusual import gaps, longest


def write_bundle(
    *,
    models_dir: Path,
    name: str,
    program: Path,
    preprocessor: Preprocessor,
    feature_repo: Path,
    feature_store_yaml: Path | None = None,
    feature_service: str,
    entities: Sequence[Mapping[str, Any]],
    request_features: Sequence[Mapping[str, Any]],
    outputs: Sequence[Mapping[str, Any]],
    training_columns: Mapping[str, Column],
    instants: npt.NDArray[np.float64] | None = None,
    held_out: TimedRows | None = None,
    golden_rows: int = 64,
    metrics: Mapping[str, Any],
    fingerprint: str | None,
    warnings: Sequence[str] = (),
    description: str = "",
    extra_files: Mapping[str, bytes] | None = None,
    keyring: Path | None = None,
) -> Path:
    """Write ``<models_dir>/<name>/<version>/``, start it once, and point ``latest`` at it.

    ``program`` is a file whose suffix names its backend. ``training_columns`` are the columns that
    training read, as the frames carry them: they give the defaults, the golden rows (evenly spread
    over those that a request could send) and the row count. ``entities``, ``request_features`` and
    ``outputs`` are FieldSpec and OutputSpec documents; a timestamp's ``minimum`` and ``maximum``
    may be ISO 8601, and a request feature of which training saw gaps is ``optional`` unless its
    document says otherwise. ``fingerprint`` is of the training set, None where rows of the online
    store stand in for one: then there is no reference to tell drift by. For that, ``instants`` are
    the event times of the training rows, float64 [N] in epoch seconds, and ``held_out`` the rows
    whose outputs served ones are compared with, since a model knows those it was trained on. With a
    ``keyring`` each file is encrypted before it is written. What is odd, ``warnings`` and more, is
    told on stderr. Raises ValueError for what does not fit together or could not serve; then
    nothing is written.
    """
    if Path(name).name != name or name.startswith(".") or not (name and name.isprintable()):
        raise ValueError(f"{name!r} cannot be a model's name: it is that of a folder")
    platform, backend = backend_of(program)
    plan = resolve(open_store(feature_repo, feature_store_yaml), feature_service)
    schema = plan.schema
    gappy = {name for name, column in training_columns.items() if missing_of(column).any()}
    keys = entity_fields(schema, entities)
    request = request_fields(schema, request_features, gappy)
    if not keys + request:
        raise ValueError(
            f"a request would be empty: {feature_service!r} has no entity key and takes no request "
            "feature, and the contract names none"
        )
    needed = [field.name for field in keys + request] + list(schema.columns)
    _check_columns(needed, preprocessor, training_columns)
    _check_held_out(preprocessor, held_out)
    named = named_outputs(outputs)
    created_at = datetime.now(UTC)
    libraries = {name: library_version(name) for name in ("numpy", "feast")}
    # Without what only the program can tell.
    draft = Manifest(
        name=name,
        version="",
        description=description,
        created_at=created_at,
        service=schema,
        service_sha256=schema.fingerprint(),
        code=dict(plan.code),
        entities=keys,
        request_features=request,
        outputs=[],
        preprocessing=preprocessor.manifest,
        defaults=defaults(schema, training_columns),
        training_data=TrainingData(fingerprint=fingerprint, rows=len(training_columns[needed[0]])),
        metrics=dict(metrics),
        libraries={backend.library: backend.version, **libraries},
        files={},
    )
    contract = Contract(draft)
    check_examples(contract)
    places, problems = golden_places(contract, training_columns, golden_rows)
    golden = {column: training_columns[column][places] for column in needed}
    dtypes = layout.column_dtypes(draft)
    read = {column: golden[column] for column in preprocessor.inputs}
    never_missing = {field.name for field in keys + request if not field.optional}
    answered, max_rows, odd, runtime = answers(
        backend,
        program,
        preprocessor,
        golden,
        named,
        gaps=gaps(read, dtypes, never_missing),
        longest=longest(read, dtypes, {field.name: field.max_length for field in keys + request}),
    )
    answered_specs = answered_outputs(named, answered)
    if fingerprint is not None:
        rows = TimedRows({name: training_columns[name] for name in needed}, instants)
        made, untold = reference(
            rows, dtypes, schema.entities, predicted(runtime, preprocessor, named, held_out or rows)
        )
        odd += untold
        extra_files = {**(extra_files or {}), REFERENCE: made.model_dump_json().encode()}
    spec = ProgramSpec(file=f"model{backend.suffix}", platform=platform, max_rows=max_rows)

    models_dir.mkdir(parents=True, exist_ok=True)
    # Written and started aside, then moved: no reader ever sees half a bundle, or a bad one.
    with tempfile.TemporaryDirectory(dir=models_dir, prefix=".writing-") as scratch:
        folder = Path(scratch) / name / "unnamed"
        folder.mkdir(parents=True)
        contents = {
            spec.file: program.read_bytes(),
            layout.GOLDEN: _golden(golden, answered, dtypes).encode(),
            **preprocessor.files(),
            **(extra_files or {}),
        }
        files = {file: write(folder, file, contents[file], keyring) for file in sorted(contents)}
        digest = hashlib.sha256(f"{created_at} {files}".encode()).hexdigest()
        version = f"{created_at:%Y%m%dT%H%M%S}-{digest[:8]}"  # another's of the same second, too
        manifest = draft.model_copy(
            update={
                "version": version,
                "outputs": answered_specs,
                "program": spec,
                "files": files,
            }
        )
        write(folder, layout.MANIFEST, manifest.model_dump_json(indent=2).encode(), keyring)
        written = folder.rename(folder.with_name(version))
        problems += odd + first_start(
            Path(scratch), manifest.id, feature_repo, feature_store_yaml, keyring
        )
        home = models_dir / name
        home.mkdir(exist_ok=True)
        target = written.rename(home / version)
    _point_latest(home, version)
    for warning in [*warnings, *problems]:
        print(f"warning: {warning}", file=sys.stderr)
    return target


def write(folder: Path, file: str, content: bytes, keyring: Path | None = None) -> str:
    """Write a file of a bundle, encrypted where there is a ``keyring``; the SHA-256 of what is
    within."""
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    sealed = sealing_of(keyring).seal(file, content) if keyring else content
    (folder / file).write_bytes(sealed)
    return hashlib.sha256(content).hexdigest()


def _check_columns(
    needed: Sequence[str], preprocessor: Preprocessor, training: Mapping[str, Column]
) -> None:
    unknown = [name for name in preprocessor.inputs if name not in needed]
    if unknown:
        raise ValueError(f"preprocessing reads columns that no request gives: {unknown}")
    absent = [name for name in needed if name not in training]
    if absent:
        raise ValueError(
            f"the training data lack the columns {absent}: join them with "
            "get_historical_features(..., full_feature_names=True)"
        )
    if not len(training[needed[0]]):
        raise ValueError("the training data hold no rows")


def _check_held_out(preprocessor: Preprocessor, held_out: TimedRows | None) -> None:
    if held_out is None:
        return
    absent = [name for name in preprocessor.inputs if name not in held_out.columns]
    if absent:
        raise ValueError(f"the held-out rows lack the columns {absent}")
    if not len(held_out):
        raise ValueError("there are no held-out rows")


def _golden(
    columns: Mapping[str, Column], answered: Mapping[str, Column], dtypes: Mapping[str, DType]
) -> str:
    """The golden rows as their file has them."""
    inputs = {
        name: [to_json(dtypes[name], cell) for cell in column.tolist()]
        for name, column in columns.items()
    }
    outputs = {name: values.tolist() for name, values in answered.items()}
    return json.dumps({"columns": inputs, "outputs": outputs})


def _point_latest(home: Path, version: str) -> None:
    pointer = home / f".{layout.LATEST}.{os.getpid()}"
    pointer.write_text(version)
    pointer.replace(home / layout.LATEST)
