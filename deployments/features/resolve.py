"""Resolves a Feast feature service, once, into the plan of its lookup.

In two steps, since a view may be named several times, and by on-demand views, too: first all that
is wanted of each name is gathered, then the plan is made of it.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from deployments.bundle.schema import ServiceSchema, ViewSchema, column_name
from deployments.dtypes import DType
from deployments.features.code_digest import CodeError, digest
from deployments.features.definitions import projections_of
from deployments.features.dtypes import dtype_of, key_field_of
from deployments.features.plan import OnDemandView, ServiceError, ServicePlan, StoredView
from deployments.features.store.adapters import check_view
from deployments.features.store.feast import FeatureStore, FeatureView, Field
from deployments.features.view_rows import ViewColumns
from deployments.features.wanted import Computation, Read, Wanted


def resolve(
    store: FeatureStore, service: str, promised: ServiceSchema | None = None
) -> ServicePlan:
    """Read the registry and plan the service; of one that is ``promised`` that much alone, whatever
    else the service has come to hold. Raises ServiceError."""
    wanted = Wanted(store, promised)
    for projection in projections_of(store, service):
        wanted.add(projection)
    plan = _planned(service, wanted)
    for view in plan.stored:
        check_view(store, view)
    return plan


def _planned(service: str, wanted: Wanted) -> ServicePlan:
    entities: dict[str, DType] = {}
    stored = tuple(_stored(name, read, entities) for name, read in wanted.reads.items())
    request = _dtypes({k: v for k, v in wanted.request.items() if k not in entities})
    fields = entities | request
    on_demand = tuple(_on_demand(name, one, fields) for name, one in wanted.computations.items())
    schema = ServiceSchema(
        service=service,
        entities=entities,
        request=request,
        views={view.name: _view_schema(view) for view in stored},
        on_demand={view.name: dict(view.features) for view in on_demand},
        columns=_dtypes(wanted.columns),
    )
    return ServicePlan(stored, on_demand, schema, MappingProxyType(_code(wanted)))


def _stored(name: str, read: Read, entities: dict[str, DType]) -> StoredView:
    columns = {column.name: column for column in read.view.entity_columns}
    key_fields = []
    for key, request_field in read.fields.items():
        key_fields.append(key_field_of(columns[key], request_field))
        dtype = dtype_of(columns[key], request_field)
        if entities.setdefault(request_field, dtype) != dtype:
            raise ServiceError(
                f"entity key {request_field!r} is {dtype} in view {read.view.name!r} "
                f"and {entities[request_field]} in another"
            )
    features = _dtypes(read.features, name)
    return StoredView(
        name=name,
        view=read.view,
        join_keys=tuple(read.fields),
        key_fields=tuple(key_fields),
        fields=tuple(read.fields.values()),
        features=MappingProxyType(features),
        layout=ViewColumns.of(features),
        columns=ViewColumns.of({column_name(name, k): v for k, v in features.items()}),
        ttl=getattr(read.view, "ttl", None) or timedelta(0),
        identity=repr((read.view.name, _version(read.view), features)),
    )


def _version(view: FeatureView) -> int | None:
    pinned: int | None = view.projection.version_tag
    return view.current_version_number if pinned is None else pinned


def _view_schema(view: StoredView) -> ViewSchema:
    return ViewSchema(
        join_keys=dict(zip(view.join_keys, view.fields, strict=True)),
        features=dict(view.features),
        ttl_s=view.ttl.total_seconds(),
    )


def _on_demand(name: str, computation: Computation, request: Mapping[str, DType]) -> OnDemandView:
    inputs, features = _dtypes(computation.inputs), _dtypes(computation.features, name)
    view = OnDemandView(
        name,
        computation.view,
        MappingProxyType(inputs),
        MappingProxyType(features),
        computation.named,
    )
    for column, dtype in view.given(request).items():
        if "scalar_map" in dtype and view.view.mode == "pandas":
            raise ServiceError(
                f"on-demand view {name!r} is given {column!r} of type {dtype}, which the tables of "
                "Feast's pandas mode cannot hold: use mode python, or take each input by its name"
            )
    return view


def _code(wanted: Wanted) -> dict[str, str]:
    """What the code of each on-demand view is known by, of those that were computed when they were
    stored, too, as far as it can be read here."""
    code = {}
    for name, computation in wanted.computations.items():
        try:
            code[name] = digest(computation.view)
        except CodeError as error:
            raise ServiceError(f"on-demand view {name!r} {error}") from error
    for name, view in wanted.stored_code.items():
        try:
            code[name] = digest(view)
        except CodeError:
            continue
    return code


def _dtypes(fields: Mapping[str, Field], view: str | None = None) -> dict[str, DType]:
    return {
        name: dtype_of(one, column_name(view, name) if view else name)
        for name, one in fields.items()
    }
