"""What a lookup has to do for each batch of a feature service, as plain immutable data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from deployments.bundle.schema import ServiceSchema, column_name
from deployments.dtypes import DType
from deployments.features.store.feast import FeatureView, OnDemandFeatureView
from deployments.features.view_rows import ViewColumns


class ServiceError(Exception):
    """The feature service cannot be served; the message says why and what to run."""


@dataclass(frozen=True, slots=True)
class StoredView:
    """One view to read: its keys come from ``fields`` of the request, in join-key order.

    ``key_fields`` names the protobuf ``Value`` field that carries each key, ``columns`` the
    columns of a frame into which the features of ``layout`` go. Views whose ``identity`` is the
    same have the same rows, whatever the service calls them.
    """

    name: str
    view: FeatureView
    join_keys: tuple[str, ...]
    key_fields: tuple[str, ...]
    fields: tuple[str, ...]
    features: Mapping[str, DType]
    layout: ViewColumns
    columns: ViewColumns
    ttl: timedelta
    identity: str

    @property
    def full_names(self) -> dict[str, DType]:
        """The features by the names of their columns in a frame."""
        return {column_name(self.name, name): dtype for name, dtype in self.features.items()}


@dataclass(frozen=True, slots=True)
class OnDemandView:
    """One on-demand view to compute from the columns ``inputs`` and the fields of the request;
    ``features`` are the ones the service asks for. Its code looks at nothing that is not
    ``named``, or may look at all where that is None."""

    name: str
    view: OnDemandFeatureView
    inputs: Mapping[str, DType]
    features: Mapping[str, DType]
    named: frozenset[str] | None = None

    def given(self, request: Mapping[str, DType]) -> dict[str, DType]:
        """All columns that its code is given, of a request with these fields."""
        named = self.named
        fields = {k: v for k, v in request.items() if named is None or k in named}
        return {**fields, **self.inputs}


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """Stored views first (those that only feed an on-demand view included), then computed ones.

    ``code`` has a SHA-256 of the code of each on-demand view, ``warnings`` what departs from the
    bundle without being in the way of serving it.
    """

    stored: tuple[StoredView, ...]
    on_demand: tuple[OnDemandView, ...]
    schema: ServiceSchema
    code: Mapping[str, str]
    warnings: tuple[str, ...] = ()
