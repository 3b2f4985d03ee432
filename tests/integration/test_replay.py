"""`windsock replay` through the real graph: no request fails, nothing is locked, no skew."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.config import set_all
from deployments.bundle.bundle import BundleStore
from deployments.features import watermark
from deployments.frames import TensorFrame
from deployments.model.backends.load import load
from deployments.model.options import ModelOptions
from deployments.model_id import ModelId
from tests.support.cluster import Clusters
from tests.support.flights import shipped_store
from tests.support.preprocessing import preprocessor_of
from tests.support.redis import redis_server
from tests.support.serve import read_config, script
from training.bundling.columns import columns_of
from training.flights.dataset import join
from training.flights.paths import MODELS
from training.flights.replay import FIELDS, known_flights

DAY = "2013-12-17"
ASKS = 60


@contextmanager
def online(kind: str, folder: Path) -> Iterator[dict[str, str]]:
    if kind == "sqlite":
        yield {"type": "sqlite", "path": str(folder / "online_store.db")}
    else:
        with redis_server(folder) as port:
            yield {"type": "redis", "connection_string": f"localhost:{port}"}


@pytest.mark.parametrize(
    ("layout", "door", "kind"),
    [
        ("distributed", "haproxy", "sqlite"),
        pytest.param("collapsed", "proxy", "redis", marks=pytest.mark.long),
    ],
    ids=["sqlite", "redis"],
)
def test_a_morning_is_answered_as_the_offline_join_would_have_it(
    clusters: Clusters, tmp_path: Path, layout: str, door: str, kind: str
) -> None:
    clock = tmp_path / "replay.clock"
    with online(kind, tmp_path) as settings:
        store, yaml = shipped_store(tmp_path, settings)
        document = read_config(layout)
        args = document["applications"][0]["args"]
        args["feature_store"]["yaml"] = str(yaml)
        args["observability"] = {
            "replay": {"source": "training.flights.replay", "clock": str(clock)}
        }
        set_all(document, "max_replicas", 1)
        with clusters(door).serving(document, tmp_path) as server:
            first = replayed(server.config)
            stands = watermark.read(clock)
            again = replayed(server.config, "--repeat", "3")  # back in time, and more at once
            log = server.output()
            back = subprocess.run(
                [script("windsock"), "replay", str(server.config), "--rewind"], check=False
            )
        flights, offline = expected(store)

    assert back.returncode == 0
    assert not clock.exists()
    assert stands == flights["outcome_at"].max().timestamp()
    assert "database is locked" not in log
    brier = np.mean((offline - flights["late"]) ** 2)
    for told, requests in ((first, ASKS), (again, 3 * ASKS)):
        assert told["error"] is None
        assert told["requests"] == told["answered"] == requests
        assert told["errors"] == {}
        assert told["scored"] == ASKS
        assert told["scores"]["brier"] == pytest.approx(brier, abs=1e-5)


def replayed(config: Path, *options: str) -> dict[str, Any]:
    command = [script("windsock"), "replay", str(config), "--day", DAY, "--limit", str(ASKS)]
    run = subprocess.run(
        [*command, "--speed", "1e6", "--json", *options], capture_output=True, check=False
    )
    assert run.returncode == 0, run.stderr.decode()
    told: dict[str, Any] = json.loads(run.stdout)
    return told


def expected(store: Any) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """The first flights of the day, and what the model says of them by Feast's own join."""
    begin = pd.Timestamp(DAY, tz="America/New_York").tz_convert("UTC")
    flights = known_flights(begin, begin + pd.Timedelta(days=1))[:ASKS].reset_index(drop=True)
    bundle = BundleStore(MODELS).open(ModelId("flight_delay", "latest"))
    wanted = flights[[*FIELDS, "event_timestamp"]].assign(place=flights.index)
    offline = join(store, wanted).sort_values("place", ignore_index=True)
    inputs = preprocessor_of(bundle).transform(columns_of(offline))
    runtime = load(bundle, ModelOptions(device="cpu"))
    outputs = runtime.run(TensorFrame(bundle.manifest.id, inputs))
    return flights, outputs["late_probability"]
