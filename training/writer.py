"""Turns an exported program, a feature service and fitted preprocessing into a bundle.

python -m training.bundle --help
"""

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
import torch
from feast import FeatureStore

from deployments.bundle import bundle as layout
from deployments.bundle.manifest import FieldSpec, Manifest, OutputSpec, TrainingData
from deployments.features.clock import instant
from deployments.features.plan import resolve
from deployments.features.schema import ServiceSchema
from deployments.frames import Column, DType, TensorFrame
from deployments.model.runtime import TorchRuntime
from deployments.preprocess.transform import Preprocessor

_LIBRARIES = ("torch", "numpy", "feast")


def export_program(
    module: torch.nn.Module, preprocessor: Preprocessor
) -> torch.export.ExportedProgram:
    """Export ``module(numeric float32 [N, F], categorical int64 [N, C])`` with N dynamic."""
    rows = torch.export.Dim("rows", min=1)
    numeric = torch.zeros(2, len(preprocessor.numeric_names))
    categorical = torch.zeros(2, len(preprocessor.categorical_names), dtype=torch.int64)
    with torch.no_grad():
        return torch.export.export(
            module.eval(), (numeric, categorical), dynamic_shapes=({0: rows}, {0: rows})
        )


def write_bundle(
    *,
    models_dir: Path,
    name: str,
    program: torch.export.ExportedProgram,
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

    ``training_columns`` are the columns that training read, as the frames carry them: they give
    the defaults, the golden rows (evenly spread) and the row count. ``entities``,
    ``request_features`` and ``outputs`` are FieldSpec and OutputSpec documents; a timestamp's
    ``minimum`` and ``maximum`` may be ISO 8601. Raises ValueError for a contract that the feature
    service, the preprocessing and the program do not share.
    """
    schema = resolve(store, feature_service).schema
    fields = [_field(schema.entities, document) for document in entities]
    request_dtypes = schema.request | {item["name"]: item["dtype"] for item in request_features}
    request = [_field(request_dtypes, document) for document in request_features]
    _check_contract(schema, fields, request, preprocessor)

    rows = len(next(iter(training_columns.values())))
    places = np.unique(np.linspace(0, rows - 1, golden_rows).astype(int))
    needed = [field.name for field in fields + request] + list(schema.columns)
    golden = {column: training_columns[column][places] for column in dict.fromkeys(needed)}
    output_specs = [OutputSpec.model_validate(document) for document in outputs]
    runtime = TorchRuntime(program, [output.name for output in output_specs], torch.device("cpu"))
    answers = runtime.run(TensorFrame("", *preprocessor.transform(golden)))
    output_specs = [
        output.model_copy(update={"width": int(np.prod(answers[output.name].shape[1:]))})
        for output in output_specs
    ]

    home = models_dir / name
    home.mkdir(parents=True, exist_ok=True)
    created_at = datetime.now(UTC)
    with tempfile.TemporaryDirectory(dir=home, prefix=".writing-") as scratch:
        folder = Path(scratch)
        torch.export.save(program, folder / layout.PROGRAM)
        (folder / layout.PREPROCESS).write_text(preprocessor.dump())
        (folder / layout.GOLDEN).write_text(
            json.dumps({"columns": _plain(golden), "outputs": _plain(answers)})
        )
        for file, content in (extra_files or {}).items():
            (folder / file).write_bytes(content)
        files = {path.name: layout.sha256(path) for path in sorted(folder.iterdir())}
        manifest = Manifest(
            name=name,
            version=f"{created_at:%Y%m%dT%H%M%S}-{files[layout.PROGRAM][:8]}",
            description=description,
            created_at=created_at,
            service=schema,
            service_sha256=schema.fingerprint(),
            entities=fields,
            request_features=request,
            outputs=output_specs,
            defaults={column: _default(training_columns[column]) for column in schema.columns},
            training_data=TrainingData(fingerprint=fingerprint, rows=rows),
            metrics=dict(metrics),
            libraries={library: library_version(library) for library in _LIBRARIES},
            files=files,
        )
        (folder / layout.MANIFEST).write_text(manifest.model_dump_json(indent=2))
        target = home / manifest.version
        shutil.copytree(folder, target)
    TorchRuntime.load(
        layout.BundleStore(models_dir, name).open(manifest.version), torch.device("cpu")
    )
    _point_latest(home, manifest.version)
    return target


def _field(dtypes: Mapping[str, DType], document: Mapping[str, Any]) -> FieldSpec:
    known = dtypes.get(document["name"])
    if known is None:
        raise ValueError(f"the feature service takes no field {document['name']!r}")
    limits = {
        key: instant(document[key])
        for key in ("minimum", "maximum")
        if isinstance(document.get(key), str)
    }
    return FieldSpec.model_validate({**document, "dtype": known, **limits})


def _check_contract(
    schema: ServiceSchema,
    entities: Sequence[FieldSpec],
    request: Sequence[FieldSpec],
    preprocessor: Preprocessor,
) -> None:
    described = {field.name for field in entities}
    if described != schema.entities.keys():
        raise ValueError(
            f"the feature service's entity keys are {sorted(schema.entities)}, "
            f"described are {sorted(described)}"
        )
    missing = schema.request.keys() - {field.name for field in request}
    if missing:
        raise ValueError(f"the feature service also takes the request features {sorted(missing)}")
    available = described | {field.name for field in request} | schema.columns.keys()
    unknown = [name for name in preprocessor.inputs if name not in available]
    if unknown:
        raise ValueError(f"preprocessing reads columns that no request gives: {unknown}")


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
