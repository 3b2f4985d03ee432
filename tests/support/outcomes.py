"""Journals of predictions and outcomes as replicas write them, at any time, and their join."""

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from app.journal.chain import Chain, ChainForm
from app.journal.writers import claim
from app.observability.feedback.record import Told
from app.observability.feedback.record import decode as decode_told
from app.observability.feedback.record import encode as encode_told
from app.observability.feedback.settings import FeedbackSettings
from app.observability.predictions.record import Asked, Predicted, encode
from app.observability.predictions.settings import PredictionsSettings
from app.observability.quality.database import tallies
from app.observability.quality.index import Index
from app.observability.quality.keys import key_of
from app.observability.quality.tables import lines
from deployments.model_id import ModelId
from tests.support.journals import contents

DAY_S = 86_400
TODAY = 20_000
NOW_S = TODAY * DAY_S + 3600
Settings = tuple[PredictionsSettings, FeedbackSettings]


class Writing:
    """Writes both journals."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.chains = [self._chain(one.journal.directory) for one in settings]

    def _chain(self, directory: Path) -> Chain:
        claimed = claim(directory)
        return Chain.recovered(claimed.folder, claimed.id, ChainForm(segment_bytes=2**18))

    def predict(
        self, names: list[str], scores: Any, day: int = TODAY, version: str = "1", **segments: Any
    ) -> None:
        record = Predicted(
            day * DAY_S * 10**6,
            ModelId("parcels", version),
            0.5,
            [Asked(name) for name in names],
            np.asarray(scores, "<f8").tobytes(),
            segments,
        )
        self.chains[0].write([encode(record)])

    def tell(self, names: list[str], outcomes: Any, **fields: float) -> None:
        at_us = NOW_S * 10**6
        self.chains[1].write(
            [
                encode_told(Told(at_us, "", name, 0, None, float(outcome), at_us, fields))
                for name, outcome in zip(names, outcomes, strict=True)
            ]
        )


def caught_up(settings: Settings, now_s: float = NOW_S) -> Index:
    index = Index(*settings, lambda: now_s)
    index.catch_up()
    return index


def fill(writing: Writing, count: int, prefix: str = "") -> None:
    """So many predictions with their outcomes, small frame by small frame."""
    names = [f"{prefix}{number}" for number in range(count)]
    today = int(time.time() // DAY_S)
    for begin in range(0, count, 20):
        part = names[begin : begin + 20]
        writing.predict(part, np.linspace(0, 1, len(part)), day=today)
        writing.tell(part, [number % 2 for number in range(len(part))])


def counted(settings: Settings) -> dict[str, int]:
    """What became of outcomes, which the tables bear out."""
    with closing(caught_up(settings, time.time())) as index:
        counts = tallies(index.connection)
        for one in lines(index.connection, "version", binary=True):
            assert one.quality.predictions == counts["joined"]
            assert one.quality.labelled.value == 1.0
        (bins,) = index.connection.execute(
            "SELECT SUM(negatives + positives) FROM bins JOIN groups ON grp = groups.id "
            "WHERE day = -1"
        ).fetchone()
        assert bins == counts["joined"]
        return {name: count for name, count in counts.items() if count}


def tallied(settings: Settings) -> tuple[dict[str, int], set[str]]:
    """What became of all outcomes, and the request ids of the rows that have one joined, of all
    that were told by nobody known."""
    with closing(caught_up(settings, time.time())) as index:
        counts = tallies(index.connection)
        joined = {
            key
            for (key,) in index.connection.execute(
                "SELECT key FROM predictions WHERE outcome IS NOT NULL"
            )
        }
        for one in lines(index.connection, "version", binary=True):
            assert one.quality.labelled.value * one.quality.predictions == counts["joined"]
        told = (decode_told(one) for one in contents(settings[1].journal))
        names = {one.request for one in told if key_of("", one.request, one.row, one.id) in joined}
    return counts, names
