"""What is known of people and of films, as Feast sees it."""

from datetime import timedelta
from pathlib import Path

from feast import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
from feast.types import Array, Float32, Int64, Json, Set, String

# Feast's DuckDB engine resolves a relative path against the working directory, not the repo.
DATA = Path(__file__).resolve().parents[1] / "data"


def _embedding(of: str) -> Field:
    # All of one length, so that Windsock carries them as a block.
    return Field(name="embedding", dtype=Array(Float32), vector_length=8, description=of)


person = Entity(name="person", join_keys=["person_id"], value_type=ValueType.STRING)
film = Entity(name="film", join_keys=["film_id"], value_type=ValueType.INT64)

taste = FeatureView(
    name="taste",
    description="What somebody likes; every day",
    entities=[person],
    ttl=timedelta(days=7),
    schema=[
        Field(name="person_id", dtype=String),
        _embedding("Of all that was seen"),
        Field(name="genres", dtype=Set(String), description="That were followed"),
    ],
    source=FileSource(
        name="taste", path=str(DATA / "taste.parquet"), timestamp_field="event_timestamp"
    ),
)

catalogue = FeatureView(
    name="catalogue",
    description="The films",
    entities=[film],
    ttl=timedelta(0),
    schema=[
        Field(name="film_id", dtype=Int64),
        _embedding("Of the plot"),
        Field(name="genres", dtype=Array(String)),
        Field(name="credits", dtype=Json, description="Who made it"),
    ],
    source=FileSource(
        name="catalogue", path=str(DATA / "catalogue.parquet"), timestamp_field="event_timestamp"
    ),
)

two_towers_v1 = FeatureService(
    name="two_towers_v1", description="A person and a film", features=[taste, catalogue]
)
