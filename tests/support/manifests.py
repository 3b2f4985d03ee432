"""Manifests written by hand, and bundles of which only the manifest is real."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deployments.bundle.bundle import GOLDEN, MANIFEST, BundleStore
from deployments.bundle.manifest import (
    FieldSpec,
    Manifest,
    OutputSpec,
    PreprocessingSpec,
    ProgramSpec,
    TrainingData,
)
from deployments.bundle.schema import ServiceSchema, ViewSchema, column_name
from deployments.dtypes import DType
from deployments.model_id import ModelId

_EXAMPLES: dict[DType, str | int | float | bool] = {
    "string": "a",
    "int64": 7,
    "float64": 2.5,
    "bool": True,
    "bytes": "AP8=",
    "timestamp": "2024-05-01T10:15:00+02:00",
}
_CONTENT = b"not read here"
_ROWS = 2

PROGRAM = ProgramSpec().file
PREPROCESS = PreprocessingSpec().file

PARCELS = ModelId("parcels", "1")

EXAMPLE: dict[str, Any] = {
    "depot": "north",
    "lane": 7,
    "weight": 250,
    "pieces": 3,
    "insured": True,
    "sent_at": "2024-05-01T10:15:00+02:00",
}
"""A request that the contract of ``parcels`` takes."""


def field(
    name: str,
    dtype: DType = "string",
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    example: str | float | bool | None = None,
) -> FieldSpec:
    return FieldSpec(
        name=name,
        dtype=dtype,
        example=_EXAMPLES.get(dtype) if example is None else example,
        minimum=minimum,
        maximum=maximum,
    )


def epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def manifest(
    *,
    name: str = "parcels",
    version: str = "1",
    entities: Sequence[FieldSpec] = (field("depot"),),
    request_features: Sequence[FieldSpec] = (),
    views: Mapping[str, Mapping[str, DType]] | None = None,
    outputs: Sequence[str] = ("late",),
) -> Manifest:
    """A manifest whose feature views, if any, are all keyed by the first entity."""
    key = entities[0].name
    views = views or {}
    service = ServiceSchema(
        service=f"{name}_v1",
        entities={entity.name: entity.dtype for entity in entities},
        request={feature.name: feature.dtype for feature in request_features},
        views={
            view: ViewSchema(join_keys={key: key}, features=dict(features), ttl_s=3600)
            for view, features in views.items()
        },
        on_demand={},
        columns={
            column_name(view, feature): dtype
            for view, features in views.items()
            for feature, dtype in features.items()
        },
    )
    return Manifest(
        name=name,
        version=version,
        created_at=datetime(2024, 5, 1, tzinfo=UTC),
        service=service,
        service_sha256=service.fingerprint(),
        entities=list(entities),
        request_features=list(request_features),
        outputs=[OutputSpec(name=output) for output in outputs],
        defaults={},
        training_data=TrainingData(fingerprint="0" * 64, rows=100),
        metrics={"auc": 0.75},
        libraries={"torch": "2"},
        files={
            PROGRAM: hashlib.sha256(_CONTENT).hexdigest(),
            PREPROCESS: hashlib.sha256(_CONTENT).hexdigest(),
            GOLDEN: hashlib.sha256(_golden([*entities, *request_features])).hexdigest(),
        },
    )


def _golden(fields: Sequence[FieldSpec]) -> bytes:
    """Golden rows of the fields of a request alone, which are the example."""
    columns = {one.name: [one.example] * _ROWS for one in fields}
    return json.dumps({"columns": columns, "outputs": {}}).encode()


def store(root: Path, *manifests: Manifest) -> BundleStore:
    """A store that holds a bundle for each manifest; their programs cannot run, and their two
    golden rows are the example."""
    for one in manifests:
        home = root / one.name / one.version
        home.mkdir(parents=True)
        (home / MANIFEST).write_text(one.model_dump_json())
        for file in one.files:
            (home / file).write_bytes(_golden(one.fields) if file == GOLDEN else _CONTENT)
    return BundleStore(root)


def parcels(version: str = "1") -> Manifest:
    """One field of each dtype, two views and two outputs."""
    return manifest(
        version=version,
        entities=[field("depot", example="north"), field("lane", "int64", example=7)],
        request_features=[
            field("weight", "float64", minimum=0, maximum=1000, example=2.5),
            field("pieces", "int64", minimum=1, maximum=99, example=3),
            field("insured", "bool", example=True),
            field(
                "sent_at",
                "timestamp",
                minimum=epoch("2020-01-01T00:00:00+00:00"),
                maximum=epoch("2030-01-01T00:00:00+00:00"),
                example="2024-05-01T10:15:00+02:00",
            ),
        ],
        views={"load": {"hourly": "float64"}, "fleet": {"vans": "int64"}},
        outputs=["late", "cost"],
    )
