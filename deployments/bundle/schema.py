"""What a feature service takes and gives, as plain data: the part of it that a bundle promises."""

import hashlib
import json
from collections.abc import Iterator

from deployments.dtypes import DType
from deployments.strict import StrictModel


class ViewSchema(StrictModel, frozen=True):
    """One stored feature view as the service projects it.

    ``join_keys`` maps the view's own join keys to the request's fields; ``ttl_s`` is 0 where the
    view never expires.
    """

    join_keys: dict[str, str]
    features: dict[str, DType]
    ttl_s: float


class ServiceSchema(StrictModel, frozen=True):
    """Request fields in, feature columns (``<view>__<feature>``) out."""

    service: str
    entities: dict[str, DType]
    request: dict[str, DType]
    views: dict[str, ViewSchema]
    on_demand: dict[str, dict[str, DType]]
    columns: dict[str, DType]

    @property
    def looked_up(self) -> dict[str, DType]:
        """All feature columns: those that only on-demand views read, too."""
        read = {
            column_name(name, feature): dtype
            for name, view in self.views.items()
            for feature, dtype in view.features.items()
        }
        return read | self.columns

    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON form: equal exactly where the schemas are."""
        canonical = json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def differences(self, live: "ServiceSchema") -> list[str]:
        """Each point in which the live registry departs from this schema, in words."""
        mine, theirs = dict(_flatten(self.model_dump())), dict(_flatten(live.model_dump()))
        return [
            f"{path} is {theirs.get(path, 'absent')} in the registry, {mine.get(path, 'absent')} "
            "in the bundle"
            for path in sorted(mine.keys() | theirs.keys())
            if mine.get(path) != theirs.get(path)
        ]


def column_name(view: str, feature: str) -> str:
    """Feast's full feature name, the only form used here: it stays apart from other views'."""
    return f"{view}__{feature}"


def _flatten(tree: dict[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
