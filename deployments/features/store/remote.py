"""Reads Feast's own feature server, by the store ``type: remote``."""

from base64 import b64decode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from deployments.dtypes import Type, type_of
from deployments.features.plan import ServiceError, StoredView
from deployments.features.store.feast import (
    EntityKey,
    FeatureStore,
    Value,
    get_remote_online_features,
    python_values_to_proto_values,
)

Answer = tuple[datetime | None, dict[str, Value] | None]
"""When a row's event was, and its values; None where there is no such row."""

_INT32 = range(-(2**31), 2**31)


def check_types(view: StoredView) -> None:
    """Raises ServiceError for a type that is lost on the way to the server, or from it."""
    for name, field in zip(view.fields, view.key_fields, strict=True):
        if field == "bytes_val":
            raise ServiceError(f"a feature server takes no bytes as keys, as {name!r} is")
    for name, dtype in view.full_names.items():
        if "scalar_map" in dtype:
            raise ServiceError(f"a feature server answers null for {dtype}, as {name!r} is")


class RemoteStore:
    """Feast's own adapter sends the first key of several, and dates all rows as the first: here the
    server is asked for whole keys, and each row has its own time.

    The server answers what cannot be read with a status of 500, which Feast's session would try
    again for seconds. Once, at once, is for a connection that the server has closed.
    """

    def __init__(self, store: FeatureStore) -> None:
        store.config.online_store.connection_retries = 1
        self._config = store.config

    def read(self, view: StoredView, keys: Sequence[EntityKey]) -> list[Answer]:
        """The rows of these keys. Raises RuntimeError where the server refuses."""
        answers: list[Answer] = [(None, None)] * len(keys)
        # The server refuses all where one is too large for its column; it has no row.
        rows = {row: key for row, key in enumerate(keys) if _fits(view, key)}
        if not rows:
            return answers
        names = [f"{view.view.name}__{feature}" for feature in view.features]
        results = self._ask(view, list(rows.values()))
        columns = []
        types = {field.name: field.dtype.to_value_type() for field in view.view.features}
        for name, feature in zip(names, view.features, strict=True):
            kind = type_of(view.features[feature])
            told = [_of_json(kind, value) for value in results[name]["values"]]
            values = python_values_to_proto_values(told, types[feature])
            columns.append((feature, values, results[name]))
        for place, row in enumerate(rows):
            if any(one["statuses"][place] == "PRESENT" for _, _, one in columns):
                at = columns[0][2]["event_timestamps"][place]
                answers[row] = (
                    datetime.fromisoformat(at).astimezone(UTC),
                    {feature: values[place] for feature, values, _ in columns},
                )
        return answers

    def _ask(self, view: StoredView, keys: Sequence[EntityKey]) -> dict[str, Any]:
        """What the server tells of each column, by the column's full name."""
        parts = zip(*(key.entity_values for key in keys), strict=True)
        body = {
            "features": [f"{view.view.name}:{feature}" for feature in view.features],
            "entities": {
                name: [getattr(value, value.WhichOneof("val")) for value in values]
                for name, values in zip(keys[0].join_keys, parts, strict=True)
            },
            "full_feature_names": True,
        }
        response = get_remote_online_features(config=self._config, req_body=body)
        if response.status_code != 200:
            raise RuntimeError(f"the feature server answered {response.status_code}")
        answer = response.json()
        return dict(zip(answer["metadata"]["feature_names"], answer["results"], strict=True))


def _of_json(kind: Type, value: Any) -> Any:
    """A value of the server's JSON, with bytes and zoned instants as such."""
    if value is None:
        return None
    if kind.item is not None:
        return [_of_json(kind.item, one) for one in value]
    if kind.fields:
        types = dict(kind.fields)
        return {k: _of_json(types[k], one) if k in types else one for k, one in value.items()}
    if kind.kind == "bytes":
        return b64decode(value)
    return datetime.fromisoformat(value) if kind.kind == "zoned_timestamp" else value


def _fits(view: StoredView, key: EntityKey) -> bool:
    return all(
        field != "int32_val" or value.int64_val in _INT32
        for field, value in zip(view.key_fields, key.entity_values, strict=False)
    )
