"""Plain Ray Serve, composed as its guides show: FastAPI ingress, handles, ``@serve.batch``.

serve run benchmarks.peers.ray_chain:app
"""

from typing import Any

from fastapi import FastAPI
from ray import serve
from ray.serve.handle import DeploymentHandle

from benchmarks.peers.work import Flight, Lookup, Row, Scorer, answer
from deployments.columns import Column
from deployments.frames import TensorFrame

api = FastAPI()


@serve.deployment(ray_actor_options={"num_cpus": 0.2}, max_ongoing_requests=1024)
class Features:
    """Looks the features of many flights up at once."""

    def __init__(self) -> None:
        self._lookup = Lookup()

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.002)
    async def __call__(self, rows: list[Row]) -> list[dict[str, Column]]:
        columns = self._lookup.columns(rows)
        return [
            {name: column[row : row + 1] for name, column in columns.items()}
            for row in range(len(rows))
        ]


@serve.deployment(ray_actor_options={"num_cpus": 0.2}, max_ongoing_requests=1024)
class Preprocess:
    """Prepares one flight."""

    def __init__(self) -> None:
        self._scorer = Scorer()

    async def __call__(self, columns: dict[str, Column]) -> TensorFrame:
        return self._scorer.tensors(columns)


@serve.deployment(ray_actor_options={"num_cpus": 0.2}, max_ongoing_requests=1024)
class Model:
    """Scores many flights at once."""

    def __init__(self) -> None:
        self._scorer = Scorer()

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.002)
    async def __call__(self, frames: list[TensorFrame]) -> list[float]:
        return self._scorer.scores(Scorer.joined(frames))


@serve.deployment(ray_actor_options={"num_cpus": 0.2}, max_ongoing_requests=1024)
@serve.ingress(api)
class Ingress:
    """One request in, one hop a stage."""

    def __init__(
        self, features: DeploymentHandle, preprocess: DeploymentHandle, model: DeploymentHandle
    ) -> None:
        self._features = features
        self._preprocess = preprocess
        self._model = model

    @api.post("/predict")
    async def predict(self, flight: Flight) -> dict[str, Any]:
        columns = self._features.remote(flight.model_dump())
        tensors = self._preprocess.remote(columns)
        return answer(await self._model.remote(tensors))


app = Ingress.bind(Features.bind(), Preprocess.bind(), Model.bind())
