"""Feature repos, services and requests at random, as far as Feast itself can answer them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, RequestSource, ValueType
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.types import (
    Bool,
    FeastType,
    Float32,
    Float64,
    Int32,
    Int64,
    String,
    UnixTimestamp,
    from_feast_to_pyarrow_type,
)
from hypothesis import strategies as st

from tests.support.repos import applied, materialize, view

ENTITIES = {
    "a_id": Entity(name="a", join_keys=["a_id"], value_type=ValueType.INT64),
    "b_id": Entity(name="b", join_keys=["b_id"], value_type=ValueType.STRING),
    "c_id": Entity(name="c", join_keys=["c_id"], value_type=ValueType.INT32),
}
KEY_TYPES: dict[str, FeastType] = {"a_id": Int64, "b_id": String, "c_id": Int32}
KEYS: dict[str, list[Any]] = {"a_id": [1, -7, 2**40], "b_id": ["x", "é", ""], "c_id": [0, 5, -1]}
VALUES: dict[FeastType, st.SearchStrategy[Any]] = {
    Float32: st.floats(-1e6, 1e6, width=32),
    Float64: st.floats(-1e12, 1e12),
    Int32: st.integers(-(2**31), 2**31 - 1),
    Int64: st.integers(-(2**53), 2**53),
    String: st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5),
    Bool: st.booleans(),
    UnixTimestamp: st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)).map(
        lambda at: at.replace(microsecond=0, tzinfo=UTC)
    ),
}
REQUEST = RequestSource(name="order", schema=[Field(name="q", dtype=Int64)])

# Each makes of any input a number, and passes what is missing on.
CODE = {
    "python": """
def {name}(inputs):
    def number(v):
        return None if v is None else float(len(v)) if isinstance(v, str) else float(v) * 2
    return {{"n": [number(v) for v in inputs[{first!r}]],
             "m": [None if v is None else str(v) + {name!r} for v in inputs[{second!r}]]}}
""",
    "singleton": """
def {name}(inputs):
    v, w = inputs[{first!r}], inputs[{second!r}]
    number = None if v is None else float(len(v)) if isinstance(v, str) else float(v) * 2
    return {{"n": number, "m": None if w is None else str(w) + {name!r}}}
""",
    "pandas": """
def {name}(inputs):
    first, second = inputs[{first!r}], inputs[{second!r}]
    numbers = [float(len(v)) if isinstance(v, str) else v for v in first]
    texts = [None if pd.isna(v) else str(len(str(v))) for v in second]
    return pd.DataFrame({{"n": pd.to_numeric(pd.Series(numbers), errors="coerce") * 2.0,
                         "m": pd.Series(texts, dtype=object)}})
""",
}


@dataclass
class Drawn:
    """What hypothesis drew: definitions, services by name, and rows to ask them for."""

    views: list[Callable[[Path], FeatureView]] = field(default_factory=list)
    computed: list[Callable[[dict[str, FeatureView]], OnDemandFeatureView]] = field(
        default_factory=list
    )
    services: dict[str, list[Callable[[dict[str, Any]], Any]]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def apply(self, folder: Path) -> FeatureStore:
        """The repo in ``folder``, with its online store filled."""
        views = {one.name: one for one in (make(folder) for make in self.views)}
        computed = {one.name: one for one in (make(views) for make in self.computed)}
        known = views | computed
        services = [
            FeatureService(name=name, features=[part(known) for part in parts])
            for name, parts in self.services.items()
        ]
        store = applied(folder, *ENTITIES.values(), *known.values(), *services)
        materialize(store)
        return store


@st.composite
def repos(draw: st.DrawFn) -> Drawn:
    """A repo of a few views, on-demand views over them, and two services of both."""
    drawn = Drawn()
    columns: dict[str, dict[str, FeastType]] = {}
    keys: dict[str, list[str]] = {}
    for number in range(draw(st.integers(1, 3))):
        name = f"v{number}"
        keys[name] = draw(
            st.lists(st.sampled_from(sorted(KEYS)), min_size=1, max_size=2, unique=True)
        )
        types = draw(st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=4))
        columns[name] = {f"{name}f{place}": dtype for place, dtype in enumerate(types)}
        drawn.views.append(draw(_view(name, keys[name], columns[name])))
    computed = [f"c{number}" for number in range(draw(st.integers(0, 2)))]
    for name in computed:
        drawn.computed.append(draw(_on_demand(name, columns)))
    for service in ("s0", "s1"):
        parts = [part for name in columns for part in draw(_parts(name, columns[name], keys[name]))]
        parts += [draw(_computed_part(name)) for name in computed if draw(st.booleans())]
        drawn.services[service] = draw(st.permutations(parts)) or [lambda known: known["v0"]]
    drawn.rows = draw(st.lists(_row(), min_size=1, max_size=4))
    return drawn


@st.composite
def _view(
    draw: st.DrawFn, name: str, keys: list[str], columns: dict[str, FeastType]
) -> Callable[[Path], FeatureView]:
    known: list[dict[str, Any]] = [{}]
    for key in keys:
        known = [row | {key: value} for row in known for value in KEYS[key][:2]]
    now = pd.Timestamp.now("UTC").floor("s")
    rows = [
        row
        | {column: draw(st.none() | VALUES[dtype]) for column, dtype in columns.items()}
        | {"event_timestamp": now - pd.Timedelta(minutes=minutes)}
        for minutes, row in enumerate(known * draw(st.integers(1, 2)))
    ]
    ttl = draw(st.sampled_from([timedelta(0), timedelta(days=1)]))
    schema = [Field(name=key, dtype=KEY_TYPES[key]) for key in keys]
    schema += [Field(name=column, dtype=dtype) for column, dtype in columns.items()]
    table = pd.DataFrame(
        {
            column.name: pd.Series(
                [row[column.name] for row in rows],
                dtype=pd.ArrowDtype(from_feast_to_pyarrow_type(column.dtype)),
            )
            for column in schema
        }
        | {"event_timestamp": [row["event_timestamp"] for row in rows]}
    )
    entities = [ENTITIES[key] for key in keys]
    return lambda folder: view(folder, name, entities, schema, table, ttl=ttl)


@st.composite
def _on_demand(
    draw: st.DrawFn, name: str, columns: dict[str, dict[str, FeastType]]
) -> Callable[[dict[str, FeatureView]], OnDemandFeatureView]:
    sources = draw(st.lists(st.sampled_from(sorted(columns)), min_size=1, max_size=2, unique=True))
    taken = {
        source: draw(st.lists(st.sampled_from(sorted(columns[source])), min_size=1, unique=True))
        for source in sources
    }
    inputs = [
        column
        for source, names in taken.items()
        for column in names
        if columns[source][column] != UnixTimestamp
    ]
    inputs += [
        f"{source}__{column}"
        for source in sources
        for column in taken[source][:1]
        if columns[source][column] != UnixTimestamp
    ]
    request = draw(st.booleans()) or not inputs
    if request:
        inputs.append("q")
    mode = draw(st.sampled_from(sorted(CODE)))
    first, second = draw(st.sampled_from(inputs)), draw(st.sampled_from(inputs))
    text = CODE[mode].format(name=name, first=first, second=second)
    names: dict[str, Any] = {"pd": pd, "__name__": "__main__"}
    exec(text, names)

    def make(views: dict[str, FeatureView]) -> OnDemandFeatureView:
        return OnDemandFeatureView(
            name=name,
            sources=[views[source][taken[source]] for source in sources] + [REQUEST] * request,
            schema=[Field(name="n", dtype=Float64), Field(name="m", dtype=String)],
            mode="pandas" if mode == "pandas" else "python",
            singleton=mode == "singleton",
            udf=names[name],
            udf_string=text,
        )

    return make


@st.composite
def _parts(
    draw: st.DrawFn, name: str, columns: dict[str, FeastType], keys: list[str]
) -> list[Callable[[dict[str, Any]], Any]]:
    """How a service takes a view: not at all, in one or two parts, or under one or two names. Both
    at once is what Feast's own comparison of services trips over."""
    form = draw(st.sampled_from(["not", "whole", "parts", "names"]))
    some = draw(st.lists(st.sampled_from(sorted(columns)), min_size=1, unique=True))
    rest = [column for column in columns if column not in some]
    mapped = {key: f"{key}_2" for key in keys if draw(st.booleans())}
    if form == "whole":
        return [lambda known: known[name]]
    if form == "parts":
        parts = [lambda known: known[name][some]]
        return [*parts, lambda known: known[name][rest]] if rest else parts
    if form == "names":
        return [
            lambda known: known[name][some].with_name(f"{name}x"),
            lambda known: known[name].with_name(f"{name}y").with_join_key_map(mapped),
        ]
    return []


@st.composite
def _computed_part(draw: st.DrawFn, name: str) -> Callable[[dict[str, Any]], Any]:
    some = draw(st.sampled_from([["n"], ["m"], ["m", "n"]]))
    alias = draw(st.booleans())
    return lambda known: known[name][some].with_name(f"{name}x") if alias else known[name][some]


def _row() -> st.SearchStrategy[dict[str, Any]]:
    keys = {
        f"{key}{suffix}": st.sampled_from(values)
        for key, values in KEYS.items()
        for suffix in ("", "_2")
    }
    row = st.fixed_dictionaries(keys | {"q": st.integers(-100, 100)})
    # Where a view is asked by a_id_2, Feast takes a_id for it, too, if that comes later.
    return row.map(lambda values: dict(sorted(values.items())))
