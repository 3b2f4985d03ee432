"""The running graph as its clients meet it, whatever the layout, the door and the online store."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
import yaml

from benchmarks.config import set_all
from tests.integration.graph.conftest import Graph
from tests.support.flights import NOON, departures, instances
from tests.support.manifests import PROGRAM
from tests.support.serve import deploy
from tests.support.wait import wait_until
from training.flights.paths import DATA


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=30) as client:
        yield client


@pytest.fixture
def row() -> dict[str, Any]:
    return instances(departures(NOON, hours=2, count=1))[0]


def test_predict_answers_in_the_form_of_the_design(
    client: httpx.Client, graph: Graph, row: dict[str, Any]
) -> None:
    answer = client.post("/predict", json=row, headers={"X-Request-Id": "from-the-client"})
    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() == {"outputs", "model", "features", "request_id"}
    assert 0 < body["outputs"]["late_probability"] < 1
    assert body["model"] == {
        "name": "flight_delay",
        "version": (graph.models / "flight_delay" / "latest").read_text(),
    }
    assert body["features"]["status"] in ("fresh", "missing")
    assert body["features"]["views"]["origin_weather"]["status"] == "fresh"
    assert 0 <= body["features"]["views"]["origin_weather"]["age_s"] <= 3 * 3600
    assert body["request_id"] == "from-the-client"
    assert answer.headers.get_list("x-request-id") == ["from-the-client"]


def test_a_batch_answers_its_good_rows_and_names_the_bad_ones(
    client: httpx.Client, row: dict[str, Any]
) -> None:
    alone = client.post("/predict", json=row).json()
    bad = {**row, "scheduled_departure": "yesterday"}
    answer = client.post("/predict/batch", json={"instances": [row, bad, row]})
    assert answer.status_code == 200
    first, second, third = answer.json()["predictions"]
    assert first["outputs"] == third["outputs"] == pytest.approx(alone["outputs"], abs=1e-6)
    assert second["error"]["row"] == 1
    assert second["error"]["field"] == "scheduled_departure"


async def test_many_at_once_get_each_their_own_answer(url: str) -> None:
    rows = instances(departures(NOON, hours=24, count=300))
    # No more than Ray's Python proxy answers in half of its patience on a slow machine.
    few = httpx.Limits(max_connections=32)
    async with httpx.AsyncClient(base_url=url, timeout=30, limits=few) as client:
        together = await client.post("/predict/batch", json={"instances": rows})
        expected = [one["outputs"]["late_probability"] for one in together.json()["predictions"]]
        answers = await asyncio.gather(*(client.post("/predict", json=row) for row in rows))
    got = [answer.json()["outputs"]["late_probability"] for answer in answers]
    assert got == pytest.approx(expected, abs=1e-6)
    assert len(set(got)) > 200


def test_a_batch_larger_than_a_hop_is_split(client: httpx.Client, row: dict[str, Any]) -> None:
    answer = client.post("/predict/batch", json={"instances": [row] * 3000})
    assert answer.status_code == 200
    predictions = answer.json()["predictions"]
    assert len(predictions) == 3000
    assert len({one["outputs"]["late_probability"] for one in predictions}) == 1


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        pytest.param("/predict", b"{", 400, "malformed_json", id="malformed"),
        pytest.param("/predict", b'{"carrier": NaN}', 400, "malformed_json", id="nan"),
        pytest.param("/predict", b"{}", 422, "missing_field", id="missing"),
        pytest.param("/predict", b'{"x": 1}', 422, "unknown_field", id="unknown"),
        pytest.param("/predict", b'{"carrier": 1}', 422, "invalid_field", id="wrong-type"),
        pytest.param("/predict/batch", b'{"instances": []}', 422, "empty_batch", id="empty"),
        pytest.param(
            "/predict/batch",
            json.dumps({"instances": [{}] * 10_001}).encode(),
            413,
            "batch_too_large",
            id="too-many-rows",
        ),
        pytest.param("/predict", b" " * (8 * 2**20 + 1), 413, "body_too_large", id="too-large"),
        pytest.param("/nowhere", b"{}", 404, "not_found", id="no-route"),
        pytest.param("/health", b"{}", 405, "method_not_allowed", id="wrong-method"),
    ],
)
def test_bad_input_gets_the_one_error_body(
    client: httpx.Client, path: str, body: bytes, status: int, code: str
) -> None:
    answer = client.post(path, content=body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["message"]
    assert error["request_id"] == answer.headers["x-request-id"]


def test_a_request_may_say_how_long_it_will_wait(client: httpx.Client, row: dict[str, Any]) -> None:
    def asked(milliseconds: str) -> tuple[int, str | None]:
        answer = client.post("/predict", json=row, headers={"x-request-timeout-ms": milliseconds})
        return answer.status_code, answer.json().get("error", {}).get("code")

    assert asked("10000") == (200, None)
    assert asked("soon") == (422, "invalid_field")
    large = {"instances": [row] * 10_000}
    answer = client.post("/predict/batch", json=large, headers={"x-request-timeout-ms": "20"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (408, "timed_out")


def test_health_models_and_docs(client: httpx.Client, row: dict[str, Any]) -> None:
    for path in ("/health", "/health/live", "/health/ready"):
        assert client.get(path).json()["status"] == "ok"
    assert [one["active"] for one in client.get("/models").json()["models"]].count(True) == 1
    assert "swagger-ui" in client.get("/docs").text
    assert client.get("/docs/assets/swagger-ui-bundle.js").status_code == 200
    document = client.get("/openapi.json").json()
    example = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert example["example"].keys() == row.keys()
    assert client.post("/predict", json=example["example"]).status_code == 200


def test_what_is_pushed_is_served_without_a_restart(
    client: httpx.Client, graph: Graph, row: dict[str, Any]
) -> None:
    weather = pd.read_parquet(DATA / "origin_weather.parquet")
    observed = (
        weather[weather["origin"] == row["origin"]]
        .tail(1)
        .assign(temperature=np.float32(-40.0), event_timestamp=NOON - pd.Timedelta(minutes=1))
    )
    graph.store.push("origin_weather_live", observed)

    def features() -> dict[str, Any]:
        answer = client.post("/predict?values=true", json=row).json()
        found: dict[str, Any] = answer["features"]
        return found

    wait_until(
        lambda: features()["values"]["origin_weather__temperature"] == -40.0,
        "the pushed observation, once the row cache has let the one before go",
    )
    assert features()["views"]["origin_weather"] == {"status": "fresh", "age_s": 60.0}


def test_a_new_version_takes_over_and_a_broken_one_does_not(
    graph: Graph, row: dict[str, Any]
) -> None:
    home = graph.models / "flight_delay"
    latest = (home / "latest").read_text()
    for name in ("next", "broken"):
        shutil.copytree(home / latest, home / name)
        manifest = home / name / "manifest.json"
        manifest.write_text(manifest.read_text().replace(f'"{latest}"', f'"{name}"'))
    (home / "broken" / PROGRAM).write_bytes(b"not a program")
    document = yaml.safe_load(graph.server.config.read_text())

    def answers() -> list[dict[str, Any]]:
        doors = graph.server.url, graph.server.fast_lane
        return [httpx.post(f"{door}/predict", json=row, timeout=30).json() for door in doors]

    before, _ = answers()
    for version, served in [("next", "next"), ("broken", "next"), ("latest", latest)]:
        set_all(document, "version", version)
        deploy(graph.server, document)
        for answer in answers():
            assert answer["model"]["version"] == served
            assert answer["outputs"] == pytest.approx(before["outputs"], abs=1e-6)
        problem = httpx.get(f"{graph.server.url}/health", timeout=30).json()["problem"]
        assert ("broken" in problem) if version == "broken" else problem is None
