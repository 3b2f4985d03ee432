"""Raw records -> the parquet sources of the feature repo, and the labelled flights.

Run as `python -m training.flights.data`.
"""

from collections.abc import Callable

import pandas as pd

from training.flights.aircraft import last_flight, register
from training.flights.delays import airport_board, arrival_board, departure_board, history
from training.flights.flights import label_flights, load_flights, read_raw
from training.flights.paths import DATA, FLIGHTS
from training.flights.weather import observations
from training.progress import Step

KEYS = ["carrier", "origin", "dest", "tailnum"]


def sources(flights: pd.DataFrame) -> dict[str, Callable[[], pd.DataFrame]]:
    """How to make each source table, by feature view."""
    return {
        "origin_recent": lambda: airport_board(flights, step=15),
        "carrier_at_origin": lambda: departure_board(flights, ["carrier", "origin"], step=15),
        "destination_recent": lambda: arrival_board(flights, ["dest"], step=30),
        "carrier_recent": lambda: arrival_board(flights, ["carrier"], step=30),
        "route_week": lambda: history(flights, ["origin", "dest"], step=360, days=7),
        "carrier_week": lambda: history(flights, ["carrier"], step=360, days=7),
        "carrier_route_month": lambda: history(
            flights, ["carrier", "origin", "dest"], step=1440, days=28
        ),
        "aircraft_last_flight": lambda: last_flight(flights),
        "aircraft": lambda: register(read_raw("planes")),
        "origin_weather": lambda: observations(read_raw("weather")),
    }


def checked(table: pd.DataFrame) -> pd.DataFrame:
    """The table ordered by time, refused if a key has two rows at one instant.

    With two, the offline join and the online store could each pick another one.
    """
    keys = [name for name in KEYS if name in table.columns]
    if table.duplicated([*keys, "event_timestamp"]).any():
        raise ValueError(f"Two rows of one {'+'.join(keys)} share an event_timestamp")
    return table.sort_values(["event_timestamp", *keys], ignore_index=True)


def main() -> None:
    """Write every source and the labelled flights under `feature_repo/data`."""
    DATA.mkdir(parents=True, exist_ok=True)
    with Step("reading flights") as step:
        flights = load_flights()
        step.result = f"{len(flights):,} flights"
    for name, make in sources(flights).items():
        with Step(name) as step:
            rows = checked(make())
            rows.to_parquet(DATA / f"{name}.parquet", index=False)
            step.result = f"{len(rows):,} rows"
    with Step("labelling flights") as step:
        labelled = label_flights(flights)
        labelled.to_parquet(FLIGHTS, index=False)
        step.result = f"{len(labelled):,} flights"


if __name__ == "__main__":
    main()
