"""BentoML with adaptive batching.

bentoml serve benchmarks.peers.bentoml_service:Predictor
"""

from typing import Any

import bentoml

from benchmarks.peers.work import Flight, Work, answer


@bentoml.service(
    workers=2,
    traffic={"timeout": 60},
    logging={"access": {"enabled": False}},
    metrics={"enabled": False},
)
class Predictor:
    """A client sends a list of one flight, which BentoML joins with those of others: one hop less
    than a wrapper service that takes single flights."""

    def __init__(self) -> None:
        self._work = Work()

    @bentoml.api(batchable=True, max_batch_size=64, max_latency_ms=60_000)
    def predict(self, flights: list[Flight]) -> list[dict[str, Any]]:
        return [answer(score) for score in self._work.predict([f.model_dump() for f in flights])]
