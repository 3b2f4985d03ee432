"""`windsock up` on IPv6 hosts, in an environment whose proxies reach nothing."""

import subprocess
from pathlib import Path

import grpc
import httpx
import pytest
import yaml

from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from tests.support.oip import grpc_stub
from tests.support.serve import FAST, read_config, script, started
from tests.support.wait import wait_until

_OFFICE = {
    "HTTP_PROXY": "http://192.0.2.1:9",
    "http_proxy": "http://192.0.2.1:9",  # which gRPC heeds, too
    "ALL_PROXY": "socks5://192.0.2.1:9",
    "NO_PROXY": "fd00::/8",
}


@pytest.mark.parametrize(
    ("layout", "host", "asked"),
    [("distributed", "::", ["127.0.0.1", "[::1]"]), ("collapsed", "::1", ["[::1]"])],
)
def test_every_door_answers(tmp_path: Path, layout: str, host: str, asked: list[str]) -> None:
    document = read_config(layout)
    document["http_options"]["host"] = host
    fast_lane = document["applications"][0]["args"]["fast_lane"]
    fast_lane["host"] = host
    config = tmp_path / "serve_config.yaml"
    config.write_text(yaml.safe_dump(document))
    ports = [document["http_options"]["port"], fast_lane["port"]]
    up = [script("windsock"), "up", str(config)]

    with started(up, config, {**FAST, **_OFFICE}) as server:
        wait_until(lambda: "Ctrl-C stops" in server.output(), "the welcome", timeout_s=90)
        output = server.output()
        assert f"http://[::1]:{ports[0]}/docs" in output
        command = next(line for line in output.splitlines() if "curl " in line)
        command = command[command.index("curl ") :]
        answer = subprocess.run(
            command.replace("curl", "curl --noproxy '*'"),
            shell=True,
            check=True,
            capture_output=True,
            text=True,
        )
        assert '"outputs"' in answer.stdout
        with httpx.Client(trust_env=False) as client:
            for address in (f"{one}:{port}" for one in asked for port in ports):
                assert client.get(f"http://{address}/health").json()["status"] == "ok", address
        for one in asked:
            address = f"{one}:{document['grpc_options']['port']}"
            with grpc.insecure_channel(address, [("grpc.enable_http_proxy", 0)]) as channel:
                ready = grpc_stub(channel).ServerReady(pb.ServerReadyRequest(), timeout=10)
                assert ready.ready
