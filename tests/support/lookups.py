"""The feature stage over a repo that a test defines for itself, without a model."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from feast import FeatureStore

from deployments.bundle.manifest import Manifest
from deployments.bundle.schema import ServiceSchema
from deployments.columns import Column, column_of, key_column
from deployments.dtypes import DType
from deployments.features.lookup import FeatureLookup
from deployments.features.plan import ServicePlan
from deployments.features.resolve import resolve
from deployments.features.settings import LookupSettings
from deployments.frames import Frame
from tests.support.manifests import field, manifest
from tests.support.manifests import store as bundle_store

Row = Mapping[str, Any]


def promise(plan: ServicePlan, *, defaults: Mapping[str, float | str] | None = None) -> Manifest:
    """A manifest that promises what a plan gives."""
    service = plan.schema
    parts = {
        "service": service,
        "service_sha256": service.fingerprint(),
        "code": dict(plan.code),
        "defaults": dict(defaults or {}),
    }
    entities = [field(name, dtype) for name, dtype in service.entities.items()]
    request = [field(name, dtype) for name, dtype in service.request.items()]
    entities = entities or [field("nothing")]
    return manifest(name="m", entities=entities, request_features=request).model_copy(update=parts)


def frame(schema: ServiceSchema, rows: Sequence[Row], model: Manifest) -> Frame:
    """Rows as the edge hands them to the feature stage."""
    columns: dict[str, Column] = {}
    for name, dtype in schema.entities.items():
        columns[name] = key_column(dtype, [row[name] for row in rows])
    for name, dtype in schema.request.items():
        columns[name] = column_of(dtype, [_plain(row.get(name)) for row in rows])
    return Frame(model.id, len(rows), columns)


async def looked_up(
    folder: Path, store: FeatureStore, service: str, rows: Sequence[Row]
) -> dict[str, list[Any]]:
    """The features that the stage finds for these rows, by column, as Python values."""
    trained = promise(resolve(store, service))
    lookup = FeatureLookup(
        lambda: store, bundle_store(folder / "models", trained), LookupSettings(budget_s=30)
    )
    found = await lookup.lookup(frame(trained.service, rows, trained))
    return {
        name: [plain(dtype, value) for value in found.columns[name].tolist()]
        for name, dtype in trained.service.columns.items()
    }


def plain(dtype: DType, value: Any) -> Any:
    """A value as a test writes it: None for a missing one, instants as such."""
    if value is None or value != value:
        return None
    if dtype == "timestamp":
        return datetime.fromtimestamp(value, UTC)
    return bool(value) if dtype == "bool" else value


def _plain(value: Any) -> Any:
    return value.timestamp() if isinstance(value, datetime) else value
