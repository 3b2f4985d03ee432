"""Feast's quickstart, unmodified: each of its services from a bundle that the commands make."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import yaml
from feast import FeatureStore
from torch import Tensor
from typer.testing import CliRunner

from app.asgi import Application
from app.cli.main import cli
from app.config import DistributedSettings, GraphArgs
from app.serving.chain import Chain
from app.serving.dataplane import Dataplane
from deployments.bundle.bundle import LATEST, BundleStore
from deployments.features.lookup import FeatureLookup, open_store
from deployments.features.settings import LookupSettings
from deployments.model.stage import ModelStage
from deployments.preprocess.stage import Preprocessing
from deployments.stage.timed import timed
from tests.support.apart import apart
from tests.support.quickstart import NAME, Of, export, quickstart

ROWS = [
    {"driver_id": driver, "val_to_add": 10 * at, "val_to_add_2": -at}
    for at, driver in enumerate((1001, 1002, 1003, 1004, 1005))
]


@dataclass(frozen=True)
class Service:
    """One of the quickstart's, with a program over some of its numbers."""

    name: str
    columns: Sequence[str]
    program: Callable[[Tensor], Tensor | Mapping[str, Tensor]]


def _dictionary(numbers: Tensor) -> Mapping[str, Tensor]:
    return {"total": numbers.sum(1), "parts": numbers}


SERVICES = [
    Service(
        "driver_activity_v1",
        ("conv_rate", "conv_rate_plus_val1", "conv_rate_plus_val2"),
        lambda numbers: numbers.sum(1),
    ),
    Service(
        "driver_activity_v2",
        ("conv_rate", "acc_rate", "avg_daily_trips", "conv_rate_plus_val1", "conv_rate_plus_val2"),
        _dictionary,
    ),
    Service(
        "driver_activity_v3",
        ("conv_rate", "acc_rate", "avg_daily_trips", "conv_rate_plus_val1", "conv_rate_plus_val2"),
        lambda numbers: numbers,
    ),
]


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quickstart(tmp_path_factory.mktemp("quickstart"))


def windsock(*arguments: object) -> str:
    done = CliRunner(env={**apart(), "RAY_ADDRESS": None}).invoke(
        cli, [str(one) for one in arguments]
    )
    assert done.exit_code == 0, done.output
    return done.output


@asynccontextmanager
async def served(config: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The edge with the stages beside it, as a config file says."""
    (application,) = yaml.safe_load(config.read_text())["applications"]
    args = GraphArgs.model_validate(application["args"], context=config.parent)
    bundles = BundleStore(args.model.directory)
    store = partial(open_store, args.feature_store.repo, args.feature_store.yaml)
    chain = Chain(
        timed(FeatureLookup(store, bundles, LookupSettings()).lookup),
        timed(Preprocessing(bundles).transform),
        timed(ModelStage(bundles, args.model).predict),
    )
    dataplane = Dataplane(bundles, chain, args.model.name)
    await dataplane.activate(LATEST, DistributedSettings().batching)
    transport = httpx.ASGITransport(Application(dataplane, args))
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        yield client


async def _asked(config: Path) -> tuple[httpx.Response, dict[str, Any]]:
    """What it answers to all rows, and its document."""
    async with served(config) as client:
        answer = await client.post("/predict/batch?values=true", json={"instances": ROWS})
        document: dict[str, Any] = (await client.get("/openapi.json")).json()
        return answer, document


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_of_the_quickstart_is_served_from_what_the_commands_write(
    repo: Path, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    export(Of(service.program), tmp_path / "model.pt2", len(service.columns))
    windsock(
        *("init", "--name", NAME, "--feature-repo", repo, "--feature-service", service.name),
        *(
            "--program",
            "model.pt2",
            *([] if service.program is _dictionary else ["--output", "it"]),
        ),
    )
    assert len((tmp_path / "serve_config.yaml").read_text().splitlines()) <= 20
    windsock("bundle")
    assert "is sound" in windsock("check")

    answer, document = asyncio.run(_asked(tmp_path / "serve_config.yaml"))

    assert answer.status_code == 200, answer.text
    expected = _expected(repo, service)
    for row, prediction in zip(expected, answer.json()["predictions"], strict=True):
        outputs = prediction["outputs"]
        if service.name == "driver_activity_v1":
            np.testing.assert_allclose(outputs["it"], row.sum(), rtol=1e-5)
        elif service.program is _dictionary:
            np.testing.assert_allclose(outputs["total"], row.sum(), rtol=1e-5)
            np.testing.assert_allclose(outputs["parts"], row, rtol=1e-5)
        else:
            np.testing.assert_allclose(outputs["it"], row, rtol=1e-5)
        assert prediction["features"]["status"] == "fresh"
    example = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert example["example"]["driver_id"] in {row["driver_id"] for row in ROWS}


def _expected(repo: Path, service: Service) -> "np.ndarray[Any, Any]":
    """The numbers of each row, as Feast gives them online."""
    store = FeatureStore(repo_path=str(repo))
    found = store.get_online_features(
        features=store.get_feature_service(service.name), entity_rows=ROWS
    ).to_dict()
    return np.array([found[name] for name in service.columns], dtype=np.float64).T
