"""Clients that others wrote show a key as they show any header: tritonclient's, and KServe's."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from app.config import Limits
from app.protocols.oip.grpc import InferenceMethods
from app.protocols.oip.grpc_service import add_to_server
from app.serving.dataplane import Dataplane
from tests.support.fast_lane import serving
from tests.support.guarded import Guarded
from tests.support.manifests import EXAMPLE
from tests.support.oip import DATATYPES, Door
from tests.support.serve import ROOT

_ENVIRONMENT = ROOT / ".venv-clients" / "bin"
_SCRIPTS = ROOT / "tests" / "clients"

pytestmark = pytest.mark.skipif(
    not (_ENVIRONMENT / "python").exists(), reason="their environment is missing: `make clients`"
)


@pytest.fixture
async def grpc_address(service: Guarded, dataplane: Dataplane) -> AsyncIterator[str]:
    server = grpc.aio.server()
    add_to_server(Door(InferenceMethods(dataplane, Limits(), service.app.handle)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(None)


async def run(script: str, path: Path, asked: dict[str, Any]) -> Any:
    done = await asyncio.to_thread(
        subprocess.run,
        [_ENVIRONMENT / "python", _SCRIPTS / script],
        input=json.dumps(asked),
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(path)},
    )
    assert not done.returncode, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("script", "kind", "ways"), [("keyed_triton.py", "key", 4), ("keyed_kserve.py", "token", 2)]
)
async def test_theirs_send_it_in_headers_and_metadata(
    service: Guarded, grpc_address: str, script: str, kind: str, ways: int
) -> None:
    inputs = [{"name": name, "datatype": datatype} for name, datatype in DATATYPES.items()]
    async with serving(service.app, linger_s=0) as fast_lane:
        asked = {
            "http": f"127.0.0.1:{fast_lane.port}",
            "grpc": grpc_address,
            "model": "parcels",
            "key": service.good[kind].removeprefix("Bearer "),
            "rows": [EXAMPLE] * 3,
            "inputs": inputs,
            "output": "late",
        }
        found = await run(script, _SCRIPTS, asked)

    assert len(found) == ways
    for way, (with_key, without) in found.items():
        unknown = "StatusCode.UNAUTHENTICATED" if "grpc" in way else "401"
        assert (with_key, without) == (3, unknown), way
