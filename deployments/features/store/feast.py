"""The parts of Feast that serving uses, imported without what only costs.

Feast would import torch for retrievers of documents: 185 MB more in a process that runs no model.
And it has typeguard compile each of its classes anew, with checks of all arguments: two seconds of
its three to start.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typeguard


@contextmanager
def _absent(package: str) -> Iterator[None]:
    """Within the block ``package`` is not to be found, unless it has been imported before."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # to `import`, that it is not there
    try:
        yield
    finally:
        del sys.modules[package]


@contextmanager
def _as_written() -> Iterator[None]:
    """Within the block typeguard leaves classes alone, as it does by itself under ``python -O``."""
    typechecked = typeguard.typechecked
    typeguard.typechecked = lambda target: target  # type: ignore[assignment]
    try:
        yield
    finally:
        typeguard.typechecked = typechecked


with _absent("torch"), _as_written():
    from feast import FeatureStore, FeatureView, Field, OnDemandFeatureView
    from feast.errors import FeastError, FeastObjectNotFoundException
    from feast.feature_view import DUMMY_ENTITY_ID, DUMMY_ENTITY_VAL
    from feast.feature_view_projection import FeatureViewProjection
    from feast.infra.online_stores.remote import get_remote_online_features
    from feast.protos.feast.types.EntityKey_pb2 import EntityKey
    from feast.protos.feast.types.Value_pb2 import Value
    from feast.transformation import udf_rehydrate
    from feast.type_map import (
        NULL_TIMESTAMP_INT_VALUE,
        feast_value_type_to_python_type,
        python_values_to_proto_values,
    )
    from feast.types import (
        Array,
        Bool,
        Bytes,
        Decimal,
        FeastType,
        Float32,
        Float64,
        ImageBytes,
        Int32,
        Int64,
        Json,
        Map,
        PdfBytes,
        ScalarMap,
        Set,
        String,
        Struct,
        TimeUuid,
        UnixTimestamp,
        Uuid,
        ZonedTimestamp,
    )
