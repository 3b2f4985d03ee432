"""What a shop knows of who looks at it right now, as Feast sees it."""

from datetime import timedelta
from pathlib import Path

from feast import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
from feast.types import Array, Float32, Int64, Json, String

# Feast's DuckDB engine resolves a relative path against the working directory, not the repo.
DATA = Path(__file__).resolve().parents[1] / "data"

visitor = Entity(name="visitor", join_keys=["visitor_id"], value_type=ValueType.STRING)

visit = FeatureView(
    name="visit",
    description="The visit until now; written at each view",
    entities=[visitor],
    ttl=timedelta(hours=6),
    schema=[
        Field(name="visitor_id", dtype=String),
        Field(name="viewed", dtype=Array(Int64), description="Products, the latest last"),
        Field(name="seconds", dtype=Array(Float32), description="For how long, each of them"),
        Field(name="device", dtype=Json, description="What the browser says of itself"),
    ],
    source=FileSource(
        name="visit", path=str(DATA / "visit.parquet"), timestamp_field="event_timestamp"
    ),
)

next_view_v1 = FeatureService(
    name="next_view_v1", description="What is known of a visit", features=[visit]
)
