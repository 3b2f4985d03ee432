"""How many rows of a bundle fit into a hop between stages."""

import os

from app.serving.domain import Domain
from deployments.bundle.manifest import Manifest
from deployments.dtypes import DOCUMENTS, TEXTS, Type, type_of

_RAYS_LIMIT = 4 * 2**20
_NUMBER = 8
_CHARACTER = 4  # UTF-8
_ELSEWHERE = 300
"""Bytes of a text from a store, or of what has no length in a request."""
_DOCUMENT = 2048
_ELEMENTS = 64
"""Of an array from a store, whose length nothing says."""


def rows_in_a_hop(manifest: Manifest) -> int:
    """How many of the heaviest rows that a request may hold; of what comes from stores by what is
    usual. At least one."""
    # Ray's limit, or what `windsock up` makes of it; a quarter is room for pickling.
    limit = int(os.environ.get("RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH", _RAYS_LIMIT))
    row = 9 * len(manifest.service.views)
    row += sum(_heaviest(Domain.of(field)) for field in manifest.fields)
    row += sum(_usual(type_of(dtype)) for dtype in manifest.service.columns.values())
    return max(1, limit * 3 // 4 // row)


def _heaviest(domain: Domain) -> int:
    kind = domain.kind
    if kind.item is not None:
        return (kind.length or domain.max_length or 0) * _heaviest(domain.item)
    if domain.max_length is not None:
        return domain.max_length * (_CHARACTER if kind.kind == "string" else 1)
    return _usual(kind)


def _usual(kind: Type) -> int:
    if kind.item is not None:
        return (kind.length or _ELEMENTS) * _usual(kind.item)
    if kind.kind in TEXTS:
        return _ELSEWHERE
    return _DOCUMENT if kind.kind in (*DOCUMENTS, "struct") else _NUMBER
