"""Resolves a Feast feature service, once, into what a lookup has to do for each batch."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from deployments.bundle.schema import ServiceSchema, ViewSchema, column_name
from deployments.features.store.feast import (
    DUMMY_ENTITY_ID,
    Bool,
    FeastObjectNotFoundException,
    FeastType,
    FeatureStore,
    FeatureView,
    FeatureViewProjection,
    Float32,
    Float64,
    Int32,
    Int64,
    OnDemandFeatureView,
    String,
    UnixTimestamp,
)
from deployments.features.view_rows import ViewColumns
from deployments.frames import DType

_DTYPES: dict[FeastType, DType] = {
    String: "string",
    Int32: "int64",
    Int64: "int64",
    Float32: "float64",
    Float64: "float64",
    Bool: "bool",
    UnixTimestamp: "timestamp",
}
# The protobuf field of an entity key's value; Feast hashes it with the key.
_KEY_FIELDS: dict[FeastType, str] = {
    String: "string_val",
    Int32: "int32_val",
    Int64: "int64_val",
}


class ServiceError(Exception):
    """The feature service cannot be served; the message says why and what to run."""


@dataclass(frozen=True, slots=True)
class StoredView:
    """One view to read: its keys come from ``fields`` of the request, in join-key order.

    ``key_fields`` names the protobuf ``Value`` field that carries each key, ``columns`` the
    columns of a frame into which the features of ``layout`` go.
    """

    name: str
    view: FeatureView
    join_keys: tuple[str, ...]
    key_fields: tuple[str, ...]
    fields: tuple[str, ...]
    features: dict[str, DType]
    layout: ViewColumns
    columns: ViewColumns
    ttl: timedelta


@dataclass(frozen=True, slots=True)
class OnDemandView:
    """One on-demand view to compute from the columns ``inputs`` and the fields of the request;
    ``features`` are the ones the service asks for."""

    name: str
    view: OnDemandFeatureView
    inputs: dict[str, DType]
    features: dict[str, DType]


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """Stored views first (those that only feed an on-demand view included), then computed ones."""

    stored: tuple[StoredView, ...]
    on_demand: tuple[OnDemandView, ...]
    schema: ServiceSchema


def resolve(store: FeatureStore, service: str) -> ServicePlan:
    """Read the registry and plan the service. Raises ServiceError."""
    try:
        projections = store.get_feature_service(service).feature_view_projections
    except FeastObjectNotFoundException as error:
        raise ServiceError(
            f"feature service {service!r} is not in the Feast registry of {store.repo_path}: "
            f"run `feast apply` there"
        ) from error

    views: dict[str, StoredView] = {}
    on_demand: dict[str, OnDemandView] = {}
    request: dict[str, DType] = {}
    entities: dict[str, DType] = {}
    columns: dict[str, DType] = {}

    for projection in projections:
        name = _name(projection)
        view = _view(store, projection)
        features = _features(name, projection)
        columns |= _full_names(name, features)
        if isinstance(view, OnDemandFeatureView) and not view.write_to_online_store:
            _check_supported(name, view)
            inputs: dict[str, DType] = {}
            for source in view.source_request_sources.values():
                request |= {
                    field.name: _dtype_of(field.dtype, field.name) for field in source.schema
                }
            for needed in view.source_feature_view_projections.values():
                _add_stored(store, needed, views, entities)
                inputs |= _full_names(needed.name, _features(needed.name, needed))
            before = on_demand[name].features if name in on_demand else {}
            on_demand[name] = OnDemandView(name, view, inputs, before | features)
        else:
            _add_stored(store, projection, views, entities)

    schema = ServiceSchema(
        service=service,
        entities=entities,
        request={field: dtype for field, dtype in request.items() if field not in entities},
        views={
            stored.name: ViewSchema(
                join_keys=dict(zip(stored.join_keys, stored.fields, strict=True)),
                features=stored.features,
                ttl_s=stored.ttl.total_seconds(),
            )
            for stored in views.values()
        },
        on_demand={computed.name: computed.features for computed in on_demand.values()},
        columns=columns,
    )
    return ServicePlan(tuple(views.values()), tuple(on_demand.values()), schema)


def _dtype_of(dtype: FeastType, name: str) -> DType:
    """The frame dtype of a Feast type. Raises ServiceError for one that no column can carry."""
    found = _DTYPES.get(dtype)
    if found is None:
        raise ServiceError(
            f"{name!r} has the type {dtype}, which cannot be served: "
            f"use one of {', '.join(str(known) for known in _DTYPES)}"
        )
    return found


def _name(projection: FeatureViewProjection) -> str:
    return str(projection.name_to_use())  # type: ignore[no-untyped-call]


def _view(store: FeatureStore, projection: FeatureViewProjection) -> Any:
    try:
        return store.registry.get_any_feature_view(projection.name, store.project)
    except FeastObjectNotFoundException as error:
        raise ServiceError(
            f"feature view {projection.name!r} is not in the Feast registry of "
            f"{store.repo_path}: run `feast apply` there"
        ) from error


def _full_names(view: str, features: dict[str, DType]) -> dict[str, DType]:
    return {column_name(view, feature): dtype for feature, dtype in features.items()}


def _features(name: str, projection: FeatureViewProjection) -> dict[str, DType]:
    return {
        field.name: _dtype_of(field.dtype, column_name(name, field.name))
        for field in projection.features
    }


def _add_stored(
    store: FeatureStore,
    projection: FeatureViewProjection,
    views: dict[str, StoredView],
    entities: dict[str, DType],
) -> None:
    """Plan the read of one projection, or widen the read that is planned for it already."""
    name = _name(projection)
    features = _features(name, projection)
    view = _view(store, projection)
    keys = [column for column in view.entity_columns if column.name != DUMMY_ENTITY_ID]
    fields = tuple(projection.join_key_map.get(column.name, column.name) for column in keys)
    if name in views:
        planned = views[name]
        if (planned.view.name, planned.fields) != (view.name, fields):
            raise ServiceError(
                f"{name!r} stands for view {planned.view.name!r} by {planned.fields} and for "
                f"{view.name!r} by {fields}: give one of them another name (with_name)"
            )
        planned.features.update(features)
        return
    if not getattr(view, "online", True) or not getattr(view, "enabled", True):
        raise ServiceError(f"feature view {view.name!r} is not served online (online: false)")
    for field, column in zip(fields, keys, strict=True):
        if column.dtype not in _KEY_FIELDS:
            raise ServiceError(
                f"entity key {field!r} has the type {column.dtype}: use String, Int32 or Int64"
            )
        dtype = _DTYPES[column.dtype]
        if entities.setdefault(field, dtype) != dtype:
            raise ServiceError(
                f"entity key {field!r} is {dtype} in view {view.name!r} "
                f"and {entities[field]} in another"
            )
    views[name] = StoredView(
        name=name,
        view=view,
        join_keys=tuple(column.name for column in keys),
        key_fields=tuple(_KEY_FIELDS[column.dtype] for column in keys),
        fields=fields,
        features=features,
        layout=ViewColumns.of(features),
        columns=ViewColumns.of({column_name(name, it): dtype for it, dtype in features.items()}),
        ttl=getattr(view, "ttl", None) or timedelta(0),
    )


def _check_supported(name: str, view: OnDemandFeatureView) -> None:
    if view.aggregations:
        raise ServiceError(f"on-demand view {name!r} aggregates, which cannot be served online")
    if view.mode not in ("pandas", "python"):
        raise ServiceError(f"on-demand view {name!r} has mode {view.mode!r}: use pandas or python")
    for source in view.source_feature_view_projections.values():
        if source.name_alias:
            raise ServiceError(
                f"on-demand view {name!r} reads {source.name!r} as {source.name_alias!r}, "
                f"which Feast cannot resolve: give it {source.name!r} itself"
            )
        taken = {field.name for field in source.features} & {field.name for field in view.features}
        if taken:
            raise ServiceError(
                f"on-demand view {name!r} computes {min(taken)!r}, also the name of an input from "
                f"{source.name!r}, and Feast drops such a column: rename it"
            )


def checked_plan(store: FeatureStore, promised: ServiceSchema) -> ServicePlan:
    """The plan of a bundle's service, which must be what the bundle was trained on.

    Raises ServiceError naming the first difference.
    """
    plan = resolve(store, promised.service)
    differences = promised.differences(plan.schema)
    if differences:
        more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
        raise ServiceError(
            f"feature service {promised.service!r} is not what the bundle was trained on: "
            f"{differences[0]}{more}; run `feast apply` with that definition, or train again"
        )
    return plan
