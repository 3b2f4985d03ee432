"""Resolves a Feast feature service, once, into the plan of its lookup.

In two steps, since a view may be named several times, and by on-demand views, too: first all that
is wanted of each name is gathered, then the plan is made of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from deployments.bundle.schema import ServiceSchema, ViewSchema, column_name
from deployments.features.code_digest import CodeError, digest
from deployments.features.code_inputs import inputs_named
from deployments.features.definitions import (
    Types,
    is_computed,
    name_of,
    projections_of,
    types_of,
    view_of,
)
from deployments.features.dtypes import dtype_of, is_carried, key_field_of
from deployments.features.plan import OnDemandView, ServiceError, ServicePlan, StoredView
from deployments.features.store.feast import (
    DUMMY_ENTITY_ID,
    FeastType,
    FeatureStore,
    FeatureView,
    FeatureViewProjection,
    OnDemandFeatureView,
)
from deployments.features.view_rows import ViewColumns
from deployments.frames import DType


def resolve(
    store: FeatureStore, service: str, promised: ServiceSchema | None = None
) -> ServicePlan:
    """Read the registry and plan the service; of one that is ``promised`` that much alone, whatever
    else the service has come to hold. Raises ServiceError."""
    wanted = _Wanted(store, promised)
    for projection in projections_of(store, service):
        wanted.add(projection)
    return _planned(service, wanted)


@dataclass(slots=True)
class _Read:
    """What is to be read of a stored view under one name."""

    view: FeatureView
    fields: dict[str, str]
    features: Types


@dataclass(slots=True)
class _Computation:
    """What is to be computed of an on-demand view under one name, and from what."""

    view: OnDemandFeatureView
    inputs: Types = field(default_factory=dict)
    features: Types = field(default_factory=dict)


class _Wanted:
    """All that is wanted of each name that occurs in a service."""

    def __init__(self, store: FeatureStore, promised: ServiceSchema | None) -> None:
        self.reads: dict[str, _Read] = {}
        self.computations: dict[str, _Computation] = {}
        self.columns: Types = {}
        self.request: Types = {}
        self.stored_code: dict[str, OnDemandFeatureView] = {}
        self._store = store
        self._promised = promised

    def add(self, projection: FeatureViewProjection) -> None:
        """Something that the service names itself."""
        name = name_of(projection)
        names = [one.name for one in projection.features]
        if self._promised:
            names = [one for one in names if column_name(name, one) in self._promised.columns]
            if not names:
                return
        view = view_of(self._store, projection)
        features = types_of(view, projection, names)
        self.columns |= _full_names(name, features)
        if is_computed(view):
            self._compute(name, view, features)
        else:
            self._read(projection, view, features)

    def _compute(self, name: str, view: OnDemandFeatureView, features: Types) -> None:
        _check_supported(name, view, features)
        computation = self.computations.setdefault(name, _Computation(view))
        computation.features |= features
        for source in view.source_request_sources.values():
            self.request |= {one.name: one.dtype for one in source.schema}
        named = inputs_named(view)
        for needed in view.source_feature_view_projections.values():
            source_view = view_of(self._store, needed)
            inputs = self._inputs(source_view, needed, named)
            self._read(needed, source_view, inputs)
            computation.inputs |= _full_names(needed.name, inputs)

    def _inputs(
        self, view: Any, needed: FeatureViewProjection, named: frozenset[str] | None
    ) -> Types:
        known = self._promised and self._promised.views.get(needed.name)
        names = [one.name for one in needed.features if not known or one.name in known.features]
        # What the view has lost, or no frame carries, is in nobody's way if the code never looks
        # at it.
        there = {one.name for one in view.features if is_carried(one.dtype)}
        taken = [
            name
            for name in names
            if name in there or named is None or named & {name, column_name(needed.name, name)}
        ]
        return types_of(view, needed, taken)

    def _read(self, projection: FeatureViewProjection, view: Any, features: Types) -> None:
        name = name_of(projection)
        fields = {
            column.name: projection.join_key_map.get(column.name, column.name)
            for column in view.entity_columns
            if column.name != DUMMY_ENTITY_ID
        }
        if isinstance(view, OnDemandFeatureView):
            self.stored_code[name] = view
        before = self.reads.setdefault(name, _Read(view, fields, {}))
        before.features |= features
        # As Feast has it, who names no keys of its own takes the view as it was named first.
        if before.view.name != view.name or (projection.join_key_map and before.fields != fields):
            raise ServiceError(
                f"{name!r} stands for view {before.view.name!r} by {tuple(before.fields.values())} "
                f"and for {view.name!r} by {tuple(fields.values())}: give one of them another name "
                "(with_name)"
            )


def _check_supported(name: str, view: OnDemandFeatureView, features: Iterable[str]) -> None:
    if view.aggregations:
        raise ServiceError(f"on-demand view {name!r} aggregates, which cannot be served online")
    if view.mode not in ("pandas", "python"):
        raise ServiceError(f"on-demand view {name!r} has mode {view.mode!r}: use pandas or python")
    for source in view.source_feature_view_projections.values():
        if name_of(source) != source.name:
            raise ServiceError(
                f"on-demand view {name!r} reads {source.name!r} as {name_of(source)!r}, "
                f"which Feast cannot resolve: give it {source.name!r} itself"
            )
        taken = {one.name for one in source.features}.intersection(features)
        if taken:
            raise ServiceError(
                f"on-demand view {name!r} computes {min(taken)!r}, also the name of an input from "
                f"{source.name!r}, and Feast drops such a column: rename it"
            )


def _planned(service: str, wanted: _Wanted) -> ServicePlan:
    entities: dict[str, DType] = {}
    stored = tuple(_stored(name, read, entities) for name, read in wanted.reads.items())
    on_demand = tuple(_on_demand(name, one) for name, one in wanted.computations.items())
    request = _dtypes({k: v for k, v in wanted.request.items() if k not in entities})
    schema = ServiceSchema(
        service=service,
        entities=entities,
        request=request,
        views={view.name: _view_schema(view) for view in stored},
        on_demand={view.name: dict(view.features) for view in on_demand},
        columns=_dtypes(wanted.columns),
    )
    return ServicePlan(stored, on_demand, schema, MappingProxyType(_code(wanted)))


def _stored(name: str, read: _Read, entities: dict[str, DType]) -> StoredView:
    columns = {column.name: column for column in read.view.entity_columns}
    key_fields = []
    for key, request_field in read.fields.items():
        key_fields.append(key_field_of(columns[key].dtype, request_field))
        dtype = dtype_of(columns[key].dtype, request_field)
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


def _on_demand(name: str, computation: _Computation) -> OnDemandView:
    inputs, features = _dtypes(computation.inputs), _dtypes(computation.features, name)
    return OnDemandView(
        name, computation.view, MappingProxyType(inputs), MappingProxyType(features)
    )


def _code(wanted: _Wanted) -> dict[str, str]:
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


def _dtypes(types: Mapping[str, FeastType], view: str | None = None) -> dict[str, DType]:
    return {
        name: dtype_of(dtype, column_name(view, name) if view else name)
        for name, dtype in types.items()
    }


def _full_names(view: str, types: Types) -> Types:
    return {column_name(view, name): dtype for name, dtype in types.items()}
