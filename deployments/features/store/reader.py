"""Reads one feature view from Feast's online store, as columns."""

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Any

from deployments.features.freshness import UNUSABLE
from deployments.features.plan import StoredView
from deployments.features.store.adapters import adapter_of, online_read
from deployments.features.store.feast import (
    DUMMY_ENTITY_ID,
    DUMMY_ENTITY_VAL,
    EntityKey,
    FeatureStore,
    Value,
)
from deployments.features.store.records import Faults
from deployments.features.store.sqlite import StoreFile
from deployments.features.store.values import BrokenValue, Decode, decoder_of
from deployments.features.view_batch import Key
from deployments.features.view_rows import ViewRows

_INT32 = 2**31

# A key that nobody has, by the protobuf field that carries it.
_NOBODYS: dict[str, Hashable] = {
    "string_val": "\x00windsock-probe",
    "int32_val": -_INT32 + 1,
    "int64_val": -(2**63) + 1,
    "unix_timestamp_val": -(2**53) + 1,
    "bytes_val": b"\x00windsock-probe",
}


class OnlineReader:
    """Feast's own online-store interface, below the per-row dictionaries of
    ``get_online_features``: protobuf in, columns out."""

    def __init__(self, store: FeatureStore) -> None:
        self._store = store
        self._rows = online_read(store)
        self._file = StoreFile(store) if "SqliteOnlineStore" in adapter_of(store) else None

    def read(self, view: StoredView, keys: Sequence[Key], faults: Faults | None = None) -> ViewRows:
        """One store read for distinct keys (values in the order of ``view.fields``).

        A row that holds a value of another type than its column's, or a number that is none, or no
        time of its event, is marked UNUSABLE, and ``faults`` says why: one bad write must not fail
        the batch it is read in. Raises what the store's client raises.
        """
        if self._file is not None:
            self._file.follow()
        answers = self._rows(view, [_entity_key(view, key) for key in keys])
        decoders = [(name, decoder_of(view.features[name])) for name in view.layout.names]
        places, event_at, cells = [], [], []
        rows = ViewRows.empty(view.layout, len(keys))
        for row, (at, features) in enumerate(answers):
            if not features or _is_absent(at, features):
                continue
            try:
                event = _event_at(at)
                of_row = [decode(features.get(name)) for name, decode in decoders]
            except BrokenValue as broken:
                rows.event_at[row] = UNUSABLE
                if faults is not None:
                    faults[keys[row]] = _fault(decoders, features) or str(broken)
                continue
            places.append(row)
            event_at.append(event)
            cells.append(of_row)
        rows.write(places, event_at, cells)
        return rows

    def probe(self, view: StoredView) -> None:
        """Ask the store itself for a key that nobody has. Raises what its client raises where the
        view cannot be read, or the store."""
        if self._file is not None:
            self._file.leave()
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
    values = [_key_value(field, part) for field, part in zip(view.key_fields, key, strict=True)]
    return EntityKey(join_keys=view.join_keys, entity_values=values)


def _key_value(field: str, part: Any) -> Value:
    if field == "unix_timestamp_val":
        part = int(part)  # a column of instants has floats, and Feast whole seconds
    elif field == "int32_val" and not -_INT32 <= part < _INT32:
        # A key too large for its column has no row; as an int64 it is a key like any other.
        field = "int64_val"
    return Value(**{field: part})


def _fault(decoders: Sequence[tuple[str, Decode]], features: dict[str, Value]) -> str | None:
    """Which feature it is that cannot be taken, and why."""
    for name, decode in decoders:
        try:
            decode(features.get(name))
        except BrokenValue as broken:
            return f"{name!r} {broken}"
    return None


def _event_at(at: datetime | None) -> float:
    if at is None:
        raise BrokenValue("the store tells no time of its event")
    return at.timestamp()


def _is_absent(at: datetime | None, features: dict[str, Value]) -> bool:
    # The Redis store answers an unknown entity with unset values at the epoch.
    return (at is None or at.timestamp() == 0) and all(
        value.WhichOneof("val") is None for value in features.values()
    )
