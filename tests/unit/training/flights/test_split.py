import pandas as pd

from training.flights.split import Split, week_folds


def departures(*instants: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(instants), utc=True))


def test_months_are_those_of_new_york() -> None:
    split = Split.of(
        departures(
            "2013-10-01T03:59Z",  # 23:59 on 30 September in New York
            "2013-10-01T04:00Z",
            "2013-11-01T03:59Z",
            "2013-11-01T04:00Z",
            "2014-01-01T04:59Z",
        )
    )

    assert split.train.tolist() == [0]
    assert split.validation.tolist() == [1, 2]
    assert split.test.tolist() == [3, 4]


def test_every_flight_is_in_exactly_one_part() -> None:
    year = pd.Series(pd.date_range("2013-01-01T05:00Z", "2014-01-01T04:00Z", freq="7h"))
    split = Split.of(year)

    rows = [*split.train, *split.validation, *split.test]

    assert rows == list(range(len(year)))


def test_folds_hold_whole_weeks() -> None:
    folds = week_folds(departures("2013-01-01T12:00Z", "2013-01-07T23:00Z", "2013-01-08T12:00Z"), 4)

    assert folds.tolist() == [0, 0, 1]
