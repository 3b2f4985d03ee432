"""All that is wanted of each name that occurs in a feature service.

A view may be named several times, and by on-demand views, too.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from deployments.bundle.schema import ServiceSchema, column_name
from deployments.features.code_inputs import inputs_named
from deployments.features.definitions import Fields, fields_of, is_computed, name_of, view_of
from deployments.features.plan import ServiceError
from deployments.features.store.feast import (
    DUMMY_ENTITY_ID,
    FeatureStore,
    FeatureView,
    FeatureViewProjection,
    OnDemandFeatureView,
)


@dataclass(slots=True)
class Read:
    """What is to be read of a stored view under one name."""

    view: FeatureView
    fields: dict[str, str]
    features: Fields


@dataclass(slots=True)
class Computation:
    """What is to be computed of an on-demand view under one name, and from what."""

    view: OnDemandFeatureView
    named: frozenset[str] | None
    inputs: Fields = field(default_factory=dict)
    features: Fields = field(default_factory=dict)


class Wanted:
    """All that is wanted of each name that occurs in a service."""

    def __init__(self, store: FeatureStore, promised: ServiceSchema | None) -> None:
        self.reads: dict[str, Read] = {}
        self.computations: dict[str, Computation] = {}
        self.columns: Fields = {}
        self.request: Fields = {}
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
        features = fields_of(view, projection, names)
        self.columns |= _full_names(name, features)
        if is_computed(view):
            self._compute(name, view, features)
        else:
            self._read(projection, view, features)

    def _compute(self, name: str, view: OnDemandFeatureView, features: Fields) -> None:
        _check_supported(name, view, features)
        # Code that names none has to learn how many rows there are nevertheless.
        named = inputs_named(view) or None
        computation = self.computations.setdefault(name, Computation(view, named))
        computation.features |= features
        for source in view.source_request_sources.values():
            self.request |= {one.name: one for one in source.schema}
        for needed in view.source_feature_view_projections.values():
            source_view = view_of(self._store, needed)
            read, inputs = self._inputs(source_view, needed, computation.named)
            if read:
                self._read(needed, source_view, read)
            computation.inputs |= _full_names(needed.name, inputs)

    def _inputs(
        self, view: Any, needed: FeatureViewProjection, named: frozenset[str] | None
    ) -> tuple[Fields, Fields]:
        """What is read of a source, and what of it the code is given: what it names, or all."""
        known = self._promised and self._promised.views.get(needed.name)
        names = [one.name for one in needed.features if not known or one.name in known.features]
        taken = [
            name
            for name in names
            if named is None or named & {name, column_name(needed.name, name)}
        ]
        inputs = fields_of(view, needed, taken)
        if known:
            # Older bundles promise what the code never looks at, too; if it is gone, so what.
            there = {one.name for one in view.features}
            return fields_of(view, needed, [one for one in names if one in there]), inputs
        if not taken and named and not named.isdisjoint(_keys(needed, view).values()):
            return fields_of(view, needed, names), inputs  # for the sake of its keys
        return inputs, inputs

    def _read(self, projection: FeatureViewProjection, view: Any, features: Fields) -> None:
        name = name_of(projection)
        fields = _keys(projection, view)
        if isinstance(view, OnDemandFeatureView):
            self.stored_code[name] = view
        before = self.reads.setdefault(name, Read(view, fields, {}))
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


def _keys(projection: FeatureViewProjection, view: Any) -> dict[str, str]:
    """The request's field for each join key of a view."""
    return {
        column.name: projection.join_key_map.get(column.name, column.name)
        for column in view.entity_columns
        if column.name != DUMMY_ENTITY_ID
    }


def _full_names(view: str, fields: Fields) -> Fields:
    return {column_name(view, name): one for name, one in fields.items()}
