"""Two graphs, in one config file and on one machine: each answers for itself."""

import copy
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import yaml

from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from benchmarks.config import set_all
from tests.support.flights import NOON, departures, instances
from tests.support.oip import grpc_stub
from tests.support.serve import (
    FAST,
    Server,
    fast_lane_of,
    free_port,
    read_config,
    script,
    started,
)
from tests.support.wait import wait_until

UP = [script("windsock"), "up"]


@pytest.fixture
def document() -> dict[str, Any]:
    document = read_config("collapsed")
    set_all(document, "num_cpus", 0.5)
    set_all(document, "max_replicas", 1)
    return document


def _write(folder: Path, document: Mapping[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    config = folder / "serve_config.yaml"
    config.write_text(yaml.safe_dump(document))
    return config


def _up(server: Server) -> None:
    wait_until(lambda: "Ctrl-C stops" in server.output(), "the welcome", timeout_s=120)


def test_in_one_file(tmp_path: Path, document: dict[str, Any]) -> None:
    second = copy.deepcopy(document["applications"][0])
    second |= {"name": "second", "route_prefix": "/second"}
    second["args"]["limits"]["max_instances"] = 2
    second["args"]["fast_lane"]["port"] = free_port()
    document["applications"].append(second)
    config = _write(tmp_path, document)
    rows = instances(departures(NOON, 6, 3))

    with started([*UP, str(config)], config, FAST) as server:
        _up(server)
        assert f"{server.url}/second/docs" in server.output()
        firsts = [server.url, server.fast_lane]
        seconds = [f"{server.url}/second", fast_lane_of({"applications": [second]})]
        for url, status in [*((one, 200) for one in firsts), *((one, 413) for one in seconds)]:
            answer = httpx.post(f"{url}/predict/batch", json={"instances": rows}, timeout=30)
            assert answer.status_code == status, url
            assert httpx.post(f"{url}/predict", json=rows[0], timeout=30).is_success, url
        with grpc.insecure_channel(server.grpc) as channel:
            for name in ("windsock", "second"):
                ready = grpc_stub(channel).ServerReady(
                    pb.ServerReadyRequest(), timeout=10, metadata=[("application", name)]
                )
                assert ready.ready


def test_on_one_machine(tmp_path: Path, document: dict[str, Any]) -> None:
    config = _write(tmp_path / "first", document)
    doors = read_config("collapsed")
    other = copy.deepcopy(document) | {
        door: doors[door] for door in ("http_options", "grpc_options")
    }
    other["applications"][0]["args"]["fast_lane"]["port"] = free_port()
    other_config = _write(tmp_path / "second", other)

    with started([*UP, str(config)], config, FAST) as server:
        _up(server)
        with started([*UP, str(other_config)], other_config, FAST) as refused:
            wait_until(lambda: refused.process.poll() is not None, "the refusal", timeout_s=60)
            assert 'eval "$(windsock env --beside 12000)"' in refused.output()
        beside = subprocess.run(
            [script("windsock"), "env", "--beside", "31000", "--json"],
            capture_output=True,
            check=True,
        )
        environment = json.loads(beside.stdout)
        with started([*UP, str(other_config)], other_config, environment) as second:
            _up(second)
            assert httpx.get(f"{second.url}/health").json()["problem"] is None
            assert httpx.get(f"{server.url}/health").json()["problem"] is None
            assert second.url != server.url
