"""Turns a program, a feature service and fitted preprocessing into a bundle."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

import numpy as np

from deployments.bundle import bundle as layout
from deployments.bundle.manifest import Manifest, OutputSpec, ProgramSpec, TrainingData
from deployments.features.resolve import resolve
from deployments.features.store.feast import FeatureStore
from deployments.frames import Column, Outputs, TensorFrame
from deployments.model.backends.base import BACKENDS, Backend
from deployments.model.backends.load import load
from deployments.model.options import ModelOptions
from deployments.model_id import ModelId
from deployments.preprocess.transform import Preprocessor
from training.bundling.fields import entity_fields, request_fields

_CPU = ModelOptions(device="cpu")


def write_bundle(
    *,
    models_dir: Path,
    name: str,
    program: Path,
    preprocessor: Preprocessor,
    store: FeatureStore,
    feature_service: str,
    entities: Sequence[Mapping[str, Any]],
    request_features: Sequence[Mapping[str, Any]],
    outputs: Sequence[Mapping[str, Any]],
    training_columns: Mapping[str, Column],
    golden_rows: int = 64,
    metrics: Mapping[str, Any],
    fingerprint: str,
    description: str = "",
    extra_files: Mapping[str, bytes] | None = None,
) -> Path:
    """Write ``<models_dir>/<name>/<version>/``, prove it, and point ``latest`` at it.

    ``program`` is a file whose suffix names its backend. ``training_columns`` are the columns that
    training read, as the frames carry them: they give the defaults, the golden rows (evenly
    spread) and the row count. ``entities``, ``request_features`` and ``outputs`` are FieldSpec and
    OutputSpec documents; a timestamp's ``minimum`` and ``maximum`` may be ISO 8601. Raises
    ValueError for a contract that the feature service, the preprocessing, the data and the program
    do not share; then nothing is written.
    """
    platform, backend = _backend(program)
    plan = resolve(store, feature_service)
    schema = plan.schema
    keys, request = entity_fields(schema, entities), request_fields(schema, request_features)
    needed = [field.name for field in keys + request] + list(schema.columns)
    _check_columns(needed, preprocessor, training_columns)

    rows = len(training_columns[needed[0]])
    places = np.unique(np.linspace(0, rows - 1, golden_rows).astype(int))
    golden = {column: training_columns[column][places] for column in needed}
    names = [output["name"] for output in outputs]
    answers = _answers(backend, program, preprocessor, golden, names)
    output_specs = [
        OutputSpec.model_validate({**output, "width": _width(answers[output["name"]])})
        for output in outputs
    ]

    spec = ProgramSpec(file=f"model{backend.suffix}", platform=platform)
    models_dir.mkdir(parents=True, exist_ok=True)
    created_at = datetime.now(UTC)
    # Written and proved aside, then moved: no reader ever sees half a bundle, or a bad one.
    with tempfile.TemporaryDirectory(dir=models_dir, prefix=".writing-") as scratch:
        folder = Path(scratch) / name / "unnamed"
        folder.mkdir(parents=True)
        shutil.copyfile(program, folder / spec.file)
        (folder / layout.PREPROCESS).write_text(preprocessor.dump())
        (folder / layout.GOLDEN).write_text(
            json.dumps({"columns": _plain(golden), "outputs": _plain(answers)})
        )
        for file, content in (extra_files or {}).items():
            (folder / file).write_bytes(content)
        files = {path.name: layout.sha256(path) for path in sorted(folder.iterdir())}
        libraries = (backend.library, "numpy", "feast")
        version = f"{created_at:%Y%m%dT%H%M%S}-{files[spec.file][:8]}"
        manifest = Manifest(
            name=name,
            version=version,
            description=description,
            created_at=created_at,
            service=schema,
            service_sha256=schema.fingerprint(),
            code=dict(plan.code),
            entities=keys,
            request_features=request,
            outputs=output_specs,
            program=spec,
            defaults={column: _default(training_columns[column]) for column in schema.columns},
            training_data=TrainingData(fingerprint=fingerprint, rows=rows),
            metrics=dict(metrics),
            libraries={library: library_version(library) for library in libraries},
            files=files,
        )
        (folder / layout.MANIFEST).write_text(manifest.model_dump_json(indent=2))
        written = folder.rename(folder.with_name(version))
        bundle = layout.BundleStore(Path(scratch)).open(manifest.id)
        load(bundle, _CPU)
        home = models_dir / name
        home.mkdir(exist_ok=True)
        target = written.rename(home / version)
    _point_latest(home, version)
    return target


def _backend(program: Path) -> tuple[str, Backend]:
    """What runs a program file, and on which platform. Raises ValueError."""
    program.stat()  # a file that is not there is named by its FileNotFoundError
    for platform, backend in BACKENDS.items():
        if program.suffix == backend.suffix:
            return platform, backend
    known = ", ".join(f"{one.suffix} ({one.library})" for one in BACKENDS.values())
    raise ValueError(f"{program} is named like no program that can be served: {known}")


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


def _answers(
    backend: Backend,
    program: Path,
    preprocessor: Preprocessor,
    golden: Mapping[str, Column],
    names: Sequence[str],
) -> Outputs:
    """What the program answers to the golden rows. Raises ValueError where it does not fit."""
    frame = TensorFrame(ModelId("", ""), *preprocessor.transform(golden))
    single = TensorFrame(frame.model, frame.numeric[:1], frame.categorical[:1])
    try:
        runtime = backend.load(program, names, frame, _CPU)
    except ValueError as error:
        raise ValueError(f"{error}: write it with {backend.written_with}") from error
    try:
        runtime.run(single)  # a program may be exported for one number of rows alone
        answers = runtime.run(frame)
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"the program does not take numeric float32 [N, {frame.numeric.shape[1]}] and "
            f"categorical int64 [N, {frame.categorical.shape[1]}] with any N: {reason}"
        ) from error
    for name, values in answers.items():
        if len(values) != frame.rows or values.ndim > 2:
            raise ValueError(
                f"output {name!r} has the shape {list(values.shape)} for {frame.rows} rows: "
                f"it must be [N] or [N, k]"
            )
        if not np.isfinite(values).all():
            raise ValueError(f"output {name!r} is not finite for every row of the training data")
    return answers


def _width(values: Column) -> int:
    return values.shape[1] if values.ndim > 1 else 1


def _plain(columns: Mapping[str, Column]) -> dict[str, list[Any]]:
    return {
        name: [None if value != value else value for value in column.tolist()]
        for name, column in columns.items()
    }


def _default(column: Column) -> float | str | None:
    """What stands in for a feature that cannot be had: the median, or the commonest string."""
    if column.dtype.kind == "O":
        values, counts = np.unique([v for v in column if v is not None] or [""], return_counts=True)
        return str(values[np.argmax(counts)]) or None
    known = column[np.isfinite(column)]
    return float(np.median(known)) if len(known) else None


def _point_latest(home: Path, version: str) -> None:
    pointer = home / f".{layout.LATEST}.{os.getpid()}"
    pointer.write_text(version)
    pointer.replace(home / layout.LATEST)
