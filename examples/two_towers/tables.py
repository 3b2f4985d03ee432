"""People and films: small, made up, and the same at every run."""

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd

AS_OF = datetime(2024, 3, 1, 12, tzinfo=UTC)
"""Where the data end, and the instant at which the example serves."""

PEOPLE = np.array([f"p-{number:03}" for number in range(120)], dtype=object)
FILMS = 500 + np.arange(60)
GENRES = np.array(["action", "comedy", "drama", "horror", "romance"], dtype=object)
STUDIOS = np.array(["Aurora", "Borealis", "Cumulus", "Drizzle"], dtype=object)
WIDTH = 8

Table = pd.DataFrame


def tables() -> dict[str, Table]:
    """The source of each feature view, by its name. Some people follow no genre, and of some the
    embedding is not there yet."""
    rng = np.random.default_rng(41)
    tastes = pd.Series(list(rng.normal(size=(len(PEOPLE), WIDTH)).astype(np.float32)))
    credits = [{"studio": {"name": studio}} for studio in rng.choice(STUDIOS, len(FILMS))]
    return {
        "taste": pd.DataFrame(
            {
                "person_id": PEOPLE,
                "embedding": tastes.where(rng.random(len(PEOPLE)) < 0.9, None),
                "genres": [_genres(rng, 0) for _ in PEOPLE],
                "event_timestamp": pd.Timestamp(AS_OF) - pd.Timedelta(hours=9),
            }
        ),
        "catalogue": pd.DataFrame(
            {
                "film_id": FILMS,
                "embedding": list(rng.normal(size=(len(FILMS), WIDTH)).astype(np.float32)),
                "genres": [_genres(rng, 1) for _ in FILMS],
                "credits": [json.dumps(one) for one in credits],
                "event_timestamp": pd.Timestamp(AS_OF) - pd.Timedelta(days=90),
            }
        ),
    }


def pairs(count: int = 1500) -> Table:
    """Who was shown which film; some of either are not known."""
    rng = np.random.default_rng(42)
    return pd.DataFrame(
        {
            "person_id": rng.choice(np.append(PEOPLE, "p-new"), count),
            "film_id": rng.choice(np.append(FILMS, 404), count),
            "event_timestamp": pd.Timestamp(AS_OF) - pd.to_timedelta(np.arange(count), unit="s"),
        }
    )


def liked(joined: Table) -> np.ndarray:
    """Whether each film was liked, float32 [N]: mostly where the genres meet."""
    rng = np.random.default_rng(43)
    meet = [
        len(set(_list(follows)) & set(_list(has)))
        for follows, has in zip(joined["taste__genres"], joined["catalogue__genres"], strict=True)
    ]
    return (np.array(meet) + rng.normal(0, 0.3, len(meet)) > 0.5).astype(np.float32)


def _genres(rng: np.random.Generator, least: int) -> list[str]:
    chosen: list[str] = rng.choice(GENRES, rng.integers(least, 4), replace=False).tolist()
    return chosen


def _list(values: np.ndarray | None) -> list[str]:
    return [] if values is None else list(values)
