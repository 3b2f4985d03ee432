"""Reads one feature view from Feast's online store, as columns."""

import math
from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Any

from deployments.features.freshness import UNUSABLE
from deployments.features.plan import StoredView
from deployments.features.store.feast import (
    DUMMY_ENTITY_ID,
    DUMMY_ENTITY_VAL,
    NULL_TIMESTAMP_INT_VALUE,
    EntityKey,
    FeatureStore,
    Value,
)
from deployments.features.view_rows import ViewRows

_INT32 = 2**31


class OnlineReader:
    """Feast's own online-store interface, below the per-row dictionaries of
    ``get_online_features``: protobuf in, columns out."""

    def __init__(self, store: FeatureStore) -> None:
        self._store = store

    def read(self, view: StoredView, keys: Sequence[tuple[Hashable, ...]]) -> ViewRows:
        """One store read for distinct keys (values in the order of ``view.fields``).

        A row that holds a value of another type than its column's, or a number that is none, is
        marked UNUSABLE: one bad write must not fail the batch it is read in.
        """
        names = list(view.features)
        answers = self._store.provider.online_read(
            self._store.config,
            view.view,
            [_entity_key(view, key) for key in keys],
            list(names),  # the Redis store appends to it
        )
        rows = ViewRows.empty(view.layout, len(keys))
        for row, (at, features) in enumerate(answers):
            if not features or at is None or _is_absent(at, features):
                continue
            try:
                numbers = [_number(features.get(name)) for name in view.layout.numbers]
                texts = [_text(features.get(name)) for name in view.layout.texts]
            except _BrokenValue:
                rows.event_at[row] = UNUSABLE
                continue
            rows.event_at[row] = at.timestamp()
            rows.numbers[row] = numbers
            rows.texts[row] = texts
        return rows


def _entity_key(view: StoredView, key: tuple[Hashable, ...]) -> EntityKey:
    if not key:
        return EntityKey(
            join_keys=[DUMMY_ENTITY_ID], entity_values=[Value(string_val=DUMMY_ENTITY_VAL)]
        )
    values = [
        Value(**{_field(field, part): part})  # type: ignore[arg-type]
        for field, part in zip(view.key_fields, key, strict=True)
    ]
    return EntityKey(join_keys=view.join_keys, entity_values=values)


def _field(field: str, part: Any) -> str:
    # A key too large for its column has no row; as an int64 it is a key like any other.
    return "int64_val" if field == "int32_val" and not -_INT32 <= part < _INT32 else field


class _BrokenValue(Exception):
    pass


def _unwrapped(value: Value | None) -> Any:
    """The Python value in a protobuf one, None where it is unset or Feast's null instant."""
    kind = value.WhichOneof("val") if value is not None else None
    if kind is None or kind == "null_val":
        return None
    plain = getattr(value, kind)
    if kind == "unix_timestamp_val" and plain == NULL_TIMESTAMP_INT_VALUE:
        return None
    return plain


def _number(value: Value | None) -> float | None:
    plain = _unwrapped(value)
    # Feast writes a missing value as an unset one, so a NaN is a fault of who computed it.
    if plain is None or (isinstance(plain, (int, float)) and math.isfinite(plain)):
        return plain
    raise _BrokenValue


def _text(value: Value | None) -> str | None:
    plain = _unwrapped(value)
    if plain is None or isinstance(plain, str):
        return plain
    raise _BrokenValue


def _is_absent(at: datetime, features: dict[str, Value]) -> bool:
    # The Redis store answers an unknown entity with unset values at the epoch.
    return at.timestamp() == 0 and all(
        value.WhichOneof("val") is None for value in features.values()
    )
