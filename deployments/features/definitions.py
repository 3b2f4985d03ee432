"""What a registry says of a feature service: the views that it names, or why one cannot be had."""

from collections.abc import Iterable
from typing import Any

from deployments.features.plan import ServiceError
from deployments.features.store.feast import (
    FeastObjectNotFoundException,
    FeatureStore,
    FeatureViewProjection,
    Field,
    OnDemandFeatureView,
)
from deployments.features.store.records import reason_of

Fields = dict[str, Field]

# Those that Feast asks for a version; the others would answer with the rows of another one.
_VERSIONED_STORES = ("sqlite", "redis", "postgres", "mysql", "dynamodb", "milvus", "faiss")


def projections_of(store: FeatureStore, service: str) -> list[FeatureViewProjection]:
    """The views of a service, as it takes each. Raises ServiceError."""
    try:
        return list(store.get_feature_service(service).feature_view_projections)
    except FeastObjectNotFoundException as error:
        raise ServiceError(
            f"feature service {service!r} is not in the Feast registry of {store.repo_path}: "
            f"run `feast apply` there"
        ) from error
    except Exception as error:  # of whatever keeps the registry: a file, a database, a server
        raise ServiceError(
            f"the Feast registry of {store.repo_path} cannot be read: {reason_of(error)}"
        ) from error


def name_of(projection: FeatureViewProjection) -> str:
    """What the service calls it: its alias or name, and the version that it is pinned to."""
    return str(projection.name_to_use())  # type: ignore[no-untyped-call]


def is_computed(view: Any) -> bool:
    """Whether its values come of its code for each request, not from the store."""
    return isinstance(view, OnDemandFeatureView) and not view.write_to_online_store


def view_of(store: FeatureStore, projection: FeatureViewProjection) -> Any:
    """The view behind a projection, in the version that it is pinned to, if it is.

    Raises ServiceError where there is none, or it does not serve.
    """
    name = name_of(projection)
    try:
        if projection.version_tag is None:
            view: Any = store.registry.get_any_feature_view(projection.name, store.project)
        else:
            view = _pinned(store, projection, projection.version_tag)
    except FeastObjectNotFoundException as error:
        raise ServiceError(
            f"feature view {name!r} is not in the Feast registry of {store.repo_path}: "
            "run `feast apply` there"
        ) from error
    if not getattr(view, "online", True):
        raise ServiceError(f"feature view {view.name!r} is not served online (online: false)")
    if not getattr(view, "enabled", True):
        raise ServiceError(f"feature view {view.name!r} is not served online (it is disabled)")
    return view


def fields_of(view: Any, projection: FeatureViewProjection, names: Iterable[str]) -> Fields:
    """Some features that a projection takes of a view, as the view has them today: a service keeps
    those of the day on which it was applied.

    Raises ServiceError where the view has lost one.
    """
    there = {one.name: one for one in view.features}
    if lost := sorted(set(names) - there.keys()):
        raise ServiceError(
            f"feature view {name_of(projection)!r} has no {lost[0]!r} any more, which the service "
            "takes: run `feast apply` with a definition that has it, or with a service without it"
        )
    return {name: there[name] for name in names}


def _pinned(store: FeatureStore, projection: FeatureViewProjection, version: int) -> Any:
    name = name_of(projection)
    if not store.config.registry.enable_online_feature_view_versioning:
        raise ServiceError(
            f"{name!r} is pinned to a version, which Feast serves with "
            "`enable_online_feature_view_versioning: true` under `registry` alone: set it in the "
            f"feature_store.yaml of {store.repo_path}, or name the view without a version"
        )
    try:
        view: Any = store.registry.get_feature_view_by_version(
            projection.name, store.project, version
        )
    except NotImplementedError as error:
        raise ServiceError(
            f"{name!r} is pinned to a version, and the registry of {store.repo_path} keeps none"
        ) from error
    kind = store.config.online_store.type
    if not is_computed(view) and kind not in _VERSIONED_STORES:
        raise ServiceError(
            f"{name!r} is pinned to a version, and Feast's online store {kind!r} has no versions: "
            f"use one of {', '.join(_VERSIONED_STORES)}, or name the view without a version"
        )
    view.projection.version_tag = version
    return view
