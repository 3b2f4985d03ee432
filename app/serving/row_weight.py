"""What a row of a bundle weighs on a hop between stages, at most or about."""

from app.serving.domain import Domain
from deployments.bundle.manifest import Manifest
from deployments.dtypes import Type, type_of

_NUMBER = 8
_TEXT = 300
"""Of text, bytes and what else is no number, from a store."""
_DOCUMENT = 2048
_ELEMENTS = 64
"""Of an array whose length nothing says."""


def row_bytes(manifest: Manifest) -> int:
    """How many bytes."""
    weight = 9 * len(manifest.service.views)
    for field in manifest.fields:
        domain = Domain.of(field)
        text = domain.kind.kind in ("string", "bytes")
        weight += 4 * (domain.max_length or 0) if text else _bytes(domain.kind)
    return weight + sum(_bytes(type_of(dtype)) for dtype in manifest.service.columns.values())


def _bytes(kind: Type) -> int:
    if kind.item is not None:
        return (kind.length or _ELEMENTS) * _bytes(kind.item)
    if kind.kind in ("int64", "float64", "bool", "timestamp", "float32"):
        return _NUMBER
    return _DOCUMENT if kind.kind in ("json", "map", "scalar_map", "struct") else _TEXT
