"""The features of a flight out of New York, as Feast sees them.

Every time to live is the age beyond which a value no longer says what its name says. Short ones
also keep the point-in-time join cheap: it pairs each flight with every row that is still alive.
"""

from datetime import timedelta
from pathlib import Path

from feast import (
    Entity,
    FeatureService,
    FeatureView,
    Field,
    FileSource,
    PushSource,
    ValueType,
)
from feast.types import Float32, Float64, Int64, PrimitiveFeastType, String

# Feast's DuckDB engine resolves a relative path against the working directory, not the repo.
DATA = Path(__file__).resolve().parent / "data"


def batch(name: str) -> FileSource:
    """The parquet file that holds the whole history of a view."""
    return FileSource(
        name=f"{name}_batch",
        path=str(DATA / f"{name}.parquet"),
        timestamp_field="event_timestamp",
    )


def live(name: str) -> PushSource:
    """A source that also takes rows as they happen: `store.push("<view>_live", rows)`."""
    return PushSource(name=f"{name}_live", batch_source=batch(name))


def fields(**types: PrimitiveFeastType) -> list[Field]:
    """Feature columns by name."""
    return [Field(name=name, dtype=dtype) for name, dtype in types.items()]


def key(name: str, description: str) -> Entity:
    """A string entity that is its own join key."""
    return Entity(name=name, join_keys=[name], value_type=ValueType.STRING, description=description)


carrier = key("carrier", "Airline, as its two-letter IATA code")
origin = key("origin", "Departure airport: EWR, JFK or LGA")
dest = key("dest", "Destination airport, as its three-letter code")
tailnum = key("tailnum", "Aircraft registration")

DEPARTURE_BOARD = fields(
    departures_1h=Int64,
    dep_delay_mean_1h=Float32,
    dep_delay_mean_3h=Float32,
    late_share_3h=Float32,
    cancelled_share_3h=Float32,
    overdue_flights=Int64,
    overdue_minutes_mean=Float32,
    scheduled_next_2h=Int64,
)

ARRIVAL_BOARD = fields(
    arrivals_3h=Int64,
    arr_delay_mean_3h=Float32,
    arr_late_share_3h=Float32,
    arr_delay_mean_24h=Float32,
    arr_late_share_24h=Float32,
    dep_delay_mean_3h=Float32,
    cancelled_share_6h=Float32,
    overdue_flights=Int64,
    overdue_minutes_mean=Float32,
)

AREA = fields(
    area_dep_delay_mean_1h=Float32,
    area_late_share_3h=Float32,
    area_cancelled_share_3h=Float32,
    area_overdue_flights=Int64,
)

WEEK = fields(
    flights_7d=Int64,
    dep_delay_mean_7d=Float32,
    arr_delay_mean_7d=Float32,
    arr_late_share_7d=Float32,
    cancelled_share_7d=Float32,
)

MONTH = fields(
    flights_28d=Int64,
    dep_delay_mean_28d=Float32,
    arr_delay_mean_28d=Float32,
    arr_late_share_28d=Float32,
    cancelled_share_28d=Float32,
)

origin_recent = FeatureView(
    name="origin_recent",
    description="Departures from the airport and its neighbours lately; every 15 minutes",
    entities=[origin],
    ttl=timedelta(hours=1),
    schema=DEPARTURE_BOARD + AREA,
    source=live("origin_recent"),
)

carrier_at_origin = FeatureView(
    name="carrier_at_origin",
    description="The carrier's departures from the airport in the last hours; every 15 minutes",
    entities=[carrier, origin],
    ttl=timedelta(hours=1),
    schema=DEPARTURE_BOARD,
    source=live("carrier_at_origin"),
)

destination_recent = FeatureView(
    name="destination_recent",
    description="Flights from New York to the destination in the last hours; every 30 minutes",
    entities=[dest],
    ttl=timedelta(hours=2),
    schema=ARRIVAL_BOARD,
    source=live("destination_recent"),
)

carrier_recent = FeatureView(
    name="carrier_recent",
    description="The carrier's flights from New York in the last hours; every 30 minutes",
    entities=[carrier],
    ttl=timedelta(hours=2),
    schema=ARRIVAL_BOARD,
    source=live("carrier_recent"),
)

route_week = FeatureView(
    name="route_week",
    description="The route over the last 7 days; every 6 hours",
    entities=[origin, dest],
    ttl=timedelta(days=1),
    schema=WEEK,
    source=batch("route_week"),
)

carrier_week = FeatureView(
    name="carrier_week",
    description="The carrier over the last 7 days; every 6 hours",
    entities=[carrier],
    ttl=timedelta(days=1),
    schema=WEEK,
    source=batch("carrier_week"),
)

carrier_route_month = FeatureView(
    name="carrier_route_month",
    description="The carrier's flights on the route over the last 28 days; every day",
    entities=[carrier, origin, dest],
    ttl=timedelta(days=2),
    schema=MONTH,
    source=batch("carrier_route_month"),
)

aircraft_last_flight = FeatureView(
    name="aircraft_last_flight",
    description="Where the aircraft's last flight out of New York stands; on every happening",
    entities=[tailnum],
    ttl=timedelta(days=2),
    schema=fields(
        last_dep_delay=Float32,
        last_arr_delay=Float32,
        last_departed_at=Float64,
        last_landed_at=Float64,
        earliest_return_at=Float64,
        last_cancelled=Int64,
    ),
    source=live("aircraft_last_flight"),
)

aircraft = FeatureView(
    name="aircraft",
    description="The aircraft itself, from the register of 2013",
    entities=[tailnum],
    ttl=timedelta(0),  # it does not age
    schema=fields(built=Float32, seats=Int64, engines=Int64, manufacturer=String, model=String),
    source=batch("aircraft"),
)

origin_weather = FeatureView(
    name="origin_weather",
    description="The last weather observation at the airport; every hour",
    entities=[origin],
    ttl=timedelta(hours=3),
    schema=fields(
        temperature=Float32,
        dew_point=Float32,
        humidity=Float32,
        wind_direction=Float32,
        wind_speed=Float32,
        wind_gust=Float32,
        precip=Float32,
        precip_6h=Float32,
        pressure=Float32,
        pressure_change_3h=Float32,
        visibility=Float32,
    ),
    source=live("origin_weather"),
)

flight_delay_v1 = FeatureService(
    name="flight_delay_v1",
    description="What is known of a flight one hour before its scheduled departure",
    features=[
        origin_recent,
        carrier_at_origin,
        destination_recent,
        carrier_recent,
        route_week,
        carrier_week,
        carrier_route_month,
        aircraft_last_flight,
        aircraft,
        origin_weather,
    ],
)
