"""Reads one feature view from Feast's online store, as columns."""

import math
from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Any

from deployments.features.freshness import UNUSABLE
from deployments.features.plan import StoredView
from deployments.features.store.adapters import online_read
from deployments.features.store.feast import (
    DUMMY_ENTITY_ID,
    DUMMY_ENTITY_VAL,
    NULL_TIMESTAMP_INT_VALUE,
    EntityKey,
    FeatureStore,
    Value,
)
from deployments.features.store.records import Faults
from deployments.features.view_batch import Key
from deployments.features.view_rows import ViewRows

_INT32 = 2**31

# A key that nobody has, by the protobuf field that carries it.
_NOBODYS: dict[str, Hashable] = {
    "string_val": "\x00windsock-probe",
    "int32_val": -_INT32 + 1,
    "int64_val": -(2**63) + 1,
}


class OnlineReader:
    """Feast's own online-store interface, below the per-row dictionaries of
    ``get_online_features``: protobuf in, columns out."""

    def __init__(self, store: FeatureStore) -> None:
        self._store = store
        self._rows = online_read(store)

    def read(self, view: StoredView, keys: Sequence[Key], faults: Faults | None = None) -> ViewRows:
        """One store read for distinct keys (values in the order of ``view.fields``).

        A row that holds a value of another type than its column's, or a number that is none, or no
        time of its event, is marked UNUSABLE, and ``faults`` says why: one bad write must not fail
        the batch it is read in. Raises what the store's client raises.
        """
        answers = self._rows(view, [_entity_key(view, key) for key in keys])
        rows = ViewRows.empty(view.layout, len(keys))
        for row, (at, features) in enumerate(answers):
            if not features or _is_absent(at, features):
                continue
            try:
                event_at = _event_at(at)
                numbers = [_number(features, name) for name in view.layout.numbers]
                texts = [_text(features, name) for name in view.layout.texts]
            except _BrokenValue as broken:
                rows.event_at[row] = UNUSABLE
                if faults is not None:
                    faults[keys[row]] = str(broken)
                continue
            rows.event_at[row] = event_at
            rows.numbers[row] = numbers
            rows.texts[row] = texts
        return rows

    def probe(self, view: StoredView) -> None:
        """Ask for a key that nobody has. Raises what the store's client raises where the view
        cannot be read, or the store."""
        if view.key_fields:
            key = _entity_key(view, tuple(_NOBODYS[field] for field in view.key_fields))
        else:
            key = _dummy(str(_NOBODYS["string_val"]))
        self._rows(view, [key])

    def close(self) -> None:
        """Close the connections that Feast's adapter holds. Raises what they raise."""
        for held in list(vars(self._store.provider.online_store).values()):
            close = getattr(held, "close", None)
            if close is not None:
                close()


def _dummy(value: str) -> EntityKey:
    """The key of a view without entities."""
    return EntityKey(join_keys=[DUMMY_ENTITY_ID], entity_values=[Value(string_val=value)])


def _entity_key(view: StoredView, key: Key) -> EntityKey:
    if not key:
        return _dummy(DUMMY_ENTITY_VAL)
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


def _number(features: dict[str, Value], name: str) -> float | None:
    plain = _unwrapped(features.get(name))
    # Feast writes a missing value as an unset one, so a NaN is a fault of who computed it.
    if plain is None or (isinstance(plain, (int, float)) and math.isfinite(plain)):
        return plain
    raise _BrokenValue(f"{name!r} holds {plain!r:.40}, not a number")


def _text(features: dict[str, Value], name: str) -> str | None:
    plain = _unwrapped(features.get(name))
    if plain is None or isinstance(plain, str):
        return plain
    raise _BrokenValue(f"{name!r} holds {plain!r:.40}, not a text")


def _event_at(at: datetime | None) -> float:
    if at is None:
        raise _BrokenValue("the store tells no time of its event")
    return at.timestamp()


def _is_absent(at: datetime | None, features: dict[str, Value]) -> bool:
    # The Redis store answers an unknown entity with unset values at the epoch.
    return (at is None or at.timestamp() == 0) and all(
        value.WhichOneof("val") is None for value in features.values()
    )
