"""No training-serving skew: what is answered over HTTP is what an offline join would have given."""

import httpx
import numpy as np
import pandas as pd
import pytest
import yaml
from numpy.typing import NDArray

from benchmarks.config import set_all
from deployments.bundle.bundle import Bundle, BundleStore
from deployments.frames import TensorFrame
from deployments.model.backends.load import load
from deployments.model.options import ModelOptions
from deployments.model_id import ModelId
from tests.integration.graph.conftest import Graph
from tests.support.flights import departures, fill, instances
from tests.support.preprocessing import preprocessor_of
from tests.support.serve import deploy
from training.bundling.columns import columns_of
from training.flights.dataset import join

INSTANTS = [
    pd.Timestamp(text)
    for text in (
        "2013-12-03T11:00:00Z",  # early: few flights have left
        "2013-12-09T01:30:00Z",  # the evening of a day of snow
        "2013-12-15T17:45:00Z",
        "2013-12-23T22:10:00Z",  # between the steps at which features are computed
    )
]
FLIGHTS_EACH = 550

Answers = dict[pd.Timestamp, NDArray[np.float64]]


@pytest.fixture(scope="session")
def recorded() -> dict[str, Answers]:
    """Each graph's answers, so that they can be compared with another's."""
    return {}


def test_answers_and_features_are_those_of_the_offline_join(
    graph: Graph, recorded: dict[str, Answers]
) -> None:
    bundle = BundleStore(graph.models).open(ModelId("flight_delay", "latest"))
    document = yaml.safe_load(graph.server.config.read_text())
    answers: Answers = {}
    for at in INSTANTS:
        flights = departures(at, hours=36, count=FLIGHTS_EACH)
        # An aircraft and a route that nobody has seen must agree as well.
        flights.loc[0, "tailnum"] = "N00000"
        flights.loc[1, "dest"] = "ZZZ"
        offline = join(graph.store, flights.assign(event_timestamp=at, place=flights.index))
        offline = offline.sort_values("place", ignore_index=True)
        fill(graph.store, at)
        set_all(document, "clock", {"mode": "replay", "start": at.isoformat(), "speed": 0})
        deploy(graph.server, document)

        predictions = _ask(graph, flights)
        online = pd.DataFrame([one["features"]["values"] for one in predictions])
        assert set(online) == set(bundle.manifest.service.columns)
        for name in online:
            expected, got = offline[name], online[name].astype(offline[name].dtype)
            pd.testing.assert_series_equal(got, expected, check_exact=True, obj=f"{name} at {at}")
        answers[at] = np.array([one["outputs"]["late_probability"] for one in predictions])
        np.testing.assert_allclose(answers[at], _run(bundle, offline), atol=1e-5, rtol=0)
        assert answers[at].std() > 0.01

    assert sum(map(len, answers.values())) >= 2000
    for name, others in recorded.items():
        for at in INSTANTS:
            np.testing.assert_allclose(answers[at], others[at], atol=1e-6, rtol=0, err_msg=name)
    recorded[graph.name] = answers


def _ask(graph: Graph, flights: pd.DataFrame) -> list[dict[str, dict[str, float]]]:
    answer = httpx.post(
        f"{graph.server.url}/predict/batch?values=true",
        json={"instances": instances(flights)},
        timeout=30,
    )
    answer.raise_for_status()
    predictions: list[dict[str, dict[str, float]]] = answer.json()["predictions"]
    return predictions


def _run(bundle: Bundle, offline: pd.DataFrame) -> NDArray[np.float32]:
    inputs = preprocessor_of(bundle).transform(columns_of(offline))
    runtime = load(bundle, ModelOptions(device="cpu"))
    return runtime.run(TensorFrame(bundle.manifest.id, inputs))["late_probability"]
